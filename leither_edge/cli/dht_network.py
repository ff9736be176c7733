"""Which network of nodes is meant: options of a command, what ``leither dht join`` remembered, nodes met before."""

import argparse
import re
from collections import namedtuple

from leither_edge.cli.failure import Failure, UsageError

NETWORK_HEX = re.compile(r"[0-9a-fA-F]{16}")
HOST_CHARS_MAX = 253
FILE, MET_FILE = "dht.json", "dht-met.json"
MET_MAX, NETWORKS_MAX = 64, 16
PUBLIC = "public"

# id: 8 bytes of a closed network, or None for the public one. bootstrap: [(host, port)]; mainline: enter by the public network's own
# doors, too; lan: look for nodes on the local network, too.
Network = namedtuple("Network", "id bootstrap mainline lan")


def add_network_options(parser):
    """Add the options by which a command is told another network than the one that was joined."""
    parser.add_argument(
        "--bootstrap", action="append", type=bootstrap_address, metavar="HOST:PORT",
        help="a node to enter the network by, instead of those remembered (may be repeated)",
    )  # fmt: skip
    parser.add_argument(
        "--network", type=network_id, metavar="HEX", help=f"a closed network, by its id of 16 hexadecimal digits, or the word {PUBLIC}"
    )
    parser.add_argument("--mainline", action="store_true", help="the public network of BitTorrent")
    parser.add_argument("--lan", action="store_true", help="find the nodes of this house (or, with --network, those of it that are here)")
    return parser


def bootstrap_address(text):
    """(host, port) of ``HOST:PORT`` or ``[IPV6]:PORT``."""
    host, _, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        host = ""
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        raise argparse.ArgumentTypeError(f"“{text[:80]}” names no port: write it like 192.168.1.20:8041 or [fd00::1]:8041")
    if not 0 < len(host) <= HOST_CHARS_MAX or any(char.isspace() or not char.isprintable() for char in host):
        raise argparse.ArgumentTypeError(f"“{text[:80]}” is not the address of a node: write it like 192.168.1.20:8041 or [fd00::1]:8041")
    return host, int(port)


def network_id(text):
    """The 8 bytes of a closed network's id; none of them for the word public."""
    if text == PUBLIC:
        return b""
    if not NETWORK_HEX.fullmatch(text):
        raise argparse.ArgumentTypeError("the id of a network has 16 hexadecimal digits")
    return bytes.fromhex(text)


def address_text(host, port):
    """An address as it is typed."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def chosen(home, args):
    """The Network of a command line, else the one that was joined. A Failure where there is neither."""
    told = told_by(args)
    known = None if told and told.id is not None else remembered(home)
    if told is None and known is None:
        raise Failure(
            "This computer has joined no network of nodes yet.", "A network is entered by the address of one of its nodes.",
            "Join that of your devices, in this house: leither dht join --lan\n"
            "Elsewhere, by the address of one: leither dht join HOST:PORT\nOr the public one: leither dht join --mainline",
            code="no-network",
        )  # fmt: skip
    if told is None:
        return known
    # A door alone leads into the network that was joined.
    id = told.id if told.id is not None else known and known.id
    doors = told if told.bootstrap or told.mainline or told.lan else known or remembered(home)
    if doors is None:
        raise UsageError(f"No node of {described(told)} is known.", fix="Name one: --bootstrap HOST:PORT", code="no-network")
    return doors._replace(id=id or None)


def told_by(args):
    """The Network that a command line names, its id None where it names none; None where it says nothing at all."""
    bootstrap, id = getattr(args, "bootstrap", None) or [], getattr(args, "network", None)
    mainline, lan = getattr(args, "mainline", False), getattr(args, "lan", False)
    if mainline and lan:
        raise UsageError("--mainline and --lan exclude each other.", "Nodes of one house have a network of their own.")
    if mainline and id:
        raise UsageError("--mainline and the id of a closed network exclude each other.", "The public network has no id.")
    if not (bootstrap or mainline or lan or id is not None):
        return None
    if lan and id is None:
        from leither_edge.dht.settings import LAN

        id = LAN
    return Network(b"" if mainline else id, bootstrap, mainline, lan)


def remembered(home):
    """The Network that was joined, or None."""
    content = home.read_json(FILE)
    if content is None:
        return None
    try:
        id = network_id(content["network"] or PUBLIC) or None
        doors = [bootstrap_address(text) for text in content["bootstrap"]]
        return Network(id, doors, content["mainline"] is True, content["lan"] is True)
    except (KeyError, TypeError, AttributeError, argparse.ArgumentTypeError) as error:
        raise Failure(
            f"{home.path(FILE)} is damaged.", str(error), "Join anew: leither dht join HOST:PORT, after leither dht leave", code="damaged"
        ) from None


def remember(home, network):
    """Keep a Network as the one that commands use."""
    doors = [address_text(*door) for door in network.bootstrap]
    id = network.id.hex() if network.id else None
    home.write_json({"network": id, "bootstrap": doors, "mainline": network.mainline, "lan": network.lan}, FILE)


def met(home, network):
    """[(host, port)] of nodes that answered in this network before, newest first."""
    found = []
    try:
        kept = (home.read_json(MET_FILE) or {}).get(_name(network))
    except Failure:
        # Only a cache.
        kept = None
    for text in kept if isinstance(kept, list) else ():
        try:
            found.append(bootstrap_address(text))
        except (TypeError, AttributeError, argparse.ArgumentTypeError):
            continue
    return found[:MET_MAX]


def remember_met(home, network, addresses):
    """Keep who answered; addresses: [(host, port)], newest first."""
    with home.locked("dht"):
        try:
            content = home.read_json(MET_FILE) or {}
        except Failure:
            content = {}
        old = content.pop(_name(network), [])
        texts = [address_text(*address) for address in addresses]
        merged = list(dict.fromkeys([*texts, *(text for text in old if isinstance(text, str))]))[:MET_MAX]
        # The last in order is the last used.
        content = {**dict(list(content.items())[1 - NETWORKS_MAX :]), _name(network): merged}
        home.write_json(content, MET_FILE)


def _name(network):
    return network.id.hex() if network.id else PUBLIC


def described(network):
    """A network in words."""
    from leither_edge.dht.settings import LAN

    if network.id == LAN:
        return "the network of this house"
    return f"the closed network {network.id.hex()}" if network.id else "the public network"
