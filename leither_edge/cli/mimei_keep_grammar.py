"""The words of ``leither mimei`` that look after content: rights, finding, keeping, serving.

Args of the functions: mimei (Parser), ended (adds what every command has, with where it works), plain (the same without).
"""

import argparse

from leither_edge.cli.mimei_grammar import MIMEI, PLACE, WITH_VERSION, mimei_argument, whole_number

OTHERS, KEEPING, SERVING = "OTHERS AND FINDING", "KEEPING", "FOR OTHER PROGRAMS"


def add_others(mimei, ended, plain):
    """Add what concerns others, and finding."""
    from leither_edge.cli.mimei_flow_grammar import add_search_options

    rights = mimei.command(
        "rights", "Show or say who may do what.", run="mimei_others:rights", group=OTHERS,
        details=[
            "Nobody but the author is let in until he says so. A member is a user whom the author has listed; all others are guests.",
            "Rights: see, read-release, read, list, write, backup, release, restore, delete-versions, fork, reference, tag, set-rights, "
            "delete; and for several of them: public, read-only, all, none.",
        ],
        examples=[
            ("", "leither mimei rights notes"),
            ("everybody may read the released version", "leither mimei rights notes guest public"),
            ("let somebody in, with what members may", "leither mimei rights notes USERID member"),
            ("", "leither mimei rights notes USERID +write"),
            ("", "leither mimei rights notes USERID --remove"),
        ],
    )  # fmt: skip
    mimei_argument(rights)
    rights.takes_any_word = True
    rights.add_argument("member", nargs="?", metavar="WHO", help="author, member, guest, or a user's id")
    rights.add_argument("rights", nargs="?", metavar="RIGHTS", help="read,list to say all of them; +write,-delete to change them")
    rights.add_argument("--remove", action="store_true", help="the user is no member any more")
    ended(rights)
    ref = mimei.command(
        "ref", "What a MiMei refers to and thereby keeps.", group=OTHERS,
        details=["References are counted, and versions keep those of their time."], examples=[("", "leither mimei ref add notes LABEL")],
    )  # fmt: skip
    for word, summary in (("ls", "List references."), ("add", "Refer to labels."), ("rm", "Refer to them no longer.")):
        words = f"leither mimei ref {word} notes" + (" LABEL" if word != "ls" else "")
        one = ref.command(word, summary, run=f"mimei_others:ref_{word}", examples=[("", words)])
        mimei_argument(one, WITH_VERSION if word == "ls" else MIMEI)
        if word != "ls":
            one.add_argument("label", nargs="+", metavar="LABEL", help="labels of content that is here")
        ended(one)
    plain(ref)
    tag = mimei.command(
        "tag", "Show or change tags, by which it is found.", run="mimei_others:tag", group=OTHERS,
        examples=[("", "leither mimei tag notes"), ("", "leither mimei tag notes travel plans"), ("", "leither mimei tag notes -d plans")],
    )  # fmt: skip
    mimei_argument(tag)
    tag.add_argument("tag", nargs="*", metavar="TAG", help="tags to give")
    tag.add_argument("--delete", "-d", nargs="+", default=(), metavar="TAG", help="tags to take away")
    ended(tag)
    search = mimei.command(
        "search", "Find words in names, tags and texts.", run="mimei_others:search", group=OTHERS,
        examples=[
            ("all the words", "leither mimei search trip may"),
            ("a beginning; a tag; not a word", "leither mimei search 'pla*' '#travel' -- -old"),
            ("friends' nodes, too", "leither mimei search trip --peers"),
            ("of some friends, Anna's hits first", "leither mimei search trip --peers anna=2,ben"),
        ],
    )  # fmt: skip
    search.add_argument("word", nargs="+", metavar="WORD", help="words that must all be there")
    search.add_argument("--limit", type=whole_number(1), default=20, metavar="N", help="hits at most (20)")
    add_search_options(search)
    ended(search)


