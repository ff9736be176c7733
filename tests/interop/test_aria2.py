"""aria2 finds a peer that we announced, and we find aria2."""

import hashlib
import socket
import struct
import subprocess
import time

import pytest

from leither_edge.dht import compact
from tests.dht_nodes import Nodes

pytestmark = pytest.mark.interop
PLACE = "127.52.1.1"
WAIT_S = 60
# aria2's own file of nodes: two magic bytes, the format, the version.
KNOWN_HEAD = bytes((0xA1, 0xA2, 2, 0, 0, 0, 0, 3))
# It tries ports of the range until one is free.
PORTS = "26881-26999"


def known_nodes(nodes):
    """aria2's file of the nodes it met the last time, without which it looks around for ten seconds before it looks for peers."""
    rows = []
    for (host, port), dht in zip(nodes.addresses, nodes.dhts, strict=True):
        id = bytes.fromhex(dht.stat()["ipv4"]["id"])
        rows.append(struct.pack("!B7x6s18x20s4x", 6, compact.pack(host, port), id))
    return KNOWN_HEAD + struct.pack("!Q8x20s4xI4x", int(time.time()), bytes(range(20)), len(rows)) + b"".join(rows)


@pytest.fixture
def aria2(tmp_path):
    """Function that starts aria2 in search of an info hash, with Nodes that it knows."""
    running = []

    def start(info_hash, nodes):
        (tmp_path / "dht.dat").write_bytes(known_nodes(nodes))
        door = nodes.addresses[0]
        words = {
            "enable-dht": "true", "dht-entry-point": f"{door[0]}:{door[1]}", "interface": PLACE, "disable-ipv6": "true",
            "bt-enable-lpd": "false", "enable-peer-exchange": "false", "dht-listen-port": PORTS, "listen-port": PORTS,
            "dht-file-path": tmp_path / "dht.dat", "dir": tmp_path, "stop": WAIT_S, "quiet": "true",
        }  # fmt: skip
        command = ["aria2c", "--no-conf", *(f"--{name}={value}" for name, value in words.items()), f"magnet:?xt=urn:btih:{info_hash.hex()}"]
        running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))

    yield start
    for process in running:
        process.kill()
        process.wait()


def test_aria2_finds_whom_we_announced_and_we_find_aria2(aria2):
    info_hash = hashlib.sha1(b"looked for by aria2").digest()
    with Nodes([(f"127.51.{number}.1",) for number in (1, 2, 3)]) as nodes:
        provider = nodes.addresses[1][0]
        with socket.create_server((provider, 0)) as listener:
            listener.settimeout(WAIT_S)
            assert nodes.ask("announce", info_hash, listener.getsockname()[1], node=1).stored >= 1
            aria2(info_hash, nodes)
            # Nothing but our announcement tells of this port; whoever calls has read it.
            connection, (host, _) = listener.accept()
            connection.close()
        assert host == PLACE
        end = time.monotonic() + WAIT_S
        while not any(host == PLACE for host, _ in nodes.ask("peers", info_hash, node=2).value):
            assert time.monotonic() < end, "aria2 has announced itself to nobody"
            time.sleep(0.2)
