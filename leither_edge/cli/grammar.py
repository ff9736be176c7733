"""Which commands exist: words, arguments, help. What they do is imported only when one is called."""

import argparse

from leither_edge.cli.card_grammar import add_card
from leither_edge.cli.dht_grammar import add_dht
from leither_edge.cli.ledger_grammar import add_ledger
from leither_edge.cli.mimei_grammar import add_mimei
from leither_edge.cli.name_grammar import add_name
from leither_edge.cli.parser import Parser
from leither_edge.cli.peer_grammar import add_peer
from leither_edge.cli.verbs import TIMEOUT_S, VERBS, add_verbs

ROLES = ("viewer", "operator", "owner")


def common(parser, timeout=0):
    """Add the options every command has; ``timeout``: seconds until it gives up unasked, 0 where nothing is waited for."""
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object")
    if timeout:
        text = f"give up after so long ({timeout:.0f})"
        parser.add_argument("--timeout", type=seconds, metavar="SECONDS", default=argparse.SUPPRESS, help=text)
    parser.add_argument("--home", metavar="FOLDER", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser


def seconds(text):
    """A positive number of seconds, at most a day."""
    value = float(text)
    if not 0 < value <= 86400:
        raise argparse.ArgumentTypeError("a number of seconds between 0 and 86400 is wanted")
    return value


def passphrase_options(parser, creating):
    """Add the ways in which a passphrase can be given without a prompt."""
    parser.add_argument(
        "--passphrase-file",
        metavar="FILE",
        help="read the passphrase from the first line of a file (else $LEITHER_PASSPHRASE, else a prompt)",
    )
    if creating:
        parser.add_argument(
            "--no-passphrase", action="store_true", help="keep the key unencrypted: whoever reads the file owns your devices"
        )


def build():
    """Return the parser of ``leither``."""
    top = Parser(
        prog="leither",
        summary="Leither Edge: own your devices, and command them from your terminal.",
        examples=[
            ("make the key that will own your devices", "leither key new"),
            ("meet a device on your network, then make it yours", "leither remote add attic 192.168.4.1"),
            ("", "leither remote claim attic --token T7KQ2-…"),
            ("daily life", "leither remote attic status"),
            ("all devices of a group at once", "leither remote @home status"),
        ],
        footer=[
            (
                "ENVIRONMENT",
                [
                    ("LEITHER_HOME", "folder for keys and the book of devices (default: ~/.config/leither)"),
                    ("LEITHER_PASSPHRASE", "passphrase of the owner key, for scripts"),
                    ("LEITHER_DEBUG=1", "show where an unexpected error came from"),
                    ("NO_COLOR=1", "no colour"),
                ],
            ),
            (
                "EXIT CODES",
                [
                    ("0", "done"), ("1", "failed"), ("2", "wrong usage"), ("3", "the device or the book refused"),
                    ("4", "not reachable in time"),
                ],
            ),
        ],
        usage_lines=["COMMAND [OPTIONS]"],
    )
    common(top)
    top.add_argument("--version", action="store_true", default=argparse.SUPPRESS, help="print the version")
    top.set_defaults(run=None, parser=top)
    add_key(top)
    add_card(top, common)
    add_remote(top)
    add_mimei(top, common)
    add_peer(top, common)
    add_ledger(top, common)
    add_dht(top, common)
    add_name(top, common)
    status = top.command(
        "status", "Show the node on this computer.", run="status:status", group="THIS COMPUTER",
        details=["Finds the node by the address file in ./.leither. With a key that it knows, its signed status is shown too."],
        examples=[("", "leither status"), ("a node elsewhere", "leither status --address 127.0.0.1:8040")],
    )  # fmt: skip
    status.add_argument("--address", metavar="ADDRESS", help="where the node listens, instead of the address file")
    status.add_argument("--state", metavar="FOLDER", default=".leither", help="the node's folder (./.leither)")
    status.add_argument("--key", metavar="KEY", help="key to ask with (default: the one that fits)")
    status.add_argument("--passphrase-file", metavar="FILE", help="passphrase of the key")
    common(status, timeout=TIMEOUT_S)
    add_profile(top)
    completion = top.command(
        "completion", "Complete commands, devices and groups with Tab.", run="completion:script", group="THIS COMPUTER",
        examples=[
            ("bash, for good", "leither completion bash > ~/.local/share/bash-completion/completions/leither"),
            ("zsh: into a folder of $fpath", "leither completion zsh > ~/.zfunc/_leither"),
            ("tcsh: in ~/.tcshrc", "eval \"`leither completion tcsh`\""),
        ],
    )  # fmt: skip
    completion.add_argument("shell", choices=("bash", "zsh", "fish", "tcsh"), metavar="SHELL", help="bash, zsh, fish or tcsh")
    common(completion)
    version = top.command("version", "Print the version.", run="main:version", group="THIS COMPUTER", examples=[("", "leither version")])
    common(version)
    return top


def add_key(top):
    """Add ``leither key``."""
    key = top.command(
        "key", "Make and keep the keys that own and command devices.", group="START HERE",
        details=[
            "An owner key owns devices. It rests encrypted in a file, and 24 recovery words on paper bring it back.",
            "A controller key belongs to one computer and carries a pass signed by the owner. It needs no passphrase, "
            "can do daily things only, and is revoked alone when that computer is lost.",
        ],
        examples=[("", "leither key new"), ("", "leither key list")],
    )  # fmt: skip
    common(key)
    new = key.command(
        "new", "Make an owner key, with recovery words.", run="key:new",
        details=["Shows 24 recovery words once. Write them on paper: they are the only way back if the file or the passphrase is lost."],
        examples=[
            ("", "leither key new"),
            ("a second key, on a stick", "leither key new --name family --out /media/stick/family.key"),
            ("from a script", "leither key new --passphrase-file pass.txt --json"),
        ],
    )  # fmt: skip
    new.add_argument("--name", default="owner", metavar="NAME", help="what to call it (owner)")
    new.add_argument("--out", metavar="FILE", help="keep the key file there instead of in the tool's folder")
    passphrase_options(new, creating=True)
    common(new)
    common(
        key.command("list", "List your keys.", run="key:list_keys", examples=[("", "leither key list"), ("", "leither key list --json")])
    )
    show = key.command(
        "show", "Show a key's public text and QR code.", run="key:show",
        details=["Only the public part: it is safe to send. The setup page of a device reads it to make you its owner."],
        examples=[("", "leither key show"), ("", "leither key show family --json")],
    )  # fmt: skip
    show.add_argument("name", nargs="?", metavar="NAME", help="which key (the only owner key)")
    common(show)
    restore = key.command(
        "restore", "Bring an owner key back from its 24 recovery words.", run="key:restore",
        examples=[("", "leither key restore"), ("", "leither key restore --name family --words-file words.txt")],
    )  # fmt: skip
    restore.add_argument("--name", default="owner", metavar="NAME", help="what to call it (owner)")
    restore.add_argument("--out", metavar="FILE", help="keep the key file there instead of in the tool's folder")
    restore.add_argument("--words-file", metavar="FILE", help="read the words from a file, - for standard input")
    passphrase_options(restore, creating=True)
    common(restore)
    delete = key.command(
        "delete", "Delete a key from this computer.", run="key:delete",
        details=["An owner key comes back only from its recovery words."],
        examples=[("", "leither key delete family"), ("without the question", "leither key delete family --yes")],
    )  # fmt: skip
    delete.add_argument("name", metavar="NAME", help="which key")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    common(delete)


def add_remote(top):
    """Add ``leither remote`` with its own words; ``leither remote NAME VERB`` is built by build_device()."""
    remote = top.command(
        "remote", "Know devices, claim them, and command them.", group="START HERE",
        details=["Every command is signed by you and every answer by the device, whatever the network between you does."],
        usage_lines=["COMMAND [OPTIONS]", "NAME VERB [OPTIONS]", "@GROUP VERB [OPTIONS]"],
        sections=[("WHAT A DEVICE DOES  (leither remote NAME VERB)", [(" ".join(verb.words), verb.summary) for verb in VERBS])],
        examples=[
            ("", "leither remote add attic 192.168.4.1"),
            ("", "leither remote attic status"),
            ("", "leither remote attic config set name=Attic language=en"),
            ("ten devices at once; carry on after a break with --resume", "leither remote @home status"),
        ],
    )  # fmt: skip
    common(remote)
    add = remote.command(
        "add", "Meet a device: check its signature and remember its key.", run="remote:add",
        details=["From then on only a device holding that key is believed, at whatever address."],
        examples=[("", "leither remote add attic 192.168.4.1"), ("the id is known", "leither remote add attic attic.lan --device ID")],
    )  # fmt: skip
    add.add_argument("name", metavar="NAME", help="your name for the device")
    add.add_argument(
        "address", metavar="ADDRESS", help="like 192.168.4.1, http://host:port/ or [fe80::1]:8040 (port 80 when left out)"
    )
    add.add_argument("--device", metavar="ID", help="the device id you expect (27 characters)")
    common(add, timeout=TIMEOUT_S)
    ls = remote.command(
        "list",
        "List the devices you know.",
        run="remote:list_remotes",
        examples=[("", "leither remote list"), ("is each there right now?", "leither remote list --check")],
    )
    ls.add_argument("--check", action="store_true", help="ask every device whether it is there")
    common(ls, timeout=TIMEOUT_S)
    remove = remote.command(
        "remove",
        "Forget a device on this computer.",
        run="remote:remove",
        details=["The device itself is not changed."],
        examples=[("", "leither remote remove attic")],
    )
    remove.add_argument("name", metavar="NAME", help="which device")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    common(remove)
    rename = remote.command(
        "rename", "Call a device something else on this computer.", run="remote:rename", examples=[("", "leither remote rename attic loft")]
    )
    rename.add_argument("name", metavar="NAME", help="which device")
    rename.add_argument("new_name", metavar="NEW", help="its new name")
    common(rename)
    move = remote.command(
        "move",
        "Tell a device's new address.",
        run="remote:move",
        details=["The device there must hold the key you know."],
        examples=[("", "leither remote move attic 192.168.1.20")],
    )
    move.add_argument("name", metavar="NAME", help="which device")
    move.add_argument("address", metavar="ADDRESS", help="where it is now")
    common(move, timeout=TIMEOUT_S)
    claim = remote.command(
        "claim", "Become the owner of a new device.", run="claim:claim",
        details=[
            "Needs the claim token the device shows when it starts, and your owner key. "
            "This computer also gets a controller key with a pass for daily commands, so that they need no passphrase."
        ],
        examples=[("", "leither remote claim attic --token T7…"), ("at once", "leither remote claim attic 192.168.4.1 --token T7…")],
    )  # fmt: skip
    claim.add_argument("name", metavar="NAME", help="your name for the device")
    claim.add_argument("address", nargs="?", metavar="ADDRESS", help="its address, when it was not added before")
    claim.add_argument("--token", metavar="TOKEN", help="the claim token (else a prompt)")
    claim.add_argument("--key", metavar="KEY", help="the owner key: a name or a file (the only one)")
    claim.add_argument("--device", metavar="ID", help="the device id you expect")
    claim.add_argument(
        "--no-controller", action="store_true", help="make no pass for this computer; every command will ask for the owner key"
    )
    claim.add_argument("--days", type=int, default=365, metavar="N", help="how long this computer's pass is good (365)")
    claim.add_argument("--passphrase-file", metavar="FILE", help="passphrase of the owner key")
    common(claim, timeout=TIMEOUT_S)
    add_pass(remote)
    add_group(remote)


def add_pass(remote):
    """Add ``leither remote pass``."""
    parent = remote.command(
        "pass", "Let another computer or person command your devices, for a while.", group="SHARING",
        details=["A pass is signed by your owner key: who may do what, on which device, until when."],
        examples=[("", "leither remote pass create --for PUBLICKEY --role viewer --days 30"), ("", "leither remote pass list")],
    )  # fmt: skip
    common(parent)
    create = parent.command(
        "create", "Make a pass.", run="passes:create",
        examples=[
            ("someone sent you their public key", "leither remote pass create --for PUBLICKEY --days 30 --out anna.pass"),
            ("a fresh key and its pass in one secret file", "leither remote pass create --new-controller laptop.pass"),
            ("only some verbs, only one device", "leither remote pass create --for PUBLICKEY --only attic --verbs status,logs"),
        ],
    )  # fmt: skip
    who = create.add_mutually_exclusive_group(required=True)
    who.add_argument("--for", dest="subject", metavar="PUBLICKEY", help="the public key text of who shall hold it")
    who.add_argument("--new-controller", metavar="FILE", help="make a new key too and write both to this file: keep it secret")
    who.add_argument("--this-computer", action="store_true", help="for this computer's own controller key, when its pass ran out")
    create.add_argument("--only", metavar="NAME", help="good for this device only (default: every device you own)")
    create.add_argument("--role", choices=ROLES, default="operator", metavar="ROLE", help="viewer, operator (default) or owner")
    create.add_argument("--verbs", metavar="A,B", help="only these verbs")
    create.add_argument("--days", type=int, default=365, metavar="N", help="good for so many days (365)")
    create.add_argument("--label", default="", metavar="TEXT", help="whose it is, shown in lists")
    create.add_argument("--out", metavar="FILE", help="write the pass to a file (default: print it)")
    create.add_argument("--key", metavar="KEY", help="the owner key (the only one)")
    create.add_argument("--passphrase-file", metavar="FILE", help="passphrase of the owner key")
    common(create)
    use = parent.command(
        "use",
        "Take a pass that was given to you.",
        run="passes:use",
        examples=[("", "leither remote pass use laptop.pass"), ("", "leither remote pass use anna.pass --only attic")],
    )
    use.add_argument("file", metavar="FILE", help="the pass file, - for standard input")
    use.add_argument("--only", metavar="NAME", help="use it for this device only")
    common(use)
    common(
        parent.command("list", "List the passes on this computer.", run="passes:list_passes", examples=[("", "leither remote pass list")])
    )


def add_group(remote):
    """Add ``leither remote group``."""
    parent = remote.command(
        "group", "Name groups of devices, to command them together.", group="SHARING",
        examples=[("", "leither remote group add home attic cellar"), ("", "leither remote @home status")],
    )  # fmt: skip
    common(parent)
    add = parent.command(
        "add", "Put devices into a group.", run="remote:group_add", examples=[("", "leither remote group add home attic cellar")]
    )
    add.add_argument("group", metavar="GROUP", help="the group's name; made when new")
    add.add_argument("names", nargs="+", metavar="NAME", help="devices")
    common(add)
    remove = parent.command(
        "remove",
        "Take devices out of a group, or remove the whole group.",
        run="remote:group_remove",
        examples=[("", "leither remote group remove home cellar"), ("the whole group", "leither remote group remove home")],
    )
    remove.add_argument("group", metavar="GROUP", help="the group")
    remove.add_argument("names", nargs="*", metavar="NAME", help="devices (all when left out)")
    common(remove)
    common(parent.command("list", "List groups and who is in them.", run="remote:group_list", examples=[("", "leither remote group list")]))


def add_profile(top):
    """Add ``leither profile``."""
    parent = top.command(
        "profile", "Look at and check hardware profiles: the limits a node works under.", group="THIS COMPUTER",
        examples=[("", "leither profile show pi-zero"), ("", "leither profile check my-board.toml")],
    )  # fmt: skip
    common(parent)
    show = parent.command(
        "show",
        "Show the limits of a profile.",
        run="profile:show",
        examples=[("", "leither profile show pi-zero"), ("", "leither profile show router --json")],
    )
    show.add_argument("name", metavar="NAME", help="a profile's name or file")
    common(show)
    check = parent.command(
        "check",
        "Check a profile file; tells file, line and what is allowed.",
        run="profile:check",
        examples=[("", "leither profile check hw_profiles/pi-zero.toml")],
    )
    check.add_argument("file", metavar="FILE", help="the file")
    common(check)
    common(parent.command("list", "List the profiles.", run="profile:list_profiles", examples=[("", "leither profile list")]))


def build_device(target):
    """Return the parser of ``leither remote NAME`` or ``leither remote @GROUP``."""
    group = target.startswith("@")
    parser = Parser(
        prog=f"leither remote {target}",
        summary=f"Command {'every device of the group ' + target[1:] if group else target}.",
        usage_lines=["VERB [OPTIONS]"],
        examples=[("", f"leither remote {target} {line}") for line in ("status", "config set language=en", "identify --seconds 30")],
    )
    common(parser)
    parser.set_defaults(run=None, parser=parser)
    add_verbs(parser, group, common)
    return parser
