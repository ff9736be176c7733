"""What a device can be asked: words, arguments, help; and which function turns them into signed commands."""

import argparse
from collections import namedtuple

# Seconds until a command with all its repetitions gives up.
TIMEOUT_S = 20
WAYS = ("auto", "http", "dht", "peer")
# words: as typed after the device's name. verb: of the protocol. run: its function, of `verb_runs` or "module:function".
# owner: the owner's key signs. keeps: changes something, so the bytes are kept until answered. group: works for a group.
# timeout: seconds until we give up, where the usual time is too short. options: function that adds arguments.
Verb = namedtuple("Verb", "words verb summary run examples options owner keeps group timeout", defaults=(None, False, False, True, 0))


def _logs(parser):
    parser.add_argument("-n", "--lines", type=count(500), default=50, metavar="N", help="how many of the newest lines (50)")
    parser.add_argument("-f", "--follow", action="store_true", help="go on with new lines until Ctrl-C")
    parser.add_argument(
        "--every",
        type=positive_seconds,
        default=5.0,
        metavar="SECONDS",
        help="how often to look for new lines (5); each look is a line in its audit log",
    )


def _config_get(parser):
    parser.add_argument("name", nargs="?", metavar="KEY", help="only this setting; its bare value, for scripts")


def _config_set(parser):
    parser.add_argument(
        "settings",
        nargs="+",
        metavar="KEY=VALUE",
        help="settings; all of them are taken or none. The timezone is only kept, for programs to come: logs are in UTC",
    )


def _identify(parser):
    parser.add_argument("--seconds", type=count(60), default=10, metavar="N", help="how long (10)")


def _wifi_join(parser):
    parser.add_argument("ssid", metavar="NETWORK", help="name of the network")
    parser.add_argument("--hidden", action="store_true", help="the network does not announce its name")
    parser.add_argument("--open", action="store_true", help="the network has no passphrase")
    parser.add_argument("--wifi-passphrase-file", metavar="FILE", help="read its passphrase from a file (else a prompt)")


def _audit(parser):
    parser.add_argument(
        "--verify", action="store_true", help="check that no entry was altered or taken out since this computer last looked"
    )
    parser.add_argument("-n", "--lines", type=count(100_000), default=20, metavar="N", help="how many of the newest entries to show (20)")


def _keyset_rotate(parser):
    parser.add_argument(
        "--add", nargs=2, action="append", default=[], metavar=("ROLE", "PUBLICKEY"), help="add a key as viewer, operator or owner"
    )
    parser.add_argument("--remove", action="append", default=[], metavar="ID", help="take a key out")
    parser.add_argument("--new-owner", metavar="KEY", help="hand over: put this key of yours in place of the present owner's")
    parser.add_argument(
        "--roots",
        nargs=3,
        metavar=("PUBLICKEY", "PUBLICKEY", "PUBLICKEY"),
        help="name three root keys, to be kept apart from each other: any two of them can put in a new owner",
    )
    parser.add_argument(
        "--with-roots", nargs=2, metavar=("KEY", "KEY"), help="sign with two root keys (names or files), since the owner's key is lost"
    )
    parser.add_argument("--new-owner-passphrase-file", metavar="FILE", help="passphrase of that key (default: as --passphrase-file)")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _keyset_revoke(parser):
    parser.add_argument("id", metavar="ID", help="key id (27 characters), or the name of one of your keys")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _name(parser):
    parser.add_argument(
        "what", nargs="?", metavar="KEY", help="a name of a key, or the file of leither name publish --out (your only owner key)"
    )


def _sign_in(parser):
    parser.add_argument("code", metavar="CODE", help="the code that the page shows")


def _reboot(parser):
    parser.add_argument("--yes", action="store_true", help="restart a whole group without the question; one device is not asked about")


def _yes(parser):
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _call(parser):
    parser.add_argument("verb", metavar="VERB", help="the verb as the device knows it, like config-get")
    parser.add_argument("arguments", nargs="*", metavar="KEY=VALUE", help="text; KEY:=VALUE for JSON (numbers, true, lists)")
    parser.add_argument("--owner", action="store_true", help="sign with the owner key")


