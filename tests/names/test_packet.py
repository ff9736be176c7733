import hashlib
import json
import pathlib

import dns.message
import pytest

from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.dht.item import mutable_target, signed_part
from leither_edge.names import dns_message, packet, zone
from leither_edge.names.errors import PacketError
from tests.names.fakes import key_pair, record, signed, under

PAIR = key_pair()
KEY = PAIR.public_key
RECORDS = [record(KEY, "", "A", b"\xc0\0\2\7"), record(KEY, "www", "TXT", b"\5hello", 60)]


def test_what_is_signed_is_read():
    item = signed(PAIR, RECORDS, 1_700_000_000_000_000)
    assert (item.key, item.salt, item.seq) == (KEY, b"", 1_700_000_000_000_000)
    assert packet.read(item) == packet.Packet(KEY, item.seq, RECORDS)


def test_the_signature_is_over_bep_44s_text():
    item = signed(PAIR, RECORDS, 42)
    assert sodium.verify(item.signature, b"3:seqi42e1:v" + item.value, KEY)


def test_dnspython_reads_it():
    message = dns.message.from_wire(packet.dns_bytes(signed(PAIR, RECORDS).value))
    own = packet.key_to_name(KEY)
    assert sorted(rrset.to_text() for rrset in message.answer) == sorted([f"{own}. 300 IN A 192.0.2.7", f'www.{own}. 60 IN TXT "hello"'])


def test_pkarrs_own_form():
    item = signed(PAIR, RECORDS, 42)
    data = packet.to_bytes(item)
    assert data[:32] == KEY and data[32:96] == item.signature and data[96:104] == (42).to_bytes(8, "big")
    assert packet.from_bytes(data, sodium.verify) == item


def test_letters_are_lowered_and_foreign_names_refused():
    upper = RECORDS[1]._replace(name=under(KEY, "WWW").replace(b"WWW", b"wWw"))
    assert packet.read(signed(PAIR, [upper])).records[0].name == under(KEY, "www")
    with pytest.raises(PacketError) as refused:
        signed(PAIR, [record(key_pair(2).public_key, "", "A", b"abcd")])
    assert refused.value.code == "records"


def test_1000_bytes_are_read_and_996_written():
    def of(size):
        return record(KEY, "", "TXT", (b"\xff" + b"x" * 255) * 3 + bytes((size,)) + b"y" * size)

    head = len(dns_message.encode(dns_message.Message(answers=[of(0)])))
    room = packet.WRITE_MAX_BYTES - head
    assert len(packet.dns_bytes(signed(PAIR, [of(room)]).value)) == packet.WRITE_MAX_BYTES
    assert len(signed(PAIR, [of(room)]).value) == 1000, "BEP 44 counts the length before it"
    with pytest.raises(PacketError, match="holds 996"):
        signed(PAIR, [of(room + 1)])
    large = dns_message.encode(dns_message.Message(answers=[of(room + 4)]))
    assert packet.read_records(KEY, packet.dns_bytes(b"%d:%b" % (len(large), large)))
    with pytest.raises(PacketError) as refused:
        packet.dns_bytes(b"1001:" + bytes(1001))
    assert refused.value.code == "size"


def test_records_of_other_names_and_classes_are_passed_over():
    other = key_pair(2).public_key
    answers = [RECORDS[0], record(other, "", "A", b"evil"), RECORDS[0]._replace(class_=3)]
    message = dns_message.encode(dns_message.Message(answers=answers, authorities=[RECORDS[1]]))
    assert packet.read_records(KEY, message) == [RECORDS[0]]


@pytest.mark.parametrize("value", [b"", b"i5e", b"3:ab", b"3:abcd", b"03:abc", b":", b"1a:a", b"l1:ae", b"99999:", b"\xb23:abc"])
def test_values_that_are_no_byte_string(value):
    with pytest.raises(PacketError) as refused:
        packet.dns_bytes(value)
    assert refused.value.code == "value"


def test_no_packet():
    item = signed(PAIR, RECORDS)
    for changed, code in (
        (item._replace(salt=b"x"), "salt"),
        (item._replace(key=None), "salt"),
        (item._replace(value=b"4:junk"), "dns"),
    ):
        with pytest.raises(PacketError) as refused:
            packet.read(changed)
        assert refused.value.code == code


def test_changed_bytes_are_refused():
    data = packet.to_bytes(signed(PAIR, RECORDS))
    for at in range(0, len(data), 7):
        with pytest.raises(PacketError):
            packet.from_bytes(data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :], sodium.verify)
    for size in (0, packet.HEAD_BYTES, packet.HEAD_BYTES + 1001):
        with pytest.raises(PacketError):
            packet.from_bytes(bytes(size), sodium.verify)


def test_the_newer_of_two():
    old, new = signed(PAIR, RECORDS, 1), signed(PAIR, RECORDS[:1], 2)
    assert packet.is_newer(new, old) and not packet.is_newer(old, new) and not packet.is_newer(old, old)
    twin = signed(PAIR, RECORDS[1:], 1)
    assert packet.is_newer(twin, old) != packet.is_newer(old, twin)


def test_where_it_lies():
    # pkarr: at the hash of the key alone.
    assert mutable_target(KEY, b"") == hashlib.sha1(KEY).digest()


@pytest.mark.parametrize("case", json.loads((pathlib.Path(__file__).parent / "vectors" / "pkarr.json").read_text())["packets"])
def test_packets_that_pkarr_made(case):
    item = packet.from_bytes(bytes.fromhex(case["packet"]), sodium.verify)
    assert packet.key_to_name(item.key) == case["name"] and item.seq == case["timestamp"]
    own = packet.origin(item.key)
    assert sorted(zone.line(record, own) for record in packet.read(item).records) == case["records"]
    # Ed25519 is deterministic: the same bytes signed here have the same signature.
    pair = KeyPair(bytes.fromhex(case["seed"]))
    assert pair.sign(signed_part(item.seq, item.value, b"")) == item.signature
