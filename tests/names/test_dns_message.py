"""The small codec, beside dnspython in both directions, and against what tries to break it."""

import random

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest

from leither_edge.names import dns_message, dns_name, dns_records
from leither_edge.names.dns_message import Edns, Message, Question
from leither_edge.names.dns_records import Record
from leither_edge.names.errors import DnsError

RECORDS = [
    "www.example. 300 IN A 192.0.2.7",
    "www.example. 300 IN AAAA 2001:db8::7",
    'www.example. 60 IN TXT "hello" "wide world"',
    "alias.example. 60 IN CNAME www.example.",
    "example. 3600 IN NS ns1.example.",
    "example. 3600 IN SOA ns1.example. hostmaster.example. 7 3600 600 86400 60",
    "example. 3600 IN MX 10 mail.example.",
    "_sip._tcp.example. 3600 IN SRV 1 2 5060 sip.example.",
    "_leither.example. 60 IN SVCB 1 www.example. port=8040 alpn=h2",
    "example. 60 IN HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.7",
    'example. 60 IN CAA 0 issue "ca.example"',
]


def peer_message(lines=RECORDS):
    message = dns.message.make_response(dns.message.make_query("www.example.", "ANY"))
    for line in lines:
        name, ttl, class_, type_, data = line.split(" ", 4)
        message.answer.append(dns.rrset.from_text(name, int(ttl), class_, type_, data))
    return message


def wire(text):
    return dns.name.from_text(text).to_wire()


def test_reads_what_dnspython_writes():
    message = dns_message.parse(peer_message().to_wire())
    assert message.is_response and [question.name for question in message.questions] == [wire("www.example.")]
    assert len(message.answers) == len(RECORDS)
    for record, line in zip(message.answers, RECORDS, strict=True):
        name, ttl, _, type_, data = line.split(" ", 4)
        assert (record.name, record.ttl) == (wire(name), int(ttl))
        # Uncompressed, as dnspython writes a record that stands alone.
        assert record.data == dns.rrset.from_text(name, 0, "IN", type_, data)[0].to_wire()


def test_dnspython_reads_what_is_written():
    said = peer_message()
    ours = dns_message.encode(dns_message.parse(said.to_wire()))
    assert dns.message.from_wire(ours) == dns.message.from_wire(said.to_wire())
    # Names in services are never compressed; those of RFC 1035 are, all of them.
    assert len(ours) <= len(said.to_wire()) + len(wire("sip.example."))


def test_edns_there_and_back():
    query = dns.message.make_query(
        "a.b.", "A", use_edns=0, payload=1232, want_dnssec=True, options=[dns.edns.GenericOption(10, b"cookie-8")]
    )
    message = dns_message.parse(query.to_wire())
    assert message.edns == Edns(1232, 0, 0x8000, ((10, b"cookie-8"),), 0)
    reply = Message(message.id, dns_message.QUERY_BIT, message.questions, edns=Edns(1232, options=((15, b"\x00\x16why"),), code_high=1))
    read = dns.message.from_wire(dns_message.encode(reply))
    assert read.edns == 0 and read.payload == 1232 and read.rcode() == 16 and read.options[0].text == "why"
    assert dns_message.parse(dns_message.encode(reply)).code == 16


def header(*counts, flags=0):
    return b"\x12\x34" + flags.to_bytes(2, "big") + b"".join([count.to_bytes(2, "big") for count in counts])


