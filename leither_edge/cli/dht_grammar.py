"""The words of ``leither dht``."""

import argparse

from leither_edge.cli.dht_network import add_network_options, bootstrap_address

TIMEOUT_S = 60
VALUES, PROVIDERS, NETWORK = "VALUES", "PROVIDERS", "THE NETWORK ITSELF"
WHAT = "a hash (40 hexadecimal digits), a public key, or a name of your keys"


def add_dht(top, common):
    """Add ``leither dht``.

    Args:
        top: Parser of ``leither``.
        common: function that adds the options every command has.
    """
    dht = top.command(
        "dht", "Store and find small things in a network of nodes, with no server.", group="TOGETHER",
        details=[
            "The network is BitTorrent's public one, or a closed one of your own nodes. Whatever lies in it is public, at most 1,000 "
            "bytes, and forgotten after two hours unless somebody renews it.",
            "A signed value can be replaced by the holder of its key alone.",
        ],
        examples=[
            ("enter the network of the devices in this house", "leither dht join --lan"),
            ("store a text under its own hash", "leither dht put 'hello world'"),
            ("", "leither dht get HASH"),
            ("a signed one, that can be replaced", "leither dht put 'see you at nine' --key owner --salt meeting"),
            ("", "leither dht get owner --salt meeting"),
        ],
    )  # fmt: skip
    common(dht)
    _add_values(dht, common)
    _add_providers(dht, common)
    _add_network(dht, common)


def _asking(parser, common, nodes=True):
    if nodes:
        parser.add_argument("--nodes", action="store_true", help="show what each node did")
    add_network_options(parser)
    common(parser, timeout=TIMEOUT_S)


def _number(low, high):
    def read(text):
        value = int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else -1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"a whole number from {low} to {high} is wanted")
        return value

    return read


def _add_values(dht, common):
    put = dht.command(
        "put", "Store a value.", run="dht:put", group=VALUES,
        details=[
            "Without --key it is found by its hash and never changes. With --key it is found by that key, and replaces the one before."
        ],
        examples=[
            ("", "leither dht put 'hello world'"),
            ("from a file, or - for standard input", "leither dht put --file notice.bin"),
            ("signed; several under one key by their salts", "leither dht put 'open until six' --key owner --salt hours"),
            ("only if nobody changed it since sequence 7", "leither dht put 'closed' --key owner --salt hours --cas 7"),
        ],
    )  # fmt: skip
    put.add_argument("value", nargs="?", metavar="TEXT", help="the value")
    put.add_argument("--file", metavar="FILE", help="read the value from a file, - for standard input")
    put.add_argument("--bencoded", action="store_true", help="the value is bencoded already: a list, a number, a table")
    put.add_argument("--key", metavar="KEY", help="sign it with this key: a name or a file")
    put.add_argument("--passphrase-file", metavar="FILE", help="passphrase of the key")
    _salt(put)
    put.add_argument("--seq", type=_number(0, (1 << 63) - 1), metavar="N", help="its sequence number (one more than the newest found)")
    put.add_argument("--cas", type=_number(0, (1 << 63) - 1), metavar="N", help="store it only where the newest has this sequence number")
    _asking(put, common)
    get = dht.command(
        "get", "Fetch a value.", run="dht:get", group=VALUES,
        details=["Of a signed value, the newest that any of the nodes asked has."],
        examples=[
            ("", "leither dht get 0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33"),
            ("", "leither dht get owner --salt hours"),
            ("what each node answered", "leither dht get owner --nodes"),
            ("into a file", "leither dht get HASH --out notice.bin"),
        ],
    )  # fmt: skip
    get.add_argument("what", metavar="WHAT", help=WHAT)
    _salt(get)
    get.add_argument("--out", metavar="FILE", help="write the value to a file")
    _asking(get, common)


def _salt(parser):
    parser.add_argument("--salt", metavar="TEXT", help="which of the key's values (hex:00ff for bytes)")


def _add_providers(dht, common):
    announce = dht.command(
        "announce", "Tell that this computer has something.", run="dht:announce", group=PROVIDERS,
        details=["It is told once, and forgotten after half an hour."],
        examples=[("", "leither dht announce --tag music --port 8040"), ("", "leither dht announce INFOHASH --port 6881")],
    )  # fmt: skip
    _what(announce)
    announce.add_argument("--port", type=_number(1, 65535), required=True, metavar="PORT", help="where this computer answers")
    _asking(announce, common)
    peers = dht.command(
        "peers", "List who has something.", run="dht:peers", group=PROVIDERS,
        examples=[("", "leither dht peers --tag music"), ("", "leither dht peers INFOHASH --json")],
    )  # fmt: skip
    _what(peers)
    _asking(peers, common)


def _what(parser):
    parser.add_argument("what", nargs="?", metavar="INFOHASH", help="40 hexadecimal digits")
    parser.add_argument("--tag", metavar="NAME", help="a tag, instead of an info hash")


def _add_network(dht, common):
    join = dht.command(
        "join", "Enter a network, and remember it for the other commands.", run="dht:join", group=NETWORK,
        details=[
            "An address is that of any node of it: one of your devices (port 8041), or one that somebody told you. "
            "Nodes met later are remembered, too.",
            "A closed network has an id that all its nodes were given; nodes of others never answer there.",
        ],
        examples=[
            ("that of the devices in this house, which are found by themselves", "leither dht join --lan"),
            ("by the address of a device", "leither dht join 192.168.1.20:8041"),
            ("a closed one", "leither dht join node.example:8041 --network 00112233aabbccdd"),
            ("the public one", "leither dht join --mainline"),
        ],
    )  # fmt: skip
    join.add_argument("door", nargs="*", type=bootstrap_address, metavar="HOST:PORT", help="address of a node")
    _asking(join, common, nodes=False)
    leave = dht.command(
        "leave", "Forget the network that was joined.", run="dht:leave", group=NETWORK, examples=[("", "leither dht leave")]
    )
    common(leave)
    lookup = dht.command(
        "lookup", "Find the nodes closest to a target.", run="dht:lookup", group=NETWORK,
        examples=[("", "leither dht lookup 0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33"), ("", "leither dht lookup owner --nodes")],
    )  # fmt: skip
    lookup.add_argument("what", metavar="WHAT", help=WHAT)
    _asking(lookup, common)
    stat = dht.command(
        "stat", "Show the network as this computer sees it.", run="dht:stat", group=NETWORK,
        examples=[("", "leither dht stat"), ("another one", "leither dht stat --bootstrap 192.168.1.20:8041 --json")],
    )  # fmt: skip
    _asking(stat, common, nodes=False)
