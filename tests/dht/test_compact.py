"""Packed addresses and contacts: text both ways, against the standard library, and what kind of address it is."""

import ipaddress
import random

import pytest

from leither_edge.dht import compact
from leither_edge.dht.compact import AddressError

GOOD = ("0.0.0.0", "1.2.3.4", "255.255.255.255", "::", "::1", "1::", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4",
        "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "2001:DB8::a")  # fmt: skip
BAD = ("", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "1.2.3.-4", "a.b.c.d", "\u0661.1.1.1", "1.2.3.4 ", ":1", "1:", "1::2::3",
       ":::", "::12345", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "1.2.3.4::", "::1.2.3", "1::1.2.3.4:5", "fe80::1%eth0",
       "::g", "0" * 60 + "::")  # fmt: skip


@pytest.mark.parametrize("host", GOOD)
def test_text_is_packed_and_written_again(host):
    known = ipaddress.ip_address(host)
    address = compact.pack(host, 0x1234)
    assert address == known.packed + b"\x12\x34"
    text, port = compact.unpack(address)
    assert ipaddress.ip_address(text) == known and port == 0x1234
    assert compact.family(address) == known.version and compact.ip(address) == known.packed


@pytest.mark.parametrize("host", BAD)
def test_other_text_is_refused(host):
    with pytest.raises(AddressError) as caught:
        compact.pack(host, 1)
    assert caught.value.code == "host"


@pytest.mark.parametrize("port", (-1, 65536))
def test_a_port_out_of_range_is_refused(port):
    with pytest.raises(AddressError):
        compact.pack("127.0.0.1", port)


def test_ipv6_is_written_shortest():
    chance = random.Random(1)
    for _ in range(300):
        packed = b"".join(chance.choice((b"\0\0", b"\0\0", chance.randbytes(2))) for _ in range(8))
        text, _ = compact.unpack(packed + b"\0\1")
        assert compact.pack(text, 1)[:16] == packed
        assert text == ipaddress.IPv6Address(int.from_bytes(packed, "big")).compressed or packed[:10] == bytes(10)


@pytest.mark.parametrize("size", (0, 1, 2, 5, 7, 17, 19))
def test_other_lengths_are_no_address(size):
    for function in (compact.unpack, compact.family):
        with pytest.raises(AddressError):
            function(bytes(size))


def test_nodes_are_split():
    data = bytes(range(130))
    assert compact.split_nodes(data, 4) == [data[:26], data[26:52], data[52:78], data[78:104], data[104:]]
    assert compact.split_nodes(data[:114], 6) == [data[:38], data[38:76], data[76:114]]
    assert compact.split_nodes(b"", 4) == []
    assert len(compact.split_nodes(bytes(26 * 70), 4)) == compact.NODES_MAX
    assert len(compact.split_nodes(bytes(26 * 70), 4, limit=3)) == 3
    for family, size in ((4, 25), (4, 27), (6, 26), (6, 39)):
        with pytest.raises(AddressError):
            compact.split_nodes(bytes(size), family)


def test_the_prefix_of_one_operator():
    assert compact.prefix(compact.pack("1.2.3.4", 5)) == b"\1\2\3"
    assert compact.prefix(compact.pack("2001:db8:1:2::3", 5)) == bytes.fromhex("20010db80001")


# host: loopback, private, usable, global
KINDS = {
    "127.0.0.1": (1, 0, 1, 0),
    "127.9.8.7": (1, 0, 1, 0),
    "10.1.2.3": (0, 1, 1, 0),
    "172.15.0.1": (0, 0, 1, 1),
    "172.16.0.1": (0, 1, 1, 0),
    "172.31.0.1": (0, 1, 1, 0),
    "172.32.0.1": (0, 0, 1, 1),
    "192.168.4.1": (0, 1, 1, 0),
    "192.169.4.1": (0, 0, 1, 1),
    "169.254.1.1": (0, 1, 1, 0),
    "100.63.0.1": (0, 0, 1, 1),
    "100.64.0.1": (0, 1, 1, 0),
    "100.128.0.1": (0, 0, 1, 1),
    "0.0.0.0": (0, 0, 0, 0),
    "224.0.0.1": (0, 0, 0, 0),
    "255.255.255.255": (0, 0, 0, 0),
    "203.0.113.9": (0, 0, 1, 1),
    "::": (0, 0, 0, 0),
    "::1": (1, 0, 1, 0),
    "::2": (0, 0, 0, 0),
    "::ffff:1.2.3.4": (0, 0, 0, 0),
    "fe80::1": (0, 1, 1, 0),
    "febf::1": (0, 1, 1, 0),
    "fec0::1": (0, 0, 1, 1),
    "fc00::1": (0, 1, 1, 0),
    "fdff::1": (0, 1, 1, 0),
    "ff02::1": (0, 0, 0, 0),
    "2001:db8::1": (0, 0, 1, 1),
}


@pytest.mark.parametrize("host", KINDS)
def test_the_kind_of_an_address(host):
    address = compact.pack(host, 7)
    found = (compact.is_loopback, compact.is_private, compact.is_usable, compact.is_global)
    assert tuple(int(function(address)) for function in found) == KINDS[host]
    assert not compact.is_usable(compact.pack(host, 0))
