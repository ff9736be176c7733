"""``leither dht``: put, get, announce, peers, lookup, stat, and which network is meant."""

import json
import os

from leither_edge.cli.dht_access import asked, refusals, report_facts, with_dht
from leither_edge.cli.dht_network import FILE, Network, address_text, chosen, described, met, remember, remembered, told_by
from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.figures import size
from leither_edge.cli.home import replace_file
from leither_edge.cli.output import clean

VALUE_MAX_BYTES = 1000
SALT_MAX_BYTES = 64
TAG_MARK = b"leither/tag/"
OUTCOME_STYLES = {"stored": "green", "answered": "green", "refused": "red", "error": "red", "silent": "yellow"}


def put(home, out, args):
    """Store a value."""
    from leither_edge.cli.dht_target import signer_of

    value, salt = value_given(args), salt_given(args)
    if args.key is None:
        if salt or args.seq is not None or args.cas is not None:
            raise UsageError("--salt, --seq and --cas belong to a signed value.", fix="Say who signs it: --key KEY")
        put_immutable(home, out, args, value)
        return
    signer = signer_of(home, out, args)
    put_mutable(home, out, args, value, salt, signer)


def put_immutable(home, out, args, value):
    """Store a value under its own hash."""
    report = with_dht(home, out, args, lambda dht: dht.put_immutable(value))
    target = report.target.hex()

    def page():
        stored(out, report)
        out.facts([("Target", target)], indent=2)
        nodes(out, report, args)
        out.next_step("Anyone in this network gets it by:", f"leither dht get {target}")

    out.result({"target": target, "bytes_of_value": len(value), **report_facts(report)}, page)


def put_mutable(home, out, args, value, salt, signer):
    """Store a value signed by a key, in place of the one before."""
    from leither_edge.core.ids import public_key_to_text
    from leither_edge.dht.item import make_mutable

    async def work(dht):
        sequence = args.seq
        if sequence is None:
            newest = (await dht.get_mutable(signer.public_key, salt)).value
            sequence = newest.seq + 1 if newest else 1
        item = make_mutable(value, signer.public_key, salt, sequence, signer.sign)
        return item, await dht.put_mutable(item, cas=args.cas)

    item, report = with_dht(home, out, args, work)
    key = public_key_to_text(signer.public_key)
    facts = {"target": report.target.hex(), "key": key, "salt": salt.hex(), "seq": item.seq, "bytes_of_value": len(value)}

    def page():
        stored(out, report)
        out.facts([("Key", key), ("Salt", salt_text(salt) or None), ("Sequence", item.seq), ("Target", report.target.hex())], indent=2)
        nodes(out, report, args)
        out.next_step("Anyone in this network gets it by:", f"leither dht get {key}{salt_option(salt)}")

    out.result({**facts, **report_facts(report)}, page)


def get(home, out, args):
    """Fetch a value."""
    from leither_edge.cli.dht_target import named

    salt, what = salt_given(args), named(home, args.what)
    if what.key is None and salt:
        raise UsageError("--salt belongs to a signed value.", fix="Name its key instead of a target.")
    if what.key is None:
        found = with_dht(home, out, args, lambda dht: dht.get_immutable(what.target))
        value, facts = found.value, {"target": what.target.hex()}
    else:
        found = with_dht(home, out, args, lambda dht: dht.get_mutable(what.key, salt))
        item = found.value
        value = item and item.value
        facts = {"target": found.report.target.hex(), "key": what.text, "salt": salt.hex(), "seq": item and item.seq}
    if value is None:
        raise Failure(
            "Nobody has it.", f"{asked(found.report)}.", "It may have expired: a value is kept for two hours unless somebody renews it.",
            code="not-found", details={**facts, **report_facts(found.report)},
        )  # fmt: skip
    content, raw = content_of(value)
    if args.out:
        replace_file(args.out, raw)
        facts["file"] = os.path.abspath(args.out)

    def page():
        if args.out:
            out.done(f"{len(raw)} bytes are in {args.out}.")
        else:
            out.line(shown(content))
        if facts.get("seq") is not None:
            out.note(f"Sequence {facts['seq']}, signed by {what.text}")
        out.note(asked(found.report))
        nodes(out, found.report, args)

    out.result({**facts, "value": for_json(content), "value_hex": value.hex(), **report_facts(found.report)}, page)


def announce(home, out, args):
    """Tell the network that this computer has something."""
    target, name = what_is_meant(args)
    report = with_dht(home, out, args, lambda dht: dht.announce(target, args.port))

    def page():
        stored(out, report, "Announced")
        out.facts([("Target", target.hex()), ("Port", args.port)], indent=2)
        nodes(out, report, args)
        out.next_step("Who looks for it finds this computer for half an hour:", f"leither dht peers {name}")

    out.result({"target": target.hex(), "port": args.port, **report_facts(report)}, page)


