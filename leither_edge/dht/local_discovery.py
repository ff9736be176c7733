"""Nodes of one LAN find each other by multicast: the message of BEP 14, for an info hash that only nodes of one network look for."""

from leither_edge.dht.item import sha1

GROUPS = {4: ("239.192.152.143", 6771), 6: ("ff15::efc0:988f", 6771)}
MESSAGE_MAX_BYTES = 512
COOKIE_CHARS = 16
# BEP 14 allows one a minute.
INTERVAL_S = 300
SOONEST_S = 60


def info_hash(network):
    """The 20 bytes that the nodes of a network announce. network: 8 bytes, or None for the public one."""
    return sha1(b"leither/lan/" + (network or b"")).digest()


def message(family, port, network, cookie):
    """The announcement. family: 4 or 6; port: UDP port of the DHT; cookie: text by which a node knows its own words."""
    group, group_port = GROUPS[family]
    host = f"[{group}]" if family == 6 else group
    return (
        f"BT-SEARCH * HTTP/1.1\r\nHost: {host}:{group_port}\r\nPort: {port}\r\nInfohash: {info_hash(network).hex()}\r\n"
        f"cookie: {cookie}\r\n\r\n\r\n"
    ).encode()


def port_of(data, network, own_cookie):
    """The UDP port that a node of our network announces; None for everything else, our own words among it."""
    if len(data) > MESSAGE_MAX_BYTES or not data.startswith(b"BT-SEARCH * HTTP/1.1\r\n"):
        return None
    port, is_ours = None, False
    for line in data.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        name, value = name.strip().lower(), value.strip()
        if name == b"port" and value.isdigit() and len(value) <= 5:
            port = int(value)
        elif name == b"infohash":
            is_ours = is_ours or value.lower() == info_hash(network).hex().encode()
        elif name == b"cookie" and value == own_cookie.encode():
            return None
    return port if is_ours and port is not None and 0 < port < 65536 else None
