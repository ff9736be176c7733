"""The words of ``leither mimei``."""

import argparse

# Of a node that says nothing; a version of a large database takes minutes on the smallest board.
TIMEOUT_S = 900
CONTENT, VERSIONS, DATABASES = "CONTENT", "VERSIONS", "DATABASES"
TYPES = ("files", "file", "database", "stream")
PROFILES = ("unixfs-v1-2025", "unixfs-v0-2015")
MIMEI = "a MiMei: its id, the beginning of its id, or its mark"
WITH_VERSION = "a MiMei, perhaps with a version: ID, ID@3, ID@last, ID@release"
PLACE = "ID:/path, ID@2:/path, or LABEL/path"


def add_mimei(top, common):
    """Add ``leither mimei``.

    Args:
        top: Parser of ``leither``.
        common: function that adds the options every command has.
    """
    mimei = top.command(
        "mimei", "Keep content with versions: files, folders, databases.", group="TOGETHER",
        details=[
            "A MiMei is a piece of content with an id that never changes. What it holds now is called cur; a backup freezes cur into the "
            "next version, 0, 1, 2 and so on, signed by its author, and a restore brings one back. The same bytes are kept once, under "
            "the label (CID) that IPFS gives them.",
            "It works in a folder of this computer with a key made at the first use, or on a running node with --node.",
            "A MiMei is named by its id, the beginning of its id, or its mark; ID@3 is a version of it, ID:/path a path in it.",
        ],
        examples=[
            ("the label IPFS would give it, and keep it", "leither mimei add film.mp4"),
            ("a folder with versions", "leither mimei create --mark notes"),
            ("", "leither mimei put ~/notes/*.txt notes:/"),
            ("", "leither mimei backup notes -m 'First draft'"),
            ("", "leither mimei diff notes"),
            ("a database", "leither mimei create --type database --mark scores"),
            ("", "leither mimei db scores ZADD best 7 anna"),
        ],
    )  # fmt: skip
    common(mimei)

    def ended(parser):
        places(parser)
        common(parser, timeout=TIMEOUT_S)

    def fill():
        from leither_edge.cli.mimei_flow_grammar import add_backups, add_between
        from leither_edge.cli.mimei_keep_grammar import add_keeping, add_others, add_serving

        for add in (_content, _bytes, _versions, _databases):
            add(mimei, ended)
        add_others(mimei, ended, common)
        add_between(mimei, ended)
        add_backups(mimei, ended)
        add_keeping(mimei, ended, common)
        add_serving(mimei, ended)

    mimei.later = fill


def places(parser):
    """Add the options that say where a command works, and as whom."""
    parser.add_argument("--store", metavar="FOLDER", help="work in this folder (the tool's own)")
    parser.add_argument("--node", metavar="NODE", help="work on a running node: its address, or your name for the device")
    parser.add_argument("--key", metavar="KEY", help="who you are: a name of your keys, or a key file (the store's own key)")
    parser.add_argument("--user", metavar="NAME", help="sign in to the node with a name and a password")
    parser.add_argument("--passphrase-file", metavar="FILE", help="passphrase of the key, or password of the user")


def whole_number(low=0):
    """The type of an argument that is a whole number from ``low``."""

    def read(text):
        value = int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else -1
        if value < low:
            raise argparse.ArgumentTypeError(f"a whole number from {low} is wanted")
        return value

    return read


def _content(mimei, ended):
    create = mimei.command(
        "create", "Make a MiMei and print its id.", run="mimei:create", group=CONTENT,
        details=["With the same mark, ext and application it gives the id of the one that is there."],
        examples=[
            ("a folder", "leither mimei create --mark notes"),
            ("one file", "leither mimei create --type file --mark film --ext .mp4"),
            ("a database", "leither mimei create --type database --mark scores"),
        ],
    )  # fmt: skip
    create.add_argument("--type", choices=TYPES, default="files", metavar="TYPE", help="files (a folder), file, database or stream")
    create.add_argument("--mark", metavar="TEXT", help="your name for it (a random one)")
    create.add_argument("--ext", metavar="TEXT", help="what kind of content it is, such as .mp4")
    create.add_argument("--app", metavar="TEXT", help="the application that it belongs to")
    ended(create)
    ls = mimei.command(
        "ls", "List MiMei, or what is in a folder.", run="mimei:ls", group=CONTENT,
        examples=[
            ("", "leither mimei ls"), ("", "leither mimei ls notes"), ("as it was", "leither mimei ls notes@0:/2024"),
            ("", "leither mimei ls LABEL"),
        ],
    )  # fmt: skip
    ls.add_argument("what", nargs="?", metavar="WHAT", help=f"{MIMEI}, with a version and a path; or a label")
    ls.add_argument("--mine", action="store_true", help="only what is yours")
    ended(ls)
    mkdir = mimei.command(
        "mkdir", "Make folders.", run="mimei:mkdir", group=CONTENT, examples=[("", "leither mimei mkdir notes:/2024/may")]
    )
    mkdir.add_argument("path", nargs="+", metavar="ID:/PATH", help="folders; those above them are made, too")
    ended(mkdir)
    cp = mimei.command(
        "cp", "Copy a file or folder, from a version or another MiMei, too.", run="mimei:cp", group=CONTENT,
        details=["No byte is copied: the same content is kept once."],
        examples=[
            ("bring one file of a version back", "leither mimei cp notes@2:/plan.txt notes:/plan-of-then.txt"),
            ("from another MiMei, or a label", "leither mimei cp LABEL notes:/film.mp4"),
        ],
    )  # fmt: skip
    cp.add_argument("source", metavar="SOURCE", help=PLACE)
    cp.add_argument("target", metavar="ID:/PATH", help="where to")
    ended(cp)
    mv = mimei.command(
        "mv", "Move or rename.", run="mimei:mv", group=CONTENT, examples=[("", "leither mimei mv notes:/a.txt notes:/2024/")]
    )
    mv.add_argument("source", metavar="ID:/PATH", help="what")
    mv.add_argument("target", metavar="ID:/PATH", help="where to, in the same MiMei")
    ended(mv)
    rm = mimei.command(
        "rm", "Remove a path, a version, or a whole MiMei.", run="mimei:rm", group=CONTENT,
        details=["A path goes from cur alone: versions keep it. Room is free after leither mimei gc."],
        examples=[
            ("a folder with what is in it", "leither mimei rm -r notes:/old"), ("a version", "leither mimei rm notes@3"),
            ("all of it, with all its versions", "leither mimei rm notes"),
        ],
    )  # fmt: skip
    rm.add_argument("what", nargs="+", metavar="WHAT", help="ID:/path, ID@version, or ID")
    rm.add_argument("-r", "--recursive", action="store_true", help="folders with what is in them")
    rm.add_argument("--yes", action="store_true", help="do not ask")
    ended(rm)


