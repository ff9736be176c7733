"""Which network the access point takes, whatever the others are."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.wifi import links
from appliance.wifi.subnet import MASK, SUBNETS, device_address, free_subnet, must_move, overlaps, phone_addresses

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
ADDRESSES = st.one_of(st.sampled_from(SUBNETS).flatmap(lambda subnet: st.integers(0, 255).map(lambda end: f"{subnet}.{end}")),
                      st.ip_addresses(v=4).map(str))  # fmt: skip
USED = st.lists(st.tuples(ADDRESSES, st.integers(8, 32)), max_size=8)


def masked(entries):
    return [(address, str(ipaddress.IPv4Network(f"0.0.0.0/{length}").netmask)) for address, length in entries]


@given(USED)
def test_it_overlaps_none_while_there_is_one_that_does_not(entries):
    others = [ipaddress.IPv4Network(f"{address}/{length}", strict=False) for address, length in entries]
    free = [subnet for subnet in SUBNETS if not any(ipaddress.IPv4Network(f"{subnet}.0/24").overlaps(other) for other in others)]
    chosen = free_subnet(masked(entries))
    assert chosen == (free[0] if free else SUBNETS[0])
    for subnet in SUBNETS:
        assert overlaps(subnet, masked(entries)) == (subnet not in free)
        assert must_move(subnet, masked(entries)) == (subnet not in free and subnet != chosen)
    assert not must_move(chosen, masked(entries)), "it comes to rest"


@pytest.mark.parametrize("block", PRIVATE)
def test_a_home_that_uses_a_whole_private_block_leaves_room(block):
    network = ipaddress.IPv4Network(block)
    assert not overlaps(free_subnet([(str(network[9]), str(network.netmask))]), [(str(network[9]), str(network.netmask))])


def test_every_subnet_is_private_and_the_device_is_not_among_the_phones():
    for subnet in SUBNETS:
        network = ipaddress.IPv4Network(f"{subnet}.0/{MASK}")
        assert any(network.subnet_of(ipaddress.IPv4Network(block)) for block in PRIVATE)
        first, last = map(ipaddress.IPv4Address, phone_addresses(subnet))
        own = ipaddress.IPv4Address(device_address(subnet))
        assert own in network and first in network and last in network and own < first < last
    assert device_address(SUBNETS[0]) == "192.168.4.1", "what cards say"


def test_the_kernels_interfaces_are_read():
    assert ("127.0.0.1", "255.0.0.0") in links.networks("") and ("127.0.0.1", "255.0.0.0") not in links.networks("lo")
