"""``leither name publish``: records signed by a key and stored in the network, or what was published last stored anew."""

import time

from leither_edge.cli.book import Book
from leither_edge.cli.dht import nodes, stored
from leither_edge.cli.dht_access import asked, report_facts, with_dht
from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.home import replace_file
from leither_edge.cli.keyring import find_key, unlock
from leither_edge.cli.name_book import NameBook
from leither_edge.cli.name_show import packet_facts, record_facts, show_records
from leither_edge.cli.output import clean
from leither_edge.cli.progress import waiting
from leither_edge.cli.prompt import read_limited

ZONE_MAX_BYTES = 65_536
# BEP 44: forgotten after two hours.
RENEW_S = 3600
# After a failure, with --stay.
RETRY_S = 300
# A clock that is off is told of: what is signed tomorrow hides what is signed today.
AHEAD_MAX_S = 86_400


def publish(home, out, args):
    """Publish records under a key, or renew those published."""
    given = bool(args.records) or args.zone is not None
    if args.nothing and (given or args.add):
        raise UsageError("--nothing and records exclude each other.", fix=f"See: {args.parser.prog} --help")
    if args.add and not given:
        raise UsageError("Add what?", "With --add, records are wanted.", f"See: {args.parser.prog} --help")
    key = find_key(Book(home), args.key)
    if given or args.nothing:
        # A record that cannot be read is told before a passphrase is asked for; this wants the public key, which a bare file does not show.
        records = None if key.public_key is None else read_records(args, key.public_key)
        signer = unlock(key, out, args.passphrase_file)
        records = read_records(args, signer.public_key) if records is None else records
        done = with_dht(home, out, args, lambda dht: _sign_and_store(home, dht, signer, records, args.add, out))
    else:
        public_key = key.public_key or unlock(key, out, args.passphrase_file).public_key
        done = with_dht(home, out, args, lambda dht: _renew(home, dht, public_key))
    _tell(home, out, args, done)
    if args.stay:
        _stay(home, out, args, done.item.key)


def read_records(args, key):
    """The records of a command line, relative to a key. Raises UsageError."""
    from leither_edge.names import zone
    from leither_edge.names.errors import PacketError

    records = []
    try:
        if args.zone is not None:
            records += zone.parse(read_limited(args.zone, ZONE_MAX_BYTES, "Zone file").decode("utf-8", "replace"), key, args.ttl)
    except PacketError as error:
        raise UsageError(f"{clean(args.zone, 200)} cannot be used.", f"{clean(error)}.", code="bad-records") from None
    for text in args.records:
        try:
            records += zone.parse(text, key, args.ttl)
        except PacketError as error:
            raise UsageError(
                f"“{clean(text, 100)}” is not a record.", f"{clean(error)}.",
                "Write it like 'www A 192.0.2.7' or '@ TXT \"hello\"', in quotes.", code="bad-records",
            ) from None  # fmt: skip
    return list(dict.fromkeys(records))


async def _sign_and_store(home, dht, signer, records, is_added, out):
    """Sign records, with those published where they are added, and store them; the Published."""
    from leither_edge.names.errors import PacketError
    from leither_edge.names.packet import read
    from leither_edge.names.publisher import Publisher

    publisher = Publisher(dht, signer, lambda: time.time_ns() // 1000, last=_last(home, signer.public_key))
    try:
        await publisher.current()
        if publisher.last is not None:
            ahead_s = publisher.last.seq / 1_000_000 - time.time()
            if ahead_s > AHEAD_MAX_S:
                out.warn(f"What is published was signed {ahead_s / 86_400:.0f} days in the future: a clock was wrong, there or here.")
            if is_added:
                replaced = {(record.name, record.type) for record in records}
                before = read(publisher.last).records
                records = [record for record in before if (record.name, record.type) not in replaced] + records
        return await publisher.publish(records, is_kept=False)
    except PacketError as error:
        raise Failure("These records cannot be published.", f"{clean(error)}.", "Leave some out.", code=f"bad-{error.code}") from None


async def _renew(home, dht, key):
    """Store again what is published; the Published."""
    from leither_edge.names.packet import is_newer
    from leither_edge.names.publisher import Published

    found, last = await dht.get_mutable(key), _last(home, key)
    item = found.value if last is None or (found.value is not None and is_newer(found.value, last)) else last
    if item is None:
        raise Failure(
            "There is nothing to renew.", f"Nothing is published under this key: {asked(found.report)}.",
            "Publish something: leither name publish '@ A 192.0.2.7'", code="not-found",
        )  # fmt: skip
    return Published(item, await dht.put_mutable(item), False)


def _last(home, key):
    from leither_edge.names.z_base_32 import key_to_name

    return NameBook(home).last_published(key_to_name(key))


def _tell(home, out, args, done):
    from leither_edge.names.packet import origin, read, to_bytes
    from leither_edge.names.z_base_32 import key_to_name

    name, packet = key_to_name(done.item.key), read(done.item)
    book = NameBook(home)
    with book.changing():
        book.remember_published(name, done.item)
    if args.out:
        replace_file(args.out, to_bytes(done.item))
    own = origin(done.item.key)

    def tell():
        show_records(out, packet.records, own)
        out.line()
        out.facts([("Name", name), *packet_facts(packet)[1], ("Size", f"{len(done.item.value)} of 1,000 bytes")])
        stored(out, done.report, "Published" if done.is_new else "Renewed")
        nodes(out, done.report, args)
        if not args.stay:
            devices = sorted(Book(home).remotes)
            by_device = [f"leither remote {devices[0]} name keep"] if devices else []
            out.next_step("The network forgets it in two hours. To renew it every hour:", *by_device, f"{args.parser.prog} --stay")

    records = [record_facts(record, own) for record in packet.records]
    facts = {"name": name, "is_new": done.is_new, "bytes": len(done.item.value), **packet_facts(packet)[0], "records": records}
    out.result({**facts, **report_facts(done.report)}, tell)


def _stay(home, out, args, key):
    """Renew every hour until Ctrl-C; a failure is told, and tried again sooner."""
    pause_s = RENEW_S
    while True:
        with waiting(out, "Renewed every hour; Ctrl-C ends it"):
            time.sleep(pause_s)
        try:
            done = with_dht(home, out, args, lambda dht: _renew(home, dht, key))
            out.note(f"{time.strftime('%H:%M')} renewed: {asked(done.report)}")
            pause_s = RENEW_S
        except Failure as failure:
            out.warn(f"{time.strftime('%H:%M')} {failure.what} {failure.why}")
            pause_s = RETRY_S
