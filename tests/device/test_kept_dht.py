"""Which network the owner's configuration puts the device into."""

import pytest

from appliance.device.kept_dht import LAN, Wish, parse_entrances, parse_network
from leither_edge.dht import DhtError
from leither_edge.dht.settings import MAINLINE


def config(reach, network="", bootstrap=""):
    return {"reach": reach, "dht_network": network, "dht_bootstrap": bootstrap}


def test_the_house_alone_is_a_network_of_its_own():
    wish = Wish(config("lan"))
    assert wish.network == LAN and wish.bootstrap == ()


def test_the_public_network_is_entered_where_everybody_enters_or_where_the_owner_says():
    assert Wish(config("mainline")).bootstrap == MAINLINE and Wish(config("mainline")).network is None
    assert Wish(config("mainline", bootstrap="203.0.113.9:6881")).bootstrap == (("203.0.113.9", 6881),)


def test_an_organizations_network_needs_its_id():
    wish = Wish(config("organization", "00ff00ff00ff00ff", "dht.example.org:8041, [2001:db8::1]:8041"))
    assert wish.network == bytes.fromhex("00ff00ff00ff00ff")
    assert wish.bootstrap == (("dht.example.org", 8041), ("2001:db8::1", 8041))
    with pytest.raises(DhtError, match="dht_network"):
        Wish(config("organization"))


@pytest.mark.parametrize("text", ["host", "host:0", "host:70000", ":1", "host:x", "host:-1"])
def test_a_wrong_entrance_is_named(text):
    with pytest.raises(DhtError, match="host:port"):
        parse_entrances(text)


@pytest.mark.parametrize("text", ["0", "00ff", "zz" * 8, "00" * 9])
def test_a_wrong_network_id_is_named(text):
    with pytest.raises(DhtError, match="16 hexadecimal digits"):
        parse_network(text)


def test_the_same_wish_leaves_the_node_alone():
    assert Wish(config("lan")) == Wish(config("lan")) != Wish(config("mainline"))
