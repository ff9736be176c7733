"""A second interface on a radio, made and removed through the kernel's nl80211 (generic netlink): no program is needed for it.

wpa_supplicant could make it too, but gives it the radio's own address, with which most drivers do not let it go up.
Layout: linux/netlink.h, linux/genetlink.h, linux/nl80211.h.
"""

import _socket as socket  # as in wifi/links.py
import errno
import os
import struct

from appliance.wifi.links import Asking

NETLINK_GENERIC = 16
GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 0x10, 3, 1, 2
CMD_NEW_INTERFACE, CMD_DEL_INTERFACE = 7, 8
ATTR_IFINDEX, ATTR_IFNAME, ATTR_IFTYPE, ATTR_MAC = 3, 4, 5, 6
IFTYPE_AP = 3
NLMSG_ERROR, NLM_F_REQUEST, NLM_F_ACK = 2, 1, 4
ANSWER_MAX_BYTES = 32_768
ANSWER_LIMIT_S = 5.0


def add_access_point(radio, name, address):
    """Make the interface ``name`` for an access point beside the interface ``radio``.

    address: its hardware address, 6 bytes. Raises OSError when the chip has no room for it.
    """
    attributes = [
        (ATTR_IFINDEX, struct.pack("=I", socket.if_nametoindex(radio))),
        (ATTR_IFNAME, name.encode() + b"\0"),
        (ATTR_IFTYPE, struct.pack("=I", IFTYPE_AP)),
        (ATTR_MAC, address),
    ]
    _do(CMD_NEW_INTERFACE, attributes)


def remove(name):
    """Remove an interface; none is no error. Raises OSError."""
    try:
        index = socket.if_nametoindex(name)
    except OSError:
        return
    _do(CMD_DEL_INTERFACE, [(ATTR_IFINDEX, struct.pack("=I", index))])


def beside(address):
    """The hardware address of a second interface: locally administered, and the same at every start, for phones remember it."""
    return bytes([(address[0] | 2) ^ 4]) + address[1:]


def message(kind, command, attributes, sequence):
    """A request (bytes) of generic netlink with (number, value) attributes."""
    body = struct.pack("=BBH", command, 1, 0)
    for number, value in attributes:
        body += struct.pack("=HH", 4 + len(value), number) + value + b"\0" * (-len(value) % 4)
    return struct.pack("=IHHII", 16 + len(body), kind, NLM_F_REQUEST | NLM_F_ACK, sequence, 0) + body


def answer(data):
    """The error number (0: done), None while there is none, and the family number, in what the kernel sent."""
    at, result, family = 0, None, None
    while at + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        if not 16 <= length <= len(data) - at:
            break
        if kind == NLMSG_ERROR and length >= 20:
            result = -struct.unpack_from("=i", data, at + 16)[0]
        elif kind == GENL_ID_CTRL:
            family = _family(data[at + 20 : at + length]) or family
        at += length + (-length % 4)
    return result, family


def _family(data):
    at = 0
    while at + 4 <= len(data):
        length, number = struct.unpack_from("=HH", data, at)
        if length < 4 or at + length > len(data):
            return None
        if number == CTRL_ATTR_FAMILY_ID and length == 6:
            return struct.unpack_from("=H", data, at + 4)[0]
        at += length + (-length % 4)
    return None


def _do(command, attributes):
    with Asking(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_GENERIC) as sock:
        sock.settimeout(ANSWER_LIMIT_S)
        sock.bind((0, 0))
        family = _exchange(sock, message(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, [(CTRL_ATTR_FAMILY_NAME, b"nl80211\0")], 1))
        if family is None:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        _exchange(sock, message(family, command, attributes, 2))


def _exchange(sock, request):
    sock.send(request)
    family = None
    while True:
        result, found = answer(sock.recv(ANSWER_MAX_BYTES))
        family = found or family
        if result is not None:
            if result:
                raise OSError(result, os.strerror(result))
            return family
