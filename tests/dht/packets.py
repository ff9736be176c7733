"""Datagrams of another program's DHT node, as they came (vectors/libtorrent_packets.txt)."""

import pathlib

FILE = pathlib.Path(__file__).parent / "vectors" / "libtorrent_packets.txt"


def recorded():
    """{what it is: its bytes}"""
    lines = [line for line in FILE.read_text().splitlines() if not line.startswith("#")]
    return {name: bytes.fromhex(text) for name, _, text in (line.partition(": ") for line in lines)}
