"""DNS messages: a small strict reader and writer (RFC 1035, 4; EDNS of RFC 6891).

Everything has a bound: the message's size, the number of records, names, hops of pointers. Whatever does not fit exactly is refused.
"""

from collections import namedtuple

from leither_edge.names import dns_name, dns_records
from leither_edge.names.dns_records import OPT, TTL_MAX_S, Record
from leither_edge.names.errors import DnsError

HEADER_BYTES = 12
MESSAGE_MAX_BYTES = 4096
# A signed packet of 1,000 bytes has room for some 60 addresses.
RECORDS_MAX = 128
OPTIONS_MAX = 16

QUERY_BIT, AUTHORITATIVE, TRUNCATED, RECURSION_WANTED, RECURSION_OFFERED, CHECKING_DISABLED = 0x8000, 0x400, 0x200, 0x100, 0x80, 0x10
OPCODE_BITS = 0x7800
NO_ERROR, FORMAT_ERROR, SERVER_FAILURE, NO_SUCH_NAME, NOT_IMPLEMENTED, REFUSED, BAD_VERSION = 0, 1, 2, 3, 4, 5, 16

Question = namedtuple("Question", "name type class_")
# size: bytes the sender takes by UDP; version: 0; flags: the DO bit is 0x8000; options: (code, bytes) pairs; code_high: bits of the code.
Edns = namedtuple("Edns", "size version flags options code_high", defaults=(0, 0, (), 0))


class Message:
    """One message.

    id, flags: 16 bits each, as on the wire; questions; answers, authorities, additionals (lists of Record); edns (Edns or None).
    """

    __slots__ = ("additionals", "answers", "authorities", "edns", "flags", "id", "questions")

    def __init__(self, id_=0, flags=0, questions=(), answers=(), authorities=(), additionals=(), edns=None):
        self.id = id_
        self.flags = flags
        self.questions = questions
        self.answers = answers
        self.authorities = authorities
        self.additionals = additionals
        self.edns = edns

    @property
    def is_response(self):
        return bool(self.flags & QUERY_BIT)

    @property
    def opcode(self):
        return self.flags >> 11 & 15

    @property
    def code(self):
        """The response code, with the upper bits that EDNS adds."""
        return self.flags & 15 | (self.edns.code_high << 4 if self.edns else 0)


def parse(data, size_max=MESSAGE_MAX_BYTES):
    """The Message of some bytes. Raises DnsError."""
    if not HEADER_BYTES <= len(data) <= size_max:
        raise DnsError("size", f"a message has {HEADER_BYTES} to {size_max} bytes")
    numbers = [data[at] << 8 | data[at + 1] for at in range(0, HEADER_BYTES, 2)]
    if sum(numbers[2:]) > RECORDS_MAX:
        raise DnsError("count", f"a message has at most {RECORDS_MAX} records")
    message = Message(numbers[0], numbers[1])
    at, end = HEADER_BYTES, len(data)
    questions = []
    for _ in range(numbers[2]):
        name, at = dns_name.read(data, at, end)
        if at + 4 > end:
            raise DnsError("record", "a question is cut short")
        questions.append(Question(name, data[at] << 8 | data[at + 1], data[at + 2] << 8 | data[at + 3]))
        at += 4
    message.questions = questions
    message.answers, at = _read_records(data, at, end, numbers[3])
    message.authorities, at = _read_records(data, at, end, numbers[4])
    message.additionals, at = _read_records(data, at, end, numbers[5], message)
    if at != end:
        raise DnsError("rest", "bytes are left behind the last record")
    return message


def _read_records(data, at, end, count, message=None):
    records = []
    for _ in range(count):
        name, at = dns_name.read(data, at, end)
        if at + 10 > end:
            raise DnsError("record", "a record is cut short")
        type_, class_ = data[at] << 8 | data[at + 1], data[at + 2] << 8 | data[at + 3]
        ttl, size = int.from_bytes(data[at + 4 : at + 8], "big"), data[at + 8] << 8 | data[at + 9]
        at += 10
        if at + size > end:
            raise DnsError("record", "a record is cut short")
        if type_ == OPT:
            if message is None or message.edns is not None or name != dns_name.ROOT:
                raise DnsError("option", "the record of options stands once, under the root, among the additional ones")
            message.edns = Edns(class_, ttl >> 16 & 255, ttl & 0xFFFF, _read_options(data, at, at + size), ttl >> 24)
        else:
            # A time with the top bit set counts as none (RFC 2181, 8).
            records.append(Record(name, type_, class_, ttl if ttl <= TTL_MAX_S else 0, dns_records.read(type_, data, at, at + size)))
        at += size
    return records, at


def _read_options(data, at, end):
    options = []
    while at < end:
        if end - at < 4 or len(options) == OPTIONS_MAX:
            raise DnsError("option", "the options are cut short, or too many")
        size = data[at + 2] << 8 | data[at + 3]
        if at + 4 + size > end:
            raise DnsError("option", "an option is cut short")
        options.append((data[at] << 8 | data[at + 1], data[at + 4 : at + 4 + size]))
        at += 4 + size
    return tuple(options)


def encode(message, size_max=MESSAGE_MAX_BYTES):
    """The bytes of a message, names compressed. Raises DnsError ``size`` if they are more than ``size_max``."""
    sections = (message.answers, message.authorities, message.additionals)
    counts = [len(message.questions), *[len(records) for records in sections]]
    if message.edns is not None:
        counts[3] += 1
    out = bytearray()
    for number in (message.id, message.flags, *counts):
        out += number.to_bytes(2, "big")
    known = {}
    for question in message.questions:
        dns_name.write(out, question.name, known)
        out += (question.type << 16 | question.class_).to_bytes(4, "big")
    for records in sections:
        for record in records:
            dns_name.write(out, record.name, known)
            out += (record.type << 48 | record.class_ << 32 | record.ttl).to_bytes(8, "big")
            at = len(out)
            out += b"\0\0"
            dns_records.write(out, record, known)
            out[at : at + 2] = (len(out) - at - 2).to_bytes(2, "big")
    if message.edns is not None:
        _write_edns(out, message.edns)
    if len(out) > size_max:
        raise DnsError("size", f"the message has {len(out)} bytes, and {size_max} are allowed")
    return bytes(out)


def _write_edns(out, edns):
    options = b"".join([code.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value for code, value in edns.options])
    ttl = edns.code_high << 24 | edns.version << 16 | edns.flags
    out += dns_name.ROOT + (OPT << 48 | edns.size << 32 | ttl).to_bytes(8, "big") + len(options).to_bytes(2, "big") + options
