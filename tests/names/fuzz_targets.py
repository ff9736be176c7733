"""What the fuzzer throws its bytes at, of names: the DNS reader, signed packets, and the DNS server's answers to whatever is asked.

As in tests/dht/fuzz_targets.py: a target takes bytes and returns a short word for what came of it; only an exception that is not promised
ends it.
"""

from leither_edge.crypto import sodium
from leither_edge.names import answerer, dns_message, dns_name, dns_records, packet
from leither_edge.names.cache import Entry
from leither_edge.names.dns_message import Edns, Message, Question
from leither_edge.names.dns_records import ANY, IN, SOA, SVCB, TXT, A, Record
from leither_edge.names.errors import DnsError, PacketError, ResolveError
from leither_edge.names.z_base_32 import KeyNameError, name_to_key
from tests.names.fakes import key_pair, record, signed, under

PAIR, OTHER = key_pair(1), key_pair(2)
KEY, FAR = PAIR.public_key, OTHER.public_key
OWN = packet.origin(KEY)
RECORDS = [
    record(KEY, "", "A", b"abcd"),
    record(KEY, "www", "AAAA", bytes(16)),
    record(KEY, "alias", "CNAME", under(KEY, "www")),
    record(KEY, "far", "CNAME", under(FAR, "host")),
    record(KEY, "loop", "CNAME", under(FAR, "loop")),
    record(KEY, "*.wild", "TXT", dns_records.text_data(b"text", b"x" * 200)),
    Record(OWN, SVCB, IN, 60, dns_records.service_data(1, OWN, ((3, b"\x1f\x68"), (4, b"abcd")))),
    Record(OWN, SOA, IN, 60, dns_records.authority_data(OWN, dns_name.ROOT, 1, 2, 3, 4, 5)),
]
FAR_RECORDS = [record(FAR, "host", "A", b"efgh"), record(FAR, "loop", "CNAME", under(KEY, "loop"))]


def queries():
    """Queries for what is there and what is not."""
    names = ("", "www", "alias", "far", "loop", "a.b.wild", "none")
    questions = [Question(under(KEY, name), type_, IN) for name in names for type_ in (A, TXT, ANY)]
    made = [Message(7, dns_message.RECURSION_WANTED, [question]) for question in questions]
    made += [Message(8, 0, [questions[0]], edns=Edns(1232, 0, 0x8000, ((10, b"cookie12"),)))]
    made += [Message(9, 0, [Question(dns_name.join(b"example", b"com"), A, IN)])]
    return [dns_message.encode(message) for message in made]


def read_message(data):
    try:
        message = dns_message.parse(data)
    except DnsError as error:
        return error.code
    again = dns_message.parse(dns_message.encode(message, 1 << 20), 1 << 20)
    for section in ("questions", "answers", "authorities", "additionals", "edns"):
        assert getattr(again, section) == getattr(message, section)
    for each in (*message.questions, *message.answers):
        assert dns_name.join(*dns_name.split(each.name)) == each.name and dns_name.text(each.name)
    kinds = {each.type for each in (*message.answers, *message.authorities, *message.additionals)}
    return f"{len(message.questions)} {len(message.answers)} {sorted(kinds)[:6]} {message.edns is not None}"


def read_value(data):
    try:
        return str(len(packet.read_records(KEY, packet.dns_bytes(data))))
    except PacketError as error:
        return error.code


def read_file(data):
    try:
        return str(len(packet.from_bytes(data, lambda signature, message, key: True).value) // 16)
    except PacketError as error:
        return error.code


def read_name(data):
    try:
        return str(len(name_to_key(data.decode("utf-8", "replace"))))
    except KeyNameError as error:
        return str(error)[:30]


class Resolver:
    """Knows two keys, one of them by a stale packet; a third cannot be asked."""

    def __init__(self):
        self._items = {KEY: signed(PAIR, RECORDS), FAR: signed(OTHER, FAR_RECORDS)}

    def clock(self):
        return 100.0

    async def resolve(self, key):
        if key not in self._items:
            if key[0] & 1:
                raise ResolveError("time-out", "No answer.")
            return Entry(None, True, 90.0, 60)
        return Entry(self._items[key], True, 90.0, 60 if key == KEY else 5)


class Server:
    """The way of a datagram through the DNS server, without the sockets."""

    def __init__(self):
        self._resolver = Resolver()

    def __call__(self, data):
        query, refusal = answerer.read_query(data)
        if query is None:
            assert refusal is None or len(refusal) == dns_message.HEADER_BYTES <= len(data)
            return f"{refusal and refusal[3]}"
        reply = _at_once(answerer.answer(query, self._resolver))
        out = answerer.encoded(query, reply, True)
        assert len(out) <= (answerer.UDP_PLAIN_BYTES if query.edns is None else answerer.UDP_MAX_BYTES)
        assert out[:2] == data[:2] and len(answerer.encoded(query, reply, False)) <= answerer.TCP_MAX_BYTES
        read = dns_message.parse(out)
        assert read.is_response
        return f"{reply.code} {len(reply.answers)} {len(reply.authorities)} {read.flags & dns_message.TRUNCATED}"


def _at_once(coroutine):
    """What a coroutine returns that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waited")


def targets():
    """{name: (work, seeds)}"""
    whole = signed(PAIR, RECORDS)
    assert sodium.verify(whole.signature, packet.signed_part(whole.seq, whole.value, b""), KEY)
    message = packet.dns_bytes(whole.value)
    return {
        "dns message": (read_message, [message, *queries()]),
        "dns value": (read_value, [whole.value]),
        "signed packet": (read_file, [packet.to_bytes(whole)]),
        "name of a key": (read_name, [packet.key_to_name(KEY).encode()]),
        "dns server": (Server(), queries()),
    }
