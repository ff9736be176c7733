import pytest

from leither_edge.core.ids import id_to_text
from leither_edge.peer.addresses import Address, group_of, is_near, parse, parse_all
from leither_edge.peer.errors import BadAddress

RELAY = bytes(range(20))
RELAY_TEXT = id_to_text(RELAY)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("192.0.2.1:8042", Address("192.0.2.1", 8042, None)),
        ("[2001:db8::1]:1", Address("2001:db8::1", 1, None)),
        ("[fe80::1%eth0]:8042", Address("fe80::1%eth0", 8042, None)),
        ("node.example.:65535", Address("node.example.", 65535, None)),
        (f"via:{RELAY_TEXT}", Address(None, 0, RELAY)),
        (f"via:{RELAY_TEXT}@192.0.2.1:8042", Address("192.0.2.1", 8042, RELAY)),
        (f"via:{RELAY_TEXT}@[2001:db8::1]:8042", Address("2001:db8::1", 8042, RELAY)),
    ],
)
def test_an_address_is_read_and_written(text, found):
    assert parse(text) == found
    assert str(found) == text


@pytest.mark.parametrize("text", ["192.0.2.1", "2001:db8::1", "[2001:db8::1]", "node.example"])
def test_a_port_may_be_left_out_where_there_is_a_usual_one(text):
    assert parse(text, 8042).port == 8042
    with pytest.raises(BadAddress):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "", ":8042", "192.0.2.256:8042", "192.0.2:8042", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1:8 ", "a b:1",
        "a..b:1", "[2001:db8::1:8042", "[192.0.2.1]:8042", "[fe80::1%et/0]:1", "via:", "via:abc", f"via:{RELAY_TEXT}@",
        f"via:{RELAY_TEXT}@via:x", "x" * 301, None, 7,
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(text):
    with pytest.raises(BadAddress):
        parse(text, 8042)


def test_a_list_from_outside_is_bounded():
    assert parse_all(["192.0.2.1:1", "junk", 5, "192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"], 2) == [
        Address("192.0.2.1", 1, None), Address("192.0.2.2", 1, None)
    ]  # fmt: skip
    assert parse_all("192.0.2.1:1", 2) == []


def test_the_own_network_is_known():
    near = ["127.0.0.1", "10.1.2.3", "192.168.1.1", "172.31.0.1", "169.254.1.1", "::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1"]
    assert all(map(is_near, near))
    assert not any(map(is_near, ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "node.example"]))


def test_an_ipv6_household_is_one():
    assert group_of("2001:db8::1") == group_of("2001:db8::ffff:1")
    assert group_of("192.0.2.1") == group_of("::ffff:192.0.2.1") != group_of("192.0.2.2")
