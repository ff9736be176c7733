"""The words of ``leither peer``."""

import argparse

from leither_edge.cli.mimei_grammar import places, whole_number

# Of work that nobody waits for at a terminal: a node that is off, and a tunnel that is built, answer within it.
TIMEOUT_S = 60
INVITE_MINUTES, INVITE_MAX_MINUTES = 10, 60
KEPT, WHO, DOING = "NODES YOU KNOW", "MEETING", "LETTING IN"
PEER = "a node: its name here, its id or the beginning of it, its public key, or its address"
ROLES = ("share", "search", "backup", "tunnel")


def add_peer(top, common):
    """Add ``leither peer``.

    Args:
        top: Parser of ``leither``.
        common: function that adds the options every command has.
    """
    peer = top.command(
        "peer", "Know other people's nodes, and let friends in.", group="TOGETHER",
        details=[
            "A peer is another node. One that you know is reached by its key, wherever it is; a friend may also share content with you, "
            "ask you when he searches, and keep a sealed backup here.",
            "It works on the store of this computer, or on a running node with --node.",
        ],
        examples=[
            ("you, and your friend at his computer", "leither peer invite"),
            ("", "leither peer accept K7QX-2MPA-9RTD --name ben"),
            ("then", "leither mimei share notes ben"),
            ("is he there?", "leither peer ping ben"),
        ],
    )  # fmt: skip
    common(peer)

    def ended(parser, is_asking=False, timeout=TIMEOUT_S):
        places(parser)
        if is_asking:
            network(parser)
        common(parser, timeout=timeout)

    def fill():
        _known(peer, ended)
        _meeting(peer, ended)

    peer.later = fill


def network(parser):
    """Add the options that say by which network of nodes others are found."""
    from leither_edge.cli.dht_network import add_network_options

    add_network_options(parser)


def peer_argument(parser, name="peer", **more):
    """Add the argument that names a node."""
    parser.add_argument(name, metavar="PEER", help=PEER, **more)


def _known(peer, ended):
    ls = peer.command(
        "list", "List the nodes you know.", run="peer:list_peers", group=KEPT,
        examples=[("", "leither peer list"), ("those of a device", "leither peer list --node attic")],
    )  # fmt: skip
    ended(ls)
    add = peer.command(
        "add", "Enter a node into the address book.", run="peer:add", group=KEPT,
        details=["By an address alone it is asked for its key: compare the id with what its owner says."],
        examples=[
            ("", "leither peer add 192.0.2.7:8042 --name ben"),
            ("its key is known", "leither peer add PUBLICKEY 192.0.2.7:8042 --name ben --friend"),
        ],
    )  # fmt: skip
    peer_argument(add)
    add.add_argument("address", nargs="*", metavar="ADDRESS", help="where it is, such as 192.0.2.7:8042 or via:RELAY (looked for)")
    add.add_argument("--name", metavar="NAME", default="", help="your name for it")
    add.add_argument("--friend", action="store_true", help="a friend's: may share, search, back up")
    ended(add, True)
    change = peer.command(
        "set", "Change what you know of a node.", run="peer:set_peer", group=KEPT,
        details=["What friends may do here: share content with you, search, keep backups, go through your tunnel."],
        examples=[
            ("", "leither peer set ben --friend"), ("", "leither peer set ben --may share,search"),
            ("", "leither peer set ben --name Ben --address 192.0.2.7:8042"),
        ],
    )  # fmt: skip
    peer_argument(change)
    change.add_argument("--name", metavar="NAME", help="your name for it")
    change.add_argument("--friend", action=argparse.BooleanOptionalAction, help="whether it is a friend's")
    change.add_argument("--may", type=roles, metavar="WHAT", help=f"what a friend may do: {', '.join(ROLES)}; none")
    change.add_argument("--address", action="append", metavar="ADDRESS", help="where it is, in place of what is known (may be repeated)")
    ended(change)
    remove = peer.command(
        "remove", "Forget a node, and what it keeps here.", run="peer:remove", group=KEPT, examples=[("", "leither peer remove ben")],
    )  # fmt: skip
    peer_argument(remove)
    remove.add_argument("--yes", action="store_true", help="do not ask")
    ended(remove)
    stat = peer.command(
        "stat", "Show what passed between you and a node, or all.", run="peer:stat", group=KEPT,
        examples=[("", "leither peer stat"), ("", "leither peer stat ben --json")],
    )  # fmt: skip
    peer_argument(stat, nargs="?")
    ended(stat)


def _meeting(peer, ended):
    invite = peer.command(
        "invite", "Invite a friend with a short code, a link, or a QR code.", run="peer:invite", group=WHO,
        details=[
            "Tell the code by voice, or send the link. It is good once and for some minutes, and both sides prove that they know it. "
            "Without --node, this command waits until your friend has come.",
        ],
        examples=[
            ("", "leither peer invite"), ("what to call who comes", "leither peer invite --name ben --minutes 30"),
            ("for a node that runs all the time", "leither peer invite --node attic"),
        ],
    )  # fmt: skip
    invite.add_argument("--name", metavar="NAME", default="", help="your name for your friend's node (its own)")
    invite.add_argument(
        "--minutes", type=minutes, default=INVITE_MINUTES, metavar="N", help=f"how long it is good ({INVITE_MINUTES})"
    )  # fmt: skip
    _called(invite)
    invite.add_argument("--port", type=whole_number(), default=0, metavar="PORT", help="TCP port to wait on (a free one)")
    ended(invite, True, 0)
    accept = peer.command(
        "accept", "Take up an invitation.", run="peer:accept", group=WHO,
        examples=[
            ("a code you were told", "leither peer accept K7QX-2MPA-9RTD --name ben"),
            ("a link, or what the QR code says", "leither peer accept leither:peer/..."),
        ],
    )  # fmt: skip
    accept.add_argument("invitation", metavar="CODE", help="the code or the link")
    accept.add_argument("--name", metavar="NAME", default="", help="your name for your friend's node (its own)")
    _called(accept)
    ended(accept, True)
    ping = peer.command(
        "ping", "Ask a node for a sign of life.", run="peer:ping", group=WHO,
        details=["Exit code 4 says that it could not be reached."],
        examples=[("", "leither peer ping ben"), ("", "leither peer ping 192.0.2.7:8042 -c 10")],
    )  # fmt: skip
    peer_argument(ping)
    ping.add_argument("-c", "--count", type=whole_number(1), default=4, metavar="N", help="how often (4)")
    ended(ping, True)
    for word, summary in (
        ("block", "Shut a node out, at once."), ("unblock", "Let a node in again, as one that is known."),
    ):  # fmt: skip
        one = peer.command(word, summary, run=f"peer:{word}", group=DOING, examples=[("", f"leither peer {word} ben")])
        peer_argument(one)
        ended(one)


def _called(parser):
    parser.add_argument("--as", dest="called", metavar="NAME", help="what your friend's node is to call yours (he chooses)")


def minutes(text):
    """The type of how long an invitation is good."""
    value = whole_number(1)(text)
    if value > INVITE_MAX_MINUTES:
        raise argparse.ArgumentTypeError(f"at most {INVITE_MAX_MINUTES} minutes: a short code is guessed in time")
    return value


def roles(text):
    """The type of what a friend may do: words with commas."""
    words = [word for word in text.split(",") if word and word != "none"]
    if any(word not in ROLES for word in words) or not text:
        raise argparse.ArgumentTypeError(f"of these, with commas: {', '.join(ROLES)}; or none")
    return words
