"""What nodes of one LAN shout, and what they make of others' shouts."""

from hypothesis import given
from hypothesis import strategies as st

from leither_edge.dht.local_discovery import info_hash, message, port_of

NETWORK = b"12345678"


def test_a_node_hears_another_of_its_network_but_not_itself():
    said = message(4, 6881, NETWORK, "aa")
    assert port_of(said, NETWORK, "bb") == 6881
    assert port_of(said, NETWORK, "aa") is None
    assert port_of(said, None, "bb") is None
    assert b"Host: 239.192.152.143:6771\r\n" in said and b"Host: [ff15::efc0:988f]:6771\r\n" in message(6, 1, None, "aa")


def test_a_torrent_client_that_announces_many_is_understood():
    said = (
        b"BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 51413\r\nInfohash: " + b"ab" * 20 + b"\r\nInfohash: "
        + info_hash(NETWORK).hex().upper().encode() + b"\r\ncookie: x\r\n\r\n\r\n"
    )  # fmt: skip
    assert port_of(said, NETWORK, "bb") == 51413


@given(st.binary(max_size=600))
def test_junk_is_nobody(data):
    assert port_of(data, NETWORK, "bb") is None
    assert port_of(b"BT-SEARCH * HTTP/1.1\r\n" + data, NETWORK, "bb") is None
