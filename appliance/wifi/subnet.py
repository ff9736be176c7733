"""Which network our access point is: one that no other network of the device overlaps. Rules only.

A home network is often 192.168.4.0/24 itself: the device would then find its router, or the phone on its page, behind the wrong
interface, or would take the router's address for its own.
"""

import _socket as socket  # as in wifi/links.py

# The first is what cards and instructions name. The others lie in different private blocks (RFC 1918), for some homes use a whole one.
SUBNETS = ("192.168.4", "192.168.144", "10.144.4", "172.28.144", "10.201.4", "172.19.44")
MASK = "255.255.255.0"
_MASK_BITS = 0xFFFFFF00


def overlaps(subnet, used):
    """Whether a network is one of those in use, or part of one, or holds one.

    subnet: the first three numbers; used: (address, mask) texts of the device's other interfaces.
    """
    return any((_bits(f"{subnet}.0") ^ _bits(address)) & _bits(mask) & _MASK_BITS == 0 for address, mask in used)


def free_subnet(used):
    """The first of SUBNETS that overlaps none in use; the very first where all do."""
    return next((subnet for subnet in SUBNETS if not overlaps(subnet, used)), SUBNETS[0])


def must_move(subnet, used):
    """Whether an open access point is in the way, and has somewhere to go."""
    return overlaps(subnet, used) and free_subnet(used) != subnet


def device_address(subnet):
    """The device's own address there."""
    return f"{subnet}.1"


def phone_addresses(subnet):
    """The first and the last address given to phones."""
    return f"{subnet}.10", f"{subnet}.200"


def _bits(text):
    return int.from_bytes(socket.inet_aton(text), "big")