QUESTION = b"\1a\0\0\1\0\1"
A_RECORD = b"\1a\0\0\1\0\1\0\0\0\1\0\4abcd"
BROKEN = {
    "no header": (b"\0" * 11, "size"),
    "too large": (header(0, 0, 0, 0) + bytes(5000), "size"),
    "too many": (header(0, 65535, 0, 0), "count"),
    "no question": (header(1, 0, 0, 0), "name"),
    "no type": (header(1, 0, 0, 0) + b"\1a\0\0\1", "record"),
    "no label": (header(1, 0, 0, 0) + b"\5ab", "name"),
    "label of 64": (header(1, 0, 0, 0) + b"\x40" + b"a" * 64 + b"\0\0\1\0\1", "name"),
    "name of 256": (header(1, 0, 0, 0) + (b"\x3f" + b"a" * 63) * 4 + b"\0\0\1\0\1", "name"),
    "pointer to itself": (header(1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1", "name"),
    "pointer ahead": (header(1, 0, 0, 0) + b"\xc0\x20\0\1\0\1", "name"),
    "half a pointer": (header(1, 0, 0, 0) + b"\xc0", "name"),
    "pointer into its own label": (header(1, 0, 0, 0) + b"\1a\xc0\x0c\0\1\0\1", "name"),
    "record cut": (header(0, 1, 0, 0) + A_RECORD[:-1], "record"),
    "address of 3": (header(0, 1, 0, 0) + b"\0\0\1\0\1\0\0\0\1\0\3abc", "record"),
    "text of nothing": (header(0, 1, 0, 0) + b"\0\0\x10\0\1\0\0\0\1\0\0", "record"),
    "text too long": (header(0, 1, 0, 0) + b"\0\0\x10\0\1\0\0\0\1\0\2\5a", "record"),
    "alias and more": (header(0, 1, 0, 0) + b"\0\0\5\0\1\0\0\0\1\0\4\1a\0x", "record"),
    "alias without end": (header(0, 1, 0, 0) + b"\0\0\5\0\1\0\0\0\1\0\2\1a", "name"),
    "service parameters unordered": (header(0, 1, 0, 0) + b"\0\0\x40\0\1\0\0\0\1\0\x0b\0\1\0\0\3\0\0\0\3\0\0", "record"),
    "service target compressed": (header(0, 1, 0, 0) + b"\0\0\x40\0\1\0\0\0\1\0\4\0\1\xc0\x0c", "name"),
    "options twice": (header(0, 0, 0, 2) + b"\0\0\x29\2\0\0\0\0\0\0\0" * 2, "option"),
    "options in the answer": (header(0, 1, 0, 0) + b"\0\0\x29\2\0\0\0\0\0\0\0", "option"),
    "options under a name": (header(0, 0, 0, 1) + b"\1a\0\0\x29\2\0\0\0\0\0\0\0", "option"),
    "option cut": (header(0, 0, 0, 1) + b"\0\0\x29\2\0\0\0\0\0\0\5\0\1\0\2a", "option"),
    "bytes left": (header(1, 0, 0, 0) + QUESTION + b"x", "rest"),
}


@pytest.mark.parametrize("data, code", BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_refused(data, code):
    with pytest.raises(DnsError) as refused:
        dns_message.parse(data)
    assert refused.value.code == code


def test_a_chain_of_pointers_has_an_end():
    # Each name is one label and a pointer to the one before.
    chain, at = b"\1a\0", dns_message.HEADER_BYTES
    body = chain + b"\0\1\0\1"
    for _ in range(40):
        here = dns_message.HEADER_BYTES + len(body)
        body += b"\1b" + (0xC000 | at).to_bytes(2, "big") + b"\0\1\0\1"
        at = here
    with pytest.raises(DnsError, match="points nowhere good"):
        dns_message.parse(header(41, 0, 0, 0) + body)


def test_a_ttl_beyond_all_counts_as_none():
    record = b"\1a\0\0\1\0\1\xff\xff\xff\xff\0\4abcd"
    assert dns_message.parse(header(0, 1, 0, 0) + record).answers[0].ttl == 0


def test_too_large_is_not_written():
    record = Record(wire("a."), dns_records.TXT, 1, 0, dns_records.text_data(b"x" * 200))
    with pytest.raises(DnsError, match="512 are allowed"):
        dns_message.encode(Message(answers=[record] * 3), 512)


def test_names():
    name = dns_name.join(b"Www", b"\x00.", b"example")
    assert dns_name.split(name) == [b"Www", b"\x00.", b"example"]
    assert dns_name.text(name) == "Www.\\000\\046.example." == dns.name.from_wire(name, 0)[0].to_text().replace("\\.", "\\046")
    assert dns_name.is_under(name.lower(), wire("example.")) and not dns_name.is_under(wire("an-example."), wire("example."))
    assert not dns_name.is_under(b"\x09x\x07example\0", wire("example.")), "the end of a label is no label"
    assert dns_name.text(dns_name.ROOT) == "."
    for labels in ((b"",), (b"a" * 64,), (b"a" * 63,) * 4):
        with pytest.raises(DnsError):
            dns_name.join(*labels)


def test_records_made_here_are_what_dnspython_makes():
    def data(type_, text):
        return dns.rrset.from_text("x.", 0, "IN", type_, text)[0].to_wire()

    assert dns_records.text_data(b"a", b"b c") == data("TXT", '"a" "b c"')
    assert dns_records.service_data(1, wire("host."), ((3, b"\x1f\x68"),)) == data("SVCB", "1 host. port=8040")
    assert dns_records.authority_data(wire("a."), b"\0", 1 << 33, 1, 2, 3, 4) == data("SOA", "a. . 0 1 2 3 4")


def test_random_bytes_and_changed_messages_raise_nothing_else():
    source = random.Random(7)
    seeds = [peer_message().to_wire(), dns.message.make_query("www.example.", "A", use_edns=0).to_wire(), header(1, 0, 0, 0) + QUESTION]
    for _ in range(3000):
        data = bytearray(source.choice(seeds))
        for _ in range(source.randrange(1, 5)):
            at = source.randrange(len(data))
            data[at : at + source.randrange(3)] = source.randbytes(source.randrange(3))
            if not data:
                break
        try:
            message = dns_message.parse(bytes(data))
        except DnsError:
            continue
        again = dns_message.parse(dns_message.encode(message, 65535), 65535)
        assert (again.answers, again.questions, again.edns) == (message.answers, message.questions, message.edns)


def test_a_question_keeps_its_spelling():
    question = Question(wire("wWw.eXample."), 1, 1)
    record = Record(wire("www.example."), 1, 1, 5, b"abcd")
    read = dns_message.parse(dns_message.encode(Message(questions=[question], answers=[record])))
    assert read.questions == [question] and read.answers == [record]
