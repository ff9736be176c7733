"""``leither name resolve``: what is published under a name, from the network, checked."""

from leither_edge.cli.dht import nodes
from leither_edge.cli.dht_access import asked, report_facts, with_dht
from leither_edge.cli.failure import Failure, UnreachableError
from leither_edge.cli.home import replace_file
from leither_edge.cli.name_book import NameBook
from leither_edge.cli.name_show import packet_facts, record_facts, show_records
from leither_edge.cli.name_target import named
from leither_edge.cli.output import clean

# From key to key by aliases.
KEYS_MAX = 4


def resolve(home, out, args):
    """Find what is published under a name."""
    from leither_edge.names import answering, dns_name, zone
    from leither_edge.names.dns_records import ANY
    from leither_edge.names.errors import DnsError, PacketError
    from leither_edge.names.packet import origin

    meant = named(home, args.name)
    try:
        type_ = ANY if args.type is None else zone.type_number(args.type.upper())
        name = dns_name.join(*_labels(meant.labels), origin(meant.key)[1:-1])
    except (PacketError, DnsError, UnicodeError) as error:
        raise Failure("That cannot be looked up.", f"{clean(error)}.", f"See: {args.parser.prog} --help", code="bad-name") from None
    whole = not meant.labels and args.type is None
    packets, reports = [], []

    async def work(dht):
        """The records asked for: a Found."""
        chain, key, at = [], meant.key, name
        for _ in range(KEYS_MAX):
            packet = await fetch(dht, key, packets, reports)
            if packet is None:
                return answering.Found(answering.NO_NAME, chain, None)
            if whole:
                return answering.Found(answering.FOUND, packet.records, None)
            found = answering.find(packet.records, origin(key), at, type_)
            chain += found.records
            key = _key_of(found.target) if found.target else None
            if key is None:
                return found._replace(records=chain)
            at = found.target
        return answering.Found(answering.FOUND, chain, at)

    found = with_dht(home, out, args, work)
    facts = {"name": args.name, "key": _name_of(meant.key), "type": args.type}
    details = {**facts, **report_facts(reports[0])}
    if not packets:
        raise _nothing(meant, reports[0], details)
    item, packet = packets[0]
    if args.out:
        from leither_edge.names.packet import to_bytes

        replace_file(args.out, to_bytes(item))
    own = origin(meant.key)
    if not found.records and not whole:
        raise _no_record(meant, args, found, details)

    def tell():
        show_records(out, found.records, own)
        if found.target:
            out.note(f"It is an alias of {clean(dns_name.text(found.target))}, an ordinary name: ask ordinary DNS for that.")
        out.line()
        out.facts([("Key", _name_of(meant.key)), *packet_facts(packet)[1]])
        out.note(asked(reports[0]))
        nodes(out, reports[0], args)

    pet = NameBook(home).pet_of(facts["key"])
    records = [record_facts(record, own) for record in found.records]
    target = clean(dns_name.text(found.target)) if found.target else None
    out.result({**details, "pet": pet, **packet_facts(packet)[0], "records": records, "alias_of": target}, tell)


async def fetch(dht, key, packets, reports):
    """The Packet of a key from the network, or None; it is added to ``packets`` with its Item, the report to ``reports``."""
    from leither_edge.names import packet
    from leither_edge.names.errors import PacketError

    found = await dht.get_mutable(key)
    reports.append(found.report)
    if found.value is None:
        return None
    try:
        read = packet.read(found.value)
    except PacketError as error:
        raise Failure(
            "What is published there is no packet of records.", f"{clean(error)}.", "See it: leither dht get KEY", code="no-packet"
        ) from None
    packets.append((found.value, read))
    return read


def _labels(text):
    return [label.encode("ascii") if label.isascii() else label.encode("idna") for label in text.split(".")] if text else []


def _key_of(name):
    """The key that a wire name ends in, or None."""
    from leither_edge.names import dns_name
    from leither_edge.names.z_base_32 import KeyNameError, name_to_key

    labels = dns_name.split(name)
    try:
        return name_to_key(labels[-1].decode("ascii")) if labels else None
    except (KeyNameError, UnicodeError):
        return None


def _name_of(key):
    from leither_edge.names.z_base_32 import key_to_name

    return key_to_name(key)


def _nothing(meant, report, details):
    if not report.answered:
        return UnreachableError("No node answered.", asked(report) + ".", "Try again in a moment.", code="time-out", details=details)
    return Failure(
        f"Nothing is published under {meant.called}.", asked(report) + ".",
        "What is not renewed is forgotten after two hours. Its owner renews it: leither name publish", code="not-found", details=details,
    )  # fmt: skip


def _no_record(meant, args, found, details):
    what = f"{args.type.upper()} record" if args.type else "record"
    name = f"{meant.labels}.{meant.called}" if meant.labels else meant.called
    why = "The name is there, with records of other types." if found.kind == "no-data" else "Nothing of that name is published there."
    fix = f"See all: leither name resolve {meant.called}"
    return Failure(f"There is no {what} of {clean(name)}.", why, fix, code=found.kind, details=details)