VERBS = (
    Verb(("status",), "status", "How it is: storage, memory, uptime, versions.", "status", (("", "status"), ("", "status --json"))),
    Verb(("logs",), "logs", "Its log; --follow goes on.", "logs", (("", "logs -n 200"), ("", "logs --follow")), _logs),
    Verb(
        ("config", "get"), "config-get", "Its settings.", "config_get",
        (("", "config get"), ("one value, for scripts", "config get language")), _config_get,
    ),
    Verb(
        ("config", "set"), "config-set", "Change settings, all at once or not at all.", "config_set",
        (("", "config set name=Attic language=en"), ("", "config set storage_share_mib=2048")), _config_set, keeps=True,
    ),
    Verb(("reboot",), "reboot", "Start it again.", "reboot", (("", "reboot"),), _reboot, keeps=True),
    Verb(
        ("identify",), "identify", "Blink its light, to find it on the shelf.", "identify",
        (("", "identify --seconds 30"),), _identify, keeps=True,
    ),
    Verb(("wifi", "scan"), "wifi-scan", "Networks it can see.", "wifi_scan", (("", "wifi scan"),), timeout=45),
    Verb(
        ("wifi", "join"), "wifi-set", "Join a network; kept only if it works.", "wifi_join",
        (("asks for the passphrase", "wifi join Home"), ("", "wifi join Attic --hidden")), _wifi_join, keeps=True, timeout=120,
    ),
    Verb(("wifi", "forget"), "wifi-forget", "Forget its network.", "wifi_forget", (("", "wifi forget"),), _yes, keeps=True, timeout=45),
    Verb(
        ("audit",), "audit", "What it was told to do, by whom; --verify proves the list whole.", "audit_runs:audit",
        (("", "audit"), ("", "audit --verify")), _audit,
    ),
    Verb(("keyset", "show"), "keyset-get", "Which keys may command it.", "keyset_runs:keyset_show", (("", "keyset show"),)),
    Verb(
        ("keyset", "rotate"), "keyset-set", "Add or remove keys, or hand it to another owner key.", "keyset_runs:keyset_rotate",
        (("", "keyset rotate --add operator PUBLICKEY"), ("a new owner key in place of the old one", "keyset rotate --new-owner family"),
         ("in place of a lost one", "keyset rotate --new-owner family --with-roots root-1.key root-2.key")),
        _keyset_rotate, owner=True, keeps=True,
    ),
    Verb(
        ("keyset", "revoke"), "keyset-set", "Shut out one key: a lost laptop or phone.", "keyset_runs:keyset_revoke",
        (("", "keyset revoke ID"),), _keyset_revoke, owner=True, keeps=True,
    ),
    Verb(
        ("name", "keep"), "name-keep", "Renew every hour what you published under a key.", "name_keep:name_keep",
        (("after leither name publish", "name keep"), ("published from another computer", "name keep signed.packet")),
        _name, keeps=True, timeout=60,
    ),
    Verb(
        ("name", "forget"), "name-forget", "Renew it no longer.", "name_keep:name_forget", (("", "name forget"), ("", "name forget anna")),
        _name, keeps=True,
    ),
    Verb(
        ("collect",), "mimei-collect", "Give back the room of content that nothing keeps any more.", "collect",
        (("", "collect"),), keeps=True, timeout=60,
    ),
    Verb(
        ("sign-in",), "sign-in", "Let a browser into its page: approve the code shown there.", "sign_in",
        (("", "sign-in 7K2M-9QXF"),), _sign_in, keeps=True, group=False,
    ),
    Verb(
        ("factory-reset",), "factory-reset", "Wipe it and make it new; asks first.", "factory_reset",
        (("", "factory-reset"), ("without the question", "factory-reset --yes")), _yes, owner=True, keeps=True, group=False, timeout=60,
    ),
    Verb(
        ("call",), None, "Any verb by its own name, for what this tool does not know yet.", "call",
        (("", "call identify seconds:=5"),), _call, keeps=True, timeout=120,
    ),
)  # fmt: skip


def add_verbs(parser, group, common):
    """Add the verbs to the parser of a device or group.

    Args:
        parser: the Parser.
        group: whether a group is commanded.
        common: function (parser, seconds) that adds the options every command has.
    """
    families = {}
    for verb in VERBS:
        if group and not verb.group:
            continue
        parent = parser
        if len(verb.words) == 2:
            word = verb.words[0]
            if word not in families:
                families[word] = common(parser.command(word, FAMILIES[word]), TIMEOUT_S)
            parent = families[word]
        target = parser.prog
        child = parent.command(
            verb.words[-1], verb.summary, run="remote_run:run",
            examples=[(comment, f"{target} {line}") for comment, line in verb.examples],
        )  # fmt: skip
        if verb.options:
            verb.options(child)
        child.add_argument("--key", metavar="KEY", help="sign with this key (default: this computer's, or the owner's where needed)")
        child.add_argument("--passphrase-file", metavar="FILE", help="passphrase of the key")
        child.add_argument("--resume", action="store_true", help="carry on a run that was broken off: nothing is done twice")
        child.add_argument(
            "--via", choices=WAYS, default=WAYS[0], metavar="WAY",
            help="how it travels: auto (its address, else the DHT, for up to ten minutes), http, dht, or peer (a channel, if need be "
            "through a tunnel); done once in any case",
        )  # fmt: skip
        child.set_defaults(verb_words=verb.words)
        common(child, verb.timeout or TIMEOUT_S)


FAMILIES = {
    "config": "Its settings: get and set.",
    "wifi": "Its network: scan, join, forget.",
    "name": "What it renews in the DHT for you: keep, forget.",
    "keyset": "The keys that may command it: show, rotate, revoke.",
}


def spoken(verb):
    """The words of the command line for a verb of the protocol, for messages."""
    return next((" ".join(known.words) for known in VERBS if known.verb == verb), verb)


def find_verb(words):
    """Return the Verb of these words."""
    return next(verb for verb in VERBS if verb.words == tuple(words))


def count(most):
    """Return a reader of whole numbers from 1 to most."""

    def read(text):
        value = int(text)
        if not 1 <= value <= most:
            raise argparse.ArgumentTypeError(f"a whole number from 1 to {most} is wanted")
        return value

    read.__name__ = "whole number"
    return read


def positive_seconds(text):
    """Seconds between 0.2 and 3600."""
    value = float(text)
    if not 0.2 <= value <= 3600:
        raise argparse.ArgumentTypeError("seconds between 0.2 and 3600 are wanted")
    return value