def add_keeping(mimei, ended, plain):
    """Add what looks after the store."""
    stat = mimei.command(
        "stat", "Show a MiMei, a file, or how much the store holds.", run="mimei:stat", group=KEEPING,
        examples=[("", "leither mimei stat"), ("", "leither mimei stat notes"), ("", "leither mimei stat notes@0:/plan.txt")],
    )  # fmt: skip
    stat.add_argument("what", nargs="?", metavar="WHAT", help=f"{MIMEI}; {PLACE}")
    ended(stat)
    pin = mimei.command(
        "pin",
        "Labels that are kept though they are in no MiMei.",
        group=KEEPING,
        examples=[("", "leither mimei pin ls"), ("", "leither mimei pin rm LABEL")],
    )
    ended(pin.command("ls", "List pins.", run="mimei_keep:pin_ls", examples=[("", "leither mimei pin ls")]))
    for word, summary in (("add", "Keep what labels reach."), ("rm", "Keep it no longer.")):
        one = pin.command(word, summary, run=f"mimei_keep:pin_{word}", examples=[("", f"leither mimei pin {word} LABEL")])
        one.add_argument("label", nargs="+", metavar="LABEL", help="labels")
        if word == "add":
            one.add_argument("--name", metavar="TEXT", help="what it is")
        ended(one)
    plain(pin)
    gc = mimei.command(
        "gc", "Free the room of what nothing keeps.", run="mimei_keep:gc", group=KEEPING,
        details=["Versions, cur, references and pins keep what they reach."], examples=[("", "leither mimei gc")],
    )  # fmt: skip
    ended(gc)
    fsck = mimei.command(
        "fsck", "Check every block, version and row.", run="mimei_keep:fsck", group=KEEPING,
        details=["Exit code 1 says that something is wrong."], examples=[("", "leither mimei fsck"), ("", "leither mimei fsck --repair")],
    )  # fmt: skip
    fsck.add_argument("--repair", action="store_true", help="mend what can be mended, drop what cannot")
    ended(fsck)
    export = mimei.command(
        "export", "Write content into a CAR file.", run="mimei_keep:export", group=KEEPING,
        details=["Of a MiMei: a version with the signed chain behind it, which import takes up elsewhere. IPFS tools read it."],
        examples=[
            ("the last version", "leither mimei export notes notes.car"), ("all versions", "leither mimei export --all notes notes.car"),
            ("what a label names", "leither mimei export LABEL film.car"),
        ],
    )  # fmt: skip
    export.add_argument("what", metavar="WHAT", help=f"{WITH_VERSION} (last), or a label")
    export.add_argument("file", metavar="FILE", help="the CAR file, - for standard output")
    export.add_argument("--all", action="store_true", help="every version that is here")
    export.add_argument("--force", action="store_true", help="overwrite the file")
    ended(export)
    take = mimei.command(
        "import", "Take a CAR file in.", run="mimei_keep:import_", group=KEEPING,
        details=["Every block is checked. Where it brings a MiMei, its whole signed chain is; else its roots are pinned."],
        examples=[("", "leither mimei import notes.car"), ("", "ipfs dag export LABEL | leither mimei import -")],
    )  # fmt: skip
    take.add_argument("file", metavar="FILE", help="the CAR file, - for standard input")
    take.add_argument("--pin", action=argparse.BooleanOptionalAction, default=True, help="keep its roots when gc runs (yes)")
    ended(take)


def add_serving(mimei, ended):
    """Add what serves other programs."""
    from leither_edge.cli.dht_network import add_network_options

    serve = mimei.command(
        "serve", "Serve the store to browsers and programs of this computer.", run="mimei_serve:serve", group=SERVING,
        details=[
            "An IPFS gateway, files with ranges, JSON-RPC and its JavaScript client, on loopback alone.",
            "With --peers other nodes connect over encrypted channels, to sync, follow and share what they have a right to.",
        ],
        examples=[
            ("", "leither mimei serve --port 8048"), ("others of this computer may make users", "leither mimei serve --open"),
            ("friends' nodes, too", "leither mimei serve --peers"),
        ],
    )  # fmt: skip
    serve.add_argument("--port", type=whole_number(), default=0, metavar="PORT", help="TCP port (a free one)")
    serve.add_argument("--open", action="store_true", help="everybody of this computer may keep content here")
    serve.add_argument("--peers", action="store_true", help="let other nodes in, from anywhere, over encrypted channels")
    serve.add_argument("--peer-port", type=whole_number(), default=8042, metavar="PORT", help="with --peers: TCP port (8042; 0: any)")
    serve.add_argument("--name", metavar="NAME", default="", help="with --peers: what others call this node")
    serve.add_argument("--offer-tunnel", action="store_true", help="with --peers: carry sealed connections of nodes that nobody reaches")
    add_network_options(serve)
    ended(serve)
