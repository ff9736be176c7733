"""From a DNS query to its answer. A name whose last label is a key is looked up; every other name is refused.

Refused, a client's resolver turns to its next server, so a device can stand first in a list beside an ordinary one.
"""

from leither_edge.names import answering, dns_message, dns_name, dns_records, packet
from leither_edge.names.dns_message import Edns, Message
from leither_edge.names.dns_records import ANY, AXFR, IN, IXFR, SOA, Record
from leither_edge.names.errors import DnsError, ResolveError
from leither_edge.names.z_base_32 import KeyNameError, name_to_key

QUERY_MAX_BYTES = 1232
# DNS flag day 2020: what no path cuts in pieces.
UDP_MAX_BYTES = 1232
UDP_PLAIN_BYTES = 512
TCP_MAX_BYTES = dns_message.MESSAGE_MAX_BYTES
NEGATIVE_TTL_S = 60
# From one key's packet to another's: each step may be a search through the network.
KEYS_MAX = 4
# RFC 8914: why, for people.
EXTENDED_ERROR = 15
STALE_ANSWER, NOT_AUTHORITATIVE, NO_REACHABLE_AUTHORITY = 3, 20, 22
_KEPT_BITS = dns_message.OPCODE_BITS | dns_message.RECURSION_WANTED | dns_message.CHECKING_DISABLED


def read_query(data):
    """(Message, None) of a query, or (None, answer) of one that cannot be read; (None, None) of what deserves no answer.

    Raises nothing.
    """
    if len(data) < dns_message.HEADER_BYTES or data[2] & 0x80:
        # Junk, or an answer: replying could go on for ever.
        return None, None
    try:
        return dns_message.parse(data, QUERY_MAX_BYTES), None
    except DnsError:
        flags = (data[2] << 8 | data[3]) & _KEPT_BITS | dns_message.QUERY_BIT | dns_message.FORMAT_ERROR
        return None, dns_message.encode(Message(data[0] << 8 | data[1], flags))


async def answer(query, resolver):
    """The answering Message to a query.

    resolver: with ``async resolve(key) -> Entry`` and ``clock``. Raises nothing but cancellation.
    """
    refusal = _refusal(query)
    if refusal is not None:
        return _reply(query, refusal)
    question = query.questions[0]
    name = question.name.lower()
    records, owner = [], question.name
    for _ in range(KEYS_MAX):
        key = _key_of(name)
        if key is None:
            break
        try:
            entry = await resolver.resolve(key)
        except ResolveError as error:
            # The aliases before it are no use without what they lead to.
            return _reply(query, dns_message.SERVER_FAILURE, why=(NO_REACHABLE_AUTHORITY, str(error)))
        now = resolver.clock()
        own = packet.origin(key)
        there = entry.records(now)
        if name == own and question.type == SOA and not any(record.type == SOA and record.name == own for record in there):
            there = [*there, _authority(own, entry)] if entry.item is not None else there
        found = answering.find(there, own, name, question.type) if entry.item is not None else answering.Found(answering.NO_NAME, [], None)
        why = None if entry.is_fresh(now) else (STALE_ANSWER, "")
        # Clients that mix cases to tell forgeries look for their own spelling.
        records += [record._replace(name=owner) if record.name == name else record for record in found.records]
        if found.kind == answering.FOUND and found.target is None:
            return _reply(query, dns_message.NO_ERROR, records, why=why)
        if found.kind != answering.FOUND:
            code = dns_message.NO_SUCH_NAME if found.kind == answering.NO_NAME else dns_message.NO_ERROR
            return _reply(query, code, records, [_authority(own, entry)], why)
        name = owner = found.target
    if not records:
        return _reply(query, dns_message.REFUSED, why=(NOT_AUTHORITATIVE, "Only names that end in a key are answered here."))
    return _reply(query, dns_message.NO_ERROR, records)


def encoded(query, reply, is_udp):
    """The bytes of a reply; by UDP, of one that does not fit, the question with the mark that it was cut."""
    limit = TCP_MAX_BYTES
    if is_udp:
        limit = UDP_PLAIN_BYTES if query.edns is None else min(max(query.edns.size, UDP_PLAIN_BYTES), UDP_MAX_BYTES)
    try:
        return dns_message.encode(reply, limit)
    except DnsError:
        cut = Message(reply.id, reply.flags | dns_message.TRUNCATED, reply.questions, edns=reply.edns)
        return dns_message.encode(cut, limit)


def _refusal(query):
    """The code with which a query is turned down whatever it asks for, or None."""
    if query.edns is not None and query.edns.version:
        return dns_message.BAD_VERSION
    if query.opcode:
        return dns_message.NOT_IMPLEMENTED
    if len(query.questions) != 1 or query.answers or query.authorities:
        return dns_message.FORMAT_ERROR
    question = query.questions[0]
    if question.class_ not in (IN, ANY) or question.type in (AXFR, IXFR):
        return dns_message.REFUSED
    return None


def _key_of(name):
    """The key that a name in lower case ends in, or None."""
    labels = dns_name.split(name)
    try:
        return name_to_key(labels[-1].decode("ascii")) if labels else None
    except (KeyNameError, UnicodeDecodeError):
        return None


def _authority(own, entry):
    """The SOA record of a key: no zone file has one, yet resolvers learn from it how long a no holds."""
    serial = 0 if entry.item is None else entry.item.seq // 1_000_000
    data = dns_records.authority_data(own, dns_name.ROOT, serial, 3600, 600, 86_400, NEGATIVE_TTL_S)
    return Record(own, SOA, IN, NEGATIVE_TTL_S, data)


def _reply(query, code, records=(), authorities=(), why=None):
    """A reply to a query. why: (number, text) of an extended error, told to who understands EDNS."""
    flags = query.flags & _KEPT_BITS | dns_message.QUERY_BIT | dns_message.RECURSION_OFFERED | (code & 15)
    if code in (dns_message.NO_ERROR, dns_message.NO_SUCH_NAME):
        flags |= dns_message.AUTHORITATIVE
    edns = None
    if query.edns is not None:
        options = () if why is None else ((EXTENDED_ERROR, why[0].to_bytes(2, "big") + why[1].encode()),)
        edns = Edns(UDP_MAX_BYTES, 0, 0, options, code >> 4)
    questions = query.questions if len(query.questions) == 1 else ()
    return Message(query.id, flags, questions, list(records), list(authorities), edns=edns)