def _bytes(mimei, ended):
    add = mimei.command(
        "add", "Give files their label (CID) and keep them.", run="mimei_files:add", group=CONTENT,
        details=["The label is the one every current IPFS tool gives. What is added is pinned: gc leaves it."],
        examples=[
            ("", "leither mimei add film.mp4"),
            ("", "leither mimei add ~/photos"),
            ("only say the label", "leither mimei add --only-hash film.mp4"),
            ("the label that older tools give", "leither mimei add --profile unixfs-v0-2015 film.mp4"),
            ("from a pipe; the label alone", "tar c notes | leither mimei add -q -"),
        ],
    )  # fmt: skip
    add.add_argument("what", nargs="+", metavar="FILE", help="files and folders, - for standard input")
    add.add_argument(
        "--profile", choices=PROFILES, default=PROFILES[0], metavar="NAME", help=f"{PROFILES[0]}, or {PROFILES[1]} for old labels"
    )
    add.add_argument("--only-hash", "-n", action="store_true", help="keep nothing, only say the label")
    add.add_argument("--wrap", "-w", action="store_true", help="put a folder around, so that names are kept")
    add.add_argument("--pin", action=argparse.BooleanOptionalAction, default=True, help="keep it when gc runs (yes)")
    add.add_argument("--quiet", "-q", action="store_true", help="labels alone")
    add.add_argument("--quieter", "-Q", action="store_true", help="the last label alone")
    _hidden(add)
    ended(add)
    put = mimei.command(
        "put", "Put files and folders into a MiMei.", run="mimei_files:put", group=CONTENT,
        details=["A file replaces the one of the same name in cur. Of a stream, each file, or each line, becomes a record."],
        examples=[
            ("", "leither mimei put plan.txt notes"),
            ("", "leither mimei put plan.txt notes:/2024/may.txt"),
            ("", "leither mimei put photos notes:/"),
            ("a folder as the whole MiMei, in place of what was there", "leither mimei put --root site pages"),
            ("lines into a stream", "tail -f log | leither mimei put --lines - mylog"),
        ],
    )  # fmt: skip
    put.add_argument("what", nargs="+", metavar="FILE", help="files and folders, - for standard input; last the place: ID or ID:/path")
    put.add_argument("--root", action="store_true", help="the folder becomes the whole MiMei")
    put.add_argument("--force", action="store_true", help="a folder in place of one that is there")
    put.add_argument("--lines", action="store_true", help="each line is a record of the stream")
    _hidden(put)
    ended(put)
    get = mimei.command(
        "get", "Write a file or folder to this computer.", run="mimei_files:get", group=CONTENT,
        details=["Stopped and called again, it goes on where it stopped. Nothing is overwritten without --force."],
        examples=[
            ("", "leither mimei get notes:/plan.txt"), ("a whole version into a folder", "leither mimei get notes@2 notes-of-then"),
            ("by label", "leither mimei get bafybei.../film.mp4 film.mp4"),
        ],
    )  # fmt: skip
    get.add_argument("what", metavar="WHAT", help=PLACE)
    get.add_argument("dest", nargs="?", metavar="DEST", help="file or folder to write (its own name); - for standard output")
    get.add_argument("--force", action="store_true", help="overwrite what is there")
    ended(get)
    cat = mimei.command(
        "cat", "Print files, or the records of a stream.", run="mimei_files:cat", group=CONTENT,
        examples=[("", "leither mimei cat notes:/plan.txt"), ("", "leither mimei cat notes@0:/plan.txt"), ("", "leither mimei cat LABEL")],
    )  # fmt: skip
    cat.add_argument("what", nargs="+", metavar="WHAT", help=PLACE)
    cat.add_argument("--offset", type=whole_number(), default=0, metavar="N", help="begin at this byte, or record")
    cat.add_argument("--length", type=whole_number(), metavar="N", help="so many bytes")
    ended(cat)