def peers(home, out, args):
    """List who has something."""
    target, name = what_is_meant(args)
    found = with_dht(home, out, args, lambda dht: dht.peers(target))
    addresses = sorted(tuple(address) for address in found.value or ())
    facts = {"target": target.hex(), "peers": [{"host": host, "port": port} for host, port in addresses], **report_facts(found.report)}

    def page():
        for address in addresses:
            out.line(address_text(*address))
        if not addresses:
            out.line(f"Nobody has announced {name}.")
        out.note(asked(found.report))
        nodes(out, found.report, args)

    out.result(facts, page)


def lookup(home, out, args):
    """Walk to the nodes closest to a target."""
    from leither_edge.cli.dht_target import named
    from leither_edge.dht.compact import unpack
    from leither_edge.dht.node_id import prefix_length

    target = named(home, args.what).target
    found = with_dht(home, out, args, lambda dht: dht.lookup(target))
    closest = [(contact[:20], *unpack(contact[20:])) for contact in found.value or ()]
    facts = [{"id": id.hex(), "host": host, "port": port, "shared_bits": prefix_length(target, id)} for id, host, port in closest]

    def page():
        out.line(f"Closest to {target.hex()}:")
        out.table(["NODE", "ADDRESS", "SHARED BITS"], [[n["id"], address_text(n["host"], n["port"]), n["shared_bits"]] for n in facts])
        out.note(asked(found.report))
        nodes(out, found.report, args)

    out.result({"target": target.hex(), "closest": facts, **report_facts(found.report)}, page)


def stat(home, out, args):
    """Show the network as this computer sees it."""
    network, seen = chosen(home, args), {}

    async def work(dht):
        seen.update(dht.stat())

    with_dht(home, out, args, work, network=network, must_join=False)
    facts = {
        **seen, "mainline": network.mainline, "lan": network.lan,
        "bootstrap": [address_text(*door) for door in network.bootstrap], "met_before": len(met(home, network)),
    }  # fmt: skip

    def page():
        mark, style = ("●", "green") if seen["contacts"] else ("○", "red")
        out.line(f"{out.styled(mark, style)} {described(network).capitalize()}{'' if seen['contacts'] else ': no node answers'}")
        out.facts([("Entered by", ", ".join(facts["bootstrap"]) or None), ("Nodes met before", facts["met_before"])], indent=2)
        for name, label in (("ipv4", "IPv4"), ("ipv6", "IPv6")):
            family = seen.get(name)
            if family and family["contacts"]:
                out.line(f"  {out.styled(label, 'bold')}")
                out.facts(family_facts(family), indent=4)
        if not seen["contacts"]:
            out.note("Is a node running there, and may this computer send to it (UDP)?")

    out.result(facts, page)


def family_facts(family):
    """What one family of addresses came to, in words."""
    external, round_trip = family["external"], family["round_trip_ms"]
    return [
        ("Nodes known here", family["contacts"]),
        ("Nodes in all, about", family["network_size"]),
        ("This computer, seen from there", external and address_text(*external)),
        ("Round trip", None if round_trip is None else f"{round_trip} ms"),
        ("Received and sent", f"{size(family['bytes_in'] / 1024)}, {size(family['bytes_out'] / 1024)}"),
    ]


def join(home, out, args):
    """Remember a network, once it has answered."""
    told, known = told_by(args), remembered(home)
    doors = list(dict.fromkeys([*args.door, *(told.bootstrap if told else [])]))
    if not doors and not (told and (told.mainline or told.lan)):
        ways = (
            "That of this house: leither dht join --lan",
            "By a node: leither dht join HOST:PORT",
            "The public one: leither dht join --mainline",
        )
        raise UsageError("Join which network?", fix="\n".join(ways))
    id = (told.id if told else None) or None
    network = Network(id, doors, bool(told and told.mainline), bool(told and told.lan))
    reached = []

    async def work(dht):
        reached.append(dht.stat()["contacts"])
        # Who is closest to nothing in particular is as good as any to enter by the next time.
        await dht.lookup(os.urandom(20))

    with_dht(home, out, args, work, network=network)
    remember(home, network)
    facts = {"network": id.hex() if id else None, "bootstrap": [address_text(*door) for door in doors], "contacts": reached[0]}

    def page():
        plural = "" if reached[0] == 1 else "s"
        out.done(f"Joined {described(network)}: {reached[0]} node{plural} reached.")
        if known and known.id != network.id:
            out.note(f"Before, it was {described(known)}.")
        out.next_step("Try:", "leither dht stat", "leither dht put 'hello world'")

    out.result(facts, page)


