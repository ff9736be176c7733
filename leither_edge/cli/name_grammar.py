"""The words of ``leither name``."""

import argparse

from leither_edge.cli.dht_network import add_network_options

TIMEOUT_S = 60
TTL_S, TTL_MAX_S = 300, 7 * 86_400
WHAT = "a key (52 or 48 characters), or your name for one: a pet name, a key or a device of yours; labels before it with dots between"


def add_name(top, common):
    """Add ``leither name``.

    Args:
        top: Parser of ``leither``.
        common: function that adds the options every command has.
    """
    name = top.command(
        "name", "Publish addresses and records under a key, and find those of others: names without a registry.", group="TOGETHER",
        details=[
            "A name is a public key, written with 52 letters. Whoever holds the key signs what is found under it, and the network of nodes "
            "keeps that for two hours. A device of yours renews its own name, and what you published: leither remote NAME name keep.",
            "A pet name is your own short word for somebody's key.",
        ],
        examples=[
            ("what is my name?", "leither name show"),
            ("an address, and a web page below it", "leither name publish '@ A 192.0.2.7' 'www CNAME @'"),
            ("call somebody's key anna, and see what she publishes", "leither name pet add anna KEY"),
            ("", "leither name resolve anna"),
            ("", "leither name resolve www.anna AAAA"),
        ],
    )  # fmt: skip
    common(name)
    _add_publish(name, common)
    _add_resolve(name, common)
    _add_pet(name, common)
    show = name.command(
        "show", "Show the name that a key has.", run="name_pet:show",
        examples=[("", "leither name show"), ("", "leither name show club"), ("of a pet name or a device", "leither name show anna")],
    )  # fmt: skip
    show.add_argument("name", nargs="?", metavar="KEY", help="your key's name, or any other you know (the only owner key)")
    common(show)


def _asking(parser, common):
    parser.add_argument("--nodes", action="store_true", help="show what each node did")
    add_network_options(parser)
    common(parser, timeout=TIMEOUT_S)


def _add_publish(name, common):
    publish = name.command(
        "publish", "Sign records and store them in the network.", run="name_publish:publish",
        details=[
            "A record is written as in a zone file: NAME [SECONDS] TYPE DATA. The name is relative to the key; @ is the key itself. "
            "Those published before are replaced, or kept with --add.",
            "Without records, what was published last is stored anew; that needs no passphrase. The network forgets after two hours.",
        ],
        examples=[
            ("", "leither name publish '@ A 192.0.2.7' '@ AAAA 2001:db8::7'"),
            ("an organization's member", "leither name publish --key club --add 'anna CNAME ANNAS-KEY.'"),
            ("from a zone file", "leither name publish --zone records.txt"),
            ("renew now, and every hour until Ctrl-C", "leither name publish --stay"),
            ("nothing is found any more", "leither name publish --nothing"),
        ],
    )  # fmt: skip
    publish.add_argument("records", nargs="*", metavar="RECORD", help="like 'www A 192.0.2.7', each in quotes")
    publish.add_argument("--zone", metavar="FILE", help="read the records from a file, - for standard input")
    publish.add_argument("--add", action="store_true", help="keep what is published, but for names and types given now")
    publish.add_argument("--nothing", action="store_true", help="publish that there are no records")
    publish.add_argument("--ttl", type=_ttl, default=TTL_S, metavar="SECONDS", help=f"how long others may remember a record ({TTL_S})")
    publish.add_argument("--stay", action="store_true", help="stay and renew it every hour, until Ctrl-C")
    publish.add_argument("--out", metavar="FILE", help="write the signed packet to a file as well")
    publish.add_argument("--key", metavar="KEY", help="which key: a name or a file (the only owner key)")
    publish.add_argument("--passphrase-file", metavar="FILE", help="passphrase of the key")
    _asking(publish, common)


def _add_resolve(name, common):
    resolve = name.command(
        "resolve", "Find what is published under a name.", run="name_resolve:resolve",
        details=["The signature is checked, and the newest that any node has is taken. Aliases are followed from key to key."],
        examples=[
            ("all records of a key", "leither name resolve anna"),
            ("one name below it", "leither name resolve www.anna"),
            ("", "leither name resolve www.anna AAAA"),
            ("what each node answered", "leither name resolve anna --nodes"),
            ("where is my device now?", "leither name resolve attic"),
        ],
    )  # fmt: skip
    resolve.add_argument("name", metavar="NAME", help=WHAT)
    resolve.add_argument("type", nargs="?", metavar="TYPE", help="A, AAAA, TXT, CNAME, HTTPS, … (all)")
    resolve.add_argument("--out", metavar="FILE", help="write the signed packet to a file")
    _asking(resolve, common)


def _add_pet(name, common):
    pet = name.command(
        "pet", "Call keys what you like.", group="YOUR NAMES FOR OTHERS",
        details=["Pet names are yours alone: nothing of them is published."],
        examples=[("", "leither name pet add anna KEY"), ("", "leither name pet list"), ("", "leither name pet remove anna")],
    )  # fmt: skip
    common(pet)
    add = pet.command(
        "add", "Give a key a pet name.", run="name_pet:add",
        examples=[
            ("", "leither name pet add anna 8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"),
            ("another key than before", "leither name pet add anna KEY --replace"),
        ],
    )  # fmt: skip
    add.add_argument("name", metavar="NAME", help="up to 32 letters and digits, with - or _ between them")
    add.add_argument("key", metavar="KEY", help="the key: 52 or 48 characters, or the URL that somebody sent")
    add.add_argument("--replace", action="store_true", help="take the name from another key")
    common(add)
    remove = pet.command("remove", "Forget a pet name.", run="name_pet:remove", examples=[("", "leither name pet remove anna")])
    remove.add_argument("name", metavar="NAME", help="which one")
    common(remove)
    common(pet.command("list", "List your pet names.", run="name_pet:list_pets", examples=[("", "leither name pet list")]))


def _ttl(text):
    value = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else -1
    if not 0 <= value <= TTL_MAX_S:
        raise argparse.ArgumentTypeError(f"a whole number of seconds from 0 to {TTL_MAX_S} is wanted")
    return value