def _hidden(parser):
    parser.add_argument("--hidden", "-H", action="store_true", help="with files whose names begin with a dot")


def _versions(mimei, ended):
    backup = mimei.command(
        "backup", "Freeze cur into the next version.", run="mimei_versions:backup", group=VERSIONS,
        details=["It is signed by the author's key. Unchanged parts are shared with the versions before."],
        examples=[("", "leither mimei backup notes -m 'Before the trip'")],
    )  # fmt: skip
    mimei_argument(backup)
    backup.add_argument("-m", "--message", metavar="MEMO", help="what it is")
    ended(backup)
    versions = mimei.command(
        "versions",
        "List the versions, newest first.",
        run="mimei_versions:versions",
        group=VERSIONS,
        examples=[("", "leither mimei versions notes")],
    )
    mimei_argument(versions)
    ended(versions)
    diff = mimei.command(
        "diff", "Show what differs between two versions.", run="mimei_versions:diff", group=VERSIONS,
        details=["Of a folder: what is new (+), gone (-) and changed (~). Of a database: keys with their values. Of a stream: records."],
        examples=[
            ("from the last version to cur", "leither mimei diff notes"), ("", "leither mimei diff notes 0 last"),
            ("", "leither mimei diff scores --json"),
        ],
    )  # fmt: skip
    mimei_argument(diff)
    diff.add_argument("a", nargs="?", metavar="A", help="from this version (last)")
    diff.add_argument("b", nargs="?", metavar="B", help="to this one (cur)")
    ended(diff)
    restore = mimei.command(
        "restore", "Copy a version to cur.", run="mimei_versions:restore", group=VERSIONS,
        details=["What cur held is lost unless it was backed up."],
        examples=[("", "leither mimei restore notes@3"), ("", "leither mimei restore notes last")],
    )  # fmt: skip
    restore.add_argument("mimei", metavar="ID@VERSION", help=WITH_VERSION)
    restore.add_argument("number", nargs="?", metavar="VERSION", help="the version, if it is not behind an @")
    ended(restore)
    release = mimei.command(
        "release", "Say which version is the released one.", run="mimei_versions:release", group=VERSIONS,
        details=["Whoever may read released versions reads this one."],
        examples=[("", "leither mimei release notes@3"), ("the last", "leither mimei release notes")],
    )  # fmt: skip
    release.add_argument("mimei", metavar="ID[@VERSION]", help=f"{WITH_VERSION} (last)")
    release.add_argument("number", nargs="?", metavar="VERSION", help="the version, if it is not behind an @")
    ended(release)
    fork = mimei.command(
        "fork", "Begin a MiMei of yours with a version of another.", run="mimei_versions:fork", group=VERSIONS,
        examples=[("", "leither mimei fork notes@release --mark my-notes")],
    )  # fmt: skip
    fork.add_argument("mimei", metavar="ID[@VERSION]", help=f"{WITH_VERSION} (last)")
    fork.add_argument("--mark", metavar="TEXT", help="your name for the new one (a random one)")
    ended(fork)


def mimei_argument(parser, help=MIMEI):
    """Add the argument that names a MiMei."""
    parser.add_argument("mimei", metavar="ID", help=help)


def _databases(mimei, ended):
    db = mimei.command(
        "db", "Use a database: a prompt, one command, or any Redis client.", run="mimei_database:db", group=DATABASES,
        details=[
            "Commands and answers are Redis's own. On a terminal answers look as redis-cli shows them; into a pipe go values alone.",
            "Changes are on disk within a second, and with the end of the command.",
        ],
        examples=[
            ("a prompt", "leither mimei db scores"),
            ("one command", "leither mimei db scores ZADD best 7 anna"),
            ("as it was in version 3", "leither mimei db scores@3 ZRANGE best 0 -1 WITHSCORES"),
            ("many commands", "leither mimei db scores < commands.txt"),
            ("for redis-cli and other clients", "leither mimei db scores --serve"),
        ],
    )  # fmt: skip
    # What stands behind a command is the database's own.
    db.takes_any_word = True
    mimei_argument(db, WITH_VERSION)
    db.add_argument("words", nargs="*", metavar="COMMAND", help="a command with its arguments (a prompt, or lines of standard input)")
    db.add_argument("--raw", action=argparse.BooleanOptionalAction, help="values alone (into a pipe), or as on a terminal")
    db.add_argument("--serve", action="store_true", help="answer Redis clients of this computer until Ctrl-C")
    db.add_argument("--port", type=whole_number(), default=0, metavar="PORT", help="with --serve: TCP port (a free one)")
    db.add_argument("--always", action="store_true", help="with --serve: answer a change when it is on disk")
    ended(db)
