"""Sockets around local_discovery: says this node's port to the LAN now and then, and greets whoever says his."""

import socket

import trio

from leither_edge.dht import local_discovery
from leither_edge.dht.local_discovery import GROUPS, INTERVAL_S, MESSAGE_MAX_BYTES, SOONEST_S

_FEW = 8
REOPEN_S = 1800


async def discover(dht):
    """Run until cancelled."""
    cookie = dht.shared.random_bytes(8).hex()
    async with trio.open_nursery() as nursery:
        for host, port in dht.addresses:
            nursery.start_soon(_discover, dht, host, port, cookie)


async def _discover(dht, host, port, cookie):
    family = 6 if ":" in host else 4
    message = local_discovery.message(family, port, dht.settings.network, cookie)
    while True:
        try:
            sock = _open(family, host)
        except OSError:
            # No route yet: the cable or the Wi-Fi may come.
            await trio.sleep(SOONEST_S)
            continue
        # A group is joined on one interface; after a change of networks that may be the wrong one.
        with sock, trio.move_on_after(REOPEN_S):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_hear, dht, sock, cookie)
                nursery.start_soon(_say, sock, family, message)


def _open(family, host):
    group, port = GROUPS[family]
    sock = socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        # Several nodes of one machine, and torrent clients, share the port.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == 6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((group, port))
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, socket.inet_pton(socket.AF_INET6, group) + bytes(4))
        else:
            own = socket.inet_aton(host)
            sock.bind((group, port))
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + own)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own)
            # Never beyond this LAN.
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
    except OSError:
        sock.close()
        raise
    return sock


async def _say(sock, family, message):
    pause = SOONEST_S
    while True:
        try:
            sock.sendto(message, GROUPS[family])
        except OSError:
            pass
        await trio.sleep(pause)
        pause = INTERVAL_S


async def _hear(dht, sock, cookie):
    while True:
        await trio.lowlevel.wait_readable(sock)
        greeted = 0
        for _ in range(_FEW):
            try:
                data, address = sock.recvfrom(MESSAGE_MAX_BYTES + 1)
            except OSError:
                break
            port = local_discovery.port_of(data, dht.settings.network, cookie)
            if port is not None and not greeted and dht.contacts < _FEW * _FEW:
                greeted += 1
                dht.add_contact(address[0].partition("%")[0], port)
        # One greeting a second at most, whoever shouts.
        await trio.sleep(1)
