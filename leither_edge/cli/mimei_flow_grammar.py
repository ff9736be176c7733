"""The words of ``leither mimei`` by which content goes between nodes.

Args of the functions: mimei (Parser), ended (adds what every command has, with where it works).
"""

import argparse

from leither_edge.cli.mimei_grammar import MIMEI, mimei_argument, whole_number
from leither_edge.cli.peer_grammar import PEER, network, peer_argument

BETWEEN, BACKUPS = "BETWEEN NODES", "BACKUPS"
WHAT = f"{MIMEI}, or its link, leither:..."
FROM = "from there: a peer, a gateway (http://...), or a CAR file (may be repeated; else providers are looked for)"
SEARCH_S = 5


def add_between(mimei, ended):
    """Add what goes from node to node."""

    def asking(parser):
        network(parser)
        ended(parser)

    publish = mimei.command(
        "publish", "Let everybody who has its link find the newest version.", run="mimei_flow:publish", group=BETWEEN,
        details=["Only a pointer goes into the DHT, under your key. Who may read what it points to, the rights say. Prints the link."],
        examples=[("", "leither mimei publish notes"), ("", "leither mimei publish notes --node attic")],
    )  # fmt: skip
    mimei_argument(publish)
    asking(publish)
    provide = mimei.command(
        "provide", "Tell the DHT that this node serves it.", run="mimei_flow:provide", group=BETWEEN,
        details=["A running node says so again and again; from this computer's own store it is said once, for some minutes."],
        examples=[("", "leither mimei provide notes --node attic"), ("", "leither mimei provide notes --stop --node attic")],
    )  # fmt: skip
    mimei_argument(provide)
    provide.add_argument("--stop", action="store_true", help="no longer")
    asking(provide)
    find = mimei.command(
        "findprovs", "Find nodes that serve it.", run="mimei_flow:findprovs", group=BETWEEN,
        examples=[("", "leither mimei findprovs notes"), ("", "leither mimei findprovs leither:... --json")],
    )  # fmt: skip
    find.add_argument("mimei", metavar="WHAT", help=WHAT)
    find.add_argument("--seconds", type=whole_number(1), default=20, metavar="N", help="look so long at most (20)")
    asking(find)
    sync = mimei.command(
        "sync", "Fetch the newest version, only what is missing.", run="mimei_flow:sync", group=BETWEEN,
        details=[
            "From several providers at once, each block checked. Stopped and called again, it goes on where it stopped.",
            "Where both sides went on from one version, nothing changes unless you say how: leither mimei compare shows what each has.",
        ],
        examples=[
            ("", "leither mimei sync leither:..."), ("from a friend", "leither mimei sync notes --from ben"),
            ("from any node's gateway, or a file", "leither mimei sync notes --from http://192.0.2.7:8040 --from notes.car"),
        ],
    )  # fmt: skip
    _what_from(sync)
    sync.add_argument("--follow", action="store_true", help="and each new version from now on")
    sync.add_argument(
        "--sealed", action="store_true", help="from a node that holds it sealed, opened by your key here (your own store does so by itself)"
    )  # fmt: skip
    sync.add_argument("--all", action="store_true", help="every version since the one that is here, not the newest alone")
    sync.add_argument(
        "--on-fork", choices=("refuse", "fork", "replace"), default="refuse", metavar="WHAT",
        help="where both sides went on: refuse (as it is), fork (take theirs, keep yours as a MiMei of its own), replace (yours goes)",
    )  # fmt: skip
    asking(sync)
    follow = mimei.command(
        "follow", "Fetch each new version as it appears; without a name, list what is followed.", run="mimei_flow:follow", group=BETWEEN,
        details=["A running node gets it within seconds of the backup."],
        examples=[
            ("", "leither mimei follow leither:... --node attic"), ("", "leither mimei follow notes --stop --node attic"),
            ("", "leither mimei follow"),
        ],
    )  # fmt: skip
    follow.add_argument("mimei", nargs="?", metavar="WHAT", help=WHAT)
    follow.add_argument("--from", dest="providers", action="append", default=[], metavar="FROM", help=FROM)
    follow.add_argument("--stop", action="store_true", help="no longer; what was fetched stays")
    asking(follow)
    share = mimei.command(
        "share", "Share with a friend; without names, list what is shared and offered.", run="mimei_flow:share", group=BETWEEN,
        details=[
            "Your friend may read it; his node is offered it and follows it from then on. On nodes of others it is sealed.",
        ],
        examples=[
            ("", "leither mimei share notes ben"), ("he may also write", "leither mimei share notes ben --right read,list,write"),
            ("what was offered to you", "leither mimei share"), ("", "leither mimei share --accept leither:..."),
        ],
    )  # fmt: skip
    share.add_argument("mimei", nargs="?", metavar="ID", help=MIMEI)
    share.add_argument("peer", nargs="?", metavar="PEER", help=PEER)
    share.add_argument("--reader", metavar="USERID", default="", help="who reads it there, by his id (the node's owner)")
    share.add_argument("--right", metavar="RIGHTS", help="what he may do, as in leither mimei rights (what members may)")
    share.add_argument("--accept", metavar="WHAT", help="take what was offered: its id or link")
    asking(share)
    unshare = mimei.command(
        "unshare", "Share it no longer.", run="mimei_flow:unshare", group=BETWEEN,
        details=["From the next version on. What a friend has fetched already, he has."],
        examples=[("", "leither mimei unshare notes ben")],
    )  # fmt: skip
    mimei_argument(unshare)
    peer_argument(unshare)
    asking(unshare)
    compare = mimei.command(
        "compare", "Show what you and others have of it, before anything is changed.", run="mimei_flow:compare", group=BETWEEN,
        details=["Versions that only you have, that only others have, and those where both went on from the same one: a fork."],
        examples=[("", "leither mimei compare notes"), ("", "leither mimei compare notes --from ben")],
    )  # fmt: skip
    _what_from(compare)
    asking(compare)
    jobs = mimei.command(
        "jobs", "Show or stop long work of a running node.", run="mimei_flow:jobs", group=BETWEEN,
        details=["What was begun with --node goes on there when this command is stopped; by its id it is watched again."],
        examples=[("", "leither mimei jobs --node attic"), ("", "leither mimei jobs JOB --stop --node attic")],
    )  # fmt: skip
    jobs.add_argument("job", nargs="?", metavar="JOB", help="watch this one until it ends")
    jobs.add_argument("--stop", action="store_true", help="stop it")
    ended(jobs)


