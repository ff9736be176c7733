"""pkarr's JavaScript implementation, which nobody here wrote: it reads what we sign, we read what it signs, and both meet in one DHT."""

import pytest

from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.names import packet, zone
from leither_edge.names.z_base_32 import key_to_name
from tests.dht_nodes import Nodes
from tests.interop.pkarr_process import Pkarr

pytestmark = pytest.mark.interop
OURS, THEIRS = KeyPair(bytes(range(32))), KeyPair(bytes(range(1, 33)))
TIMESTAMP = 1_700_000_000_123_456
TEXT = """@ 300 A 192.0.2.7
@ 60 AAAA 2001:db8::7
www 3600 CNAME @
_text 30 TXT "hello" "wide world"
@ 30 NS ns.example.com.
"""


def theirs_of(name):
    """The same records, as pkarr's users write them."""
    return [
        {"name": ".", "type": "A", "ttl": 300, "class": "IN", "data": "192.0.2.7"},
        {"name": "@", "type": "AAAA", "ttl": 60, "class": "IN", "data": "2001:db8::7"},
        {"name": "www", "type": "CNAME", "ttl": 3600, "class": "IN", "data": name},
        {"name": f"_text.{name}", "type": "TXT", "ttl": 30, "class": "IN", "data": ["hello", "wide world"]},
        {"name": "", "type": "NS", "ttl": 30, "class": "IN", "data": "ns.example.com"},
    ]


@pytest.fixture(scope="module")
def pkarr():
    with Pkarr() as process:
        yield process


def signed(pair, text=TEXT, sequence=TIMESTAMP):
    return packet.make(pair.public_key, zone.parse(text, pair.public_key, 300), sequence, pair.sign)


def payload(item):
    return packet.to_bytes(item)[32:].hex()


def test_it_reads_what_we_sign(pkarr):
    read = pkarr.do("read", key=OURS.public_key.hex(), bytes=payload(signed(OURS)))
    name = key_to_name(OURS.public_key)
    assert read["name"] == name and read["timestamp"] == TIMESTAMP
    answers = {(answer["name"], answer["type"], answer["ttl"]): answer["data"] for answer in read["answers"]}
    assert answers[name, "A", 300] == "192.0.2.7" and answers[name, "AAAA", 60] == "2001:db8::7"
    assert answers[f"www.{name}", "CNAME", 3600] == name and answers[name, "NS", 30] == "ns.example.com"
    assert [bytes(string["data"]) for string in answers[f"_text.{name}", "TXT", 30]] == [b"hello", b"wide world"]


def test_a_changed_byte_is_refused_there_too(pkarr):
    changed = bytearray.fromhex(payload(signed(OURS)))
    changed[-1] ^= 1
    assert "nvalid signature" in pkarr.do("read", key=OURS.public_key.hex(), bytes=changed.hex())["error"]


def test_we_read_what_it_signs(pkarr):
    name = key_to_name(THEIRS.public_key)
    made = pkarr.do("make", seed=THEIRS.seed.hex(), timestamp=TIMESTAMP, answers=theirs_of(name))
    assert bytes.fromhex(made["key"]) == THEIRS.public_key
    item = packet.from_bytes(THEIRS.public_key + bytes.fromhex(made["bytes"]), sodium.verify)
    read = packet.read(item)
    assert read.sequence == TIMESTAMP
    assert sorted(read.records) == sorted(zone.parse(TEXT, THEIRS.public_key, 300))
    # Both sign the same bytes in the same way; ours are fewer, since names in them are compressed.
    assert len(signed(THEIRS).value) < len(item.value)


def test_both_publish_and_resolve_in_one_network(pkarr):
    with Nodes([(f"127.45.{number}.1",) for number in (1, 2, 3)]) as nodes:
        opened = pkarr.do("open", host="127.45.9.1", bootstrap=[list(address) for address in nodes.addresses])
        assert "error" not in opened
        pkarr.do("ready")
        ours = signed(OURS)
        assert nodes.ask("put_mutable", ours, node=1).stored >= 2
        found = pkarr.do("get", key=OURS.public_key.hex())
        assert found["timestamp"] == TIMESTAMP and found["name"] == key_to_name(OURS.public_key) and len(found["answers"]) == 5

        made = pkarr.do("make", seed=THEIRS.seed.hex(), timestamp=TIMESTAMP + 1, answers=theirs_of(key_to_name(THEIRS.public_key)))
        assert pkarr.do("put", key=made["key"], bytes=made["bytes"])["nodes"] >= 2
        item = nodes.ask("get_mutable", THEIRS.public_key, node=2).value
        assert packet.read(item).sequence == TIMESTAMP + 1 and packet.to_bytes(item)[32:].hex() == made["bytes"]
