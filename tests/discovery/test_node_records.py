import pytest

from leither_edge.discovery.node_records import (
    NOWHERE,
    Reach,
    Relay,
    address_records,
    address_text,
    is_ours,
    read_reach,
    service_records,
    split_address,
)  # fmt: skip
from leither_edge.names import dns_records, packet
from leither_edge.names.dns_records import IN, SVCB, Record
from tests.names.fakes import key_pair, record, signed, under

PAIR = key_pair()
KEY = PAIR.public_key
RELAYS = [Relay(key_pair(number).public_key, (f"192.0.2.{number}:8042", f"[2001:db8::{number}]:8042")) for number in (2, 3, 4)]


def through_a_packet(records):
    return packet.read(signed(PAIR, records)).records


def test_what_is_told_is_read():
    records = address_records(KEY, ["192.0.2.7", "2001:db8::7"]) + service_records(KEY, 8042, RELAYS)
    assert read_reach(KEY, through_a_packet(records)) == Reach(("192.0.2.7:8042", "[2001:db8::7]:8042"), tuple(RELAYS))
    assert all(is_ours(KEY, each) for each in records)


def test_it_leaves_room_for_what_else_is_told():
    records = address_records(KEY, [f"2001:db8::{number}" for number in range(8)]) + service_records(KEY, 8042, RELAYS)
    page = dns_records.service_data(1, packet.origin(KEY), ((3, b"\x1f\x68"),))
    assert len(signed(PAIR, [*records, Record(under(KEY, "_leither"), SVCB, IN, 300, page)]).value) <= 900


def test_behind_a_relay_alone():
    records = through_a_packet(service_records(KEY, None, [Relay(RELAYS[0].public_key, ())]))
    assert read_reach(KEY, records) == Reach((), (Relay(RELAYS[0].public_key, ()),))


def test_other_records_say_nothing():
    others = [record(KEY, "", "A", b"\xc0\0\2\7"), record(KEY, "_leither-peer", "TXT", b"\1x")]
    assert read_reach(KEY, others) == NOWHERE
    strange = Record(under(KEY, "_leither-peer"), SVCB, IN, 60, dns_records.service_data(2, b"\3www\0"))
    assert read_reach(KEY, [strange]) == NOWHERE
    assert not is_ours(KEY, record(KEY, "www", "A", b"abcd"))


@pytest.mark.parametrize("data", [b"\0\0\0\0", b"\xe0\0\0\1"])
def test_an_address_that_is_no_hosts_is_passed_over(data):
    assert read_reach(KEY, [record(KEY, "", "A", data), *service_records(KEY, 8042)]).direct == ()


def test_addresses_as_text():
    for host, port in (("192.0.2.1", 8042), ("2001:db8::1", 1)):
        assert split_address(address_text(host, port)) == (host, port)
    for text in ("", "192.0.2.1", "example.org:80", "2001:db8::1:80", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:٣", ":80"):
        assert split_address(text) is None