def add_backups(mimei, ended):
    """Add what keeps a node's content on another's."""

    def asking(parser):
        network(parser)
        ended(parser)

    backup = mimei.command(
        "backup-to", "Keep a sealed backup of all on a friend's node; without a name, show how backups are.", run="mimei_backup:backup_to",
        group=BACKUPS,
        details=[
            "All that this node holds: versions, rights, references, pins. Nobody there can read it. A running node renews it within a "
            "minute of each backup of a MiMei.",
        ],
        examples=[
            ("", "leither mimei backup-to ben --node attic"), ("how are they?", "leither mimei backup-to --node attic"),
            ("ask pieces back and compare", "leither mimei backup-to ben --check"), ("", "leither mimei backup-to ben --stop"),
        ],
    )  # fmt: skip
    peer_argument(backup, nargs="?")
    what = backup.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="ask random pieces back and compare them")
    what.add_argument("--stop", action="store_true", help="no longer")
    asking(backup)
    restore = mimei.command(
        "restore-from", "Rebuild a node from the backup that a friend holds.", run="mimei_backup:restore_from", group=BACKUPS,
        details=[
            "Onto an empty node: every version, right, reference and pin. The key of the node that was lost, or of its owner, opens it. "
            "Stopped and called again, it goes on where it stopped.",
        ],
        examples=[
            ("with the owner's key, from its 24 words", "leither key restore"), ("", "leither mimei restore-from ben --key owner"),
            ("a new device", "leither mimei restore-from ben --node attic"),
        ],
    )  # fmt: skip
    peer_argument(restore)
    restore.add_argument("--of", metavar="NODEID", default="", help="whose backup, by the id of the node that was lost (the only one)")
    asking(restore)
    leave = mimei.command(
        "leave", "Leave one MiMei sealed with a node that may not read it.", run="mimei_backup:leave", group=BACKUPS,
        details=[
            "Whoever may read it gets it from there when your node is away, by sync and follow as ever; on a node that has not his key, by "
            "leither mimei sync ID --sealed --from PEER. It is renewed with each version; who is let go reads no version after that.",
        ],
        examples=[("", "leither mimei leave notes carl --node attic"), ("", "leither mimei leave notes carl --stop --node attic")],
    )  # fmt: skip
    mimei_argument(leave)
    peer_argument(leave)
    leave.add_argument("--stop", action="store_true", help="no longer")
    asking(leave)


def add_search_options(search):
    """Add to ``leither mimei search`` what asks other nodes."""
    search.add_argument(
        "--peers", nargs="?", const="", default=None, type=peers, metavar="PEER[=WEIGHT],...",
        help="ask friends, too: all of them, or those named; a weight of 2 puts a friend's hits higher",
    )  # fmt: skip
    search.add_argument("--seconds", type=whole_number(1), default=SEARCH_S, metavar="N", help=f"with --peers: wait so long ({SEARCH_S})")
    network(search)


def peers(text):
    """The type of whom a search asks: ["ben", "anna=2"], empty for all friends."""
    found = [word.strip() for word in text.split(",") if word.strip()]
    for word in found:
        _, mark, weight = word.partition("=")
        if mark:
            try:
                good = 0 < float(weight) <= 100
            except ValueError:
                good = False
            if not good:
                raise argparse.ArgumentTypeError(f"“{word[:60]}”: a weight is a number up to 100, as in ben=2")
    return found


def _what_from(parser):
    parser.add_argument("mimei", metavar="WHAT", help=WHAT)
    parser.add_argument("--from", dest="providers", action="append", default=[], metavar="FROM", help=FROM)