def leave(home, out, args):
    """Forget the network that was joined."""
    there = os.path.exists(home.path(FILE))
    if there:
        os.unlink(home.path(FILE))
    out.result({"left": there}, lambda: out.done("Left." if there else "This computer has joined no network."))


def stored(out, report, verb="Stored"):
    """Say at how many nodes something is."""
    plural = "" if report.stored == 1 else "s"
    out.done(f"{verb} at {report.stored} node{plural}.")
    out.note(asked(report))
    if report.refused:
        out.warn(refusals(report))


def nodes(out, report, args):
    """Say what each node did, where that is asked for."""
    if not args.nodes:
        return
    rows, styles = [], {}
    for number, row in enumerate(sorted(report.rows, key=lambda row: (row.outcome != "stored", row.outcome, row.host))):
        reason = f"{row.code or ''} {clean(row.text or '', 80)}".strip()
        took = "" if row.ms is None else f"{row.ms:.0f} ms"
        rows.append([address_text(row.host, row.port), row.outcome, took, row.node_id.hex() if row.node_id else "-", reason])
        styles[number, 1] = OUTCOME_STYLES.get(row.outcome, "dim")
    out.line()
    out.table(["NODE", "RESULT", "TOOK", "ID", "REASON"], rows, styles)


def value_given(args):
    """The bencoded value of a command line."""
    from leither_edge.cli.prompt import read_limited
    from leither_edge.dht.bencode import BencodeError, decode, encode

    if (args.value is None) == (args.file is None):
        raise UsageError("Store what?", "Exactly one is wanted: a text, or a file.", f"See: {args.parser.prog} --help")
    data = args.value.encode() if args.file is None else read_limited(args.file, VALUE_MAX_BYTES, "Value")
    if args.bencoded:
        try:
            decode(data)
        except BencodeError as error:
            raise UsageError("The value is not bencoded.", f"{error}.", code="bencode") from None
    else:
        data = encode(data)
    if len(data) > VALUE_MAX_BYTES:
        raise UsageError(
            f"The value has {len(data)} bytes.", f"An item of this network holds at most {VALUE_MAX_BYTES}, its length mark included.",
            "Put the rest elsewhere and store a pointer.", code="too-big",
        )  # fmt: skip
    return data


def salt_given(args):
    """The salt of a command line as bytes; ``hex:`` before it says that it is hexadecimal."""
    text = args.salt or ""
    try:
        salt = bytes.fromhex(text[4:]) if text.startswith("hex:") else text.encode()
    except ValueError:
        raise UsageError("The salt is not hexadecimal.", fix="Write it like --salt hex:00ff, or as plain text.") from None
    if len(salt) > SALT_MAX_BYTES:
        raise UsageError(f"The salt has {len(salt)} bytes.", f"It has at most {SALT_MAX_BYTES}.")
    return salt


def salt_text(salt):
    """A salt as it is typed."""
    text = salt.decode("utf-8", "replace")
    return text if text.encode() == salt and clean(text) == text and not text.startswith("hex:") else f"hex:{salt.hex()}"


def salt_option(salt):
    import shlex

    return f" --salt {shlex.quote(salt_text(salt))}" if salt else ""


def what_is_meant(args):
    """(20 bytes, how it was called) of an info hash or a tag."""
    import hashlib

    if (args.what is None) == (args.tag is None):
        raise UsageError("Which one?", "Exactly one is wanted: an info hash, or --tag NAME.", f"See: {args.parser.prog} --help")
    if args.tag is not None:
        return hashlib.sha1(TAG_MARK + args.tag.encode(), usedforsecurity=False).digest(), f"--tag {args.tag}"
    from leither_edge.cli.dht_target import hash_given

    return hash_given(args.what), args.what


def content_of(value):
    """(the decoded value, the bytes a file would get) of a bencoded one."""
    from leither_edge.dht.bencode import decode

    content = decode(value)
    return content, content if isinstance(content, bytes) else value


def shown(content):
    """A value for people: text as text, everything else so that nothing is lost."""
    if isinstance(content, bytes):
        text = content.decode("utf-8", "replace")
        return text if text.encode() == content and clean(text, len(text)) == text.replace("\n", "\ufffd") else content.hex()
    return json.dumps(for_json(content), ensure_ascii=False, indent=1)


def for_json(content):
    """A value in JSON: bytes that are plain text as text, others as hexadecimal."""
    if isinstance(content, bytes):
        text = content.decode("utf-8", "replace")
        return text if text.encode() == content and text.isprintable() else content.hex()
    if isinstance(content, list):
        return [for_json(item) for item in content]
    if isinstance(content, dict):
        return {for_json(key): for_json(item) for key, item in content.items()}
    return content
