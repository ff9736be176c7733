"""Sockets of a node: one UDP socket a family, not blocking, packed addresses."""

import errno
import socket

from leither_edge.dht import compact
from leither_edge.dht.errors import DhtError

# Some forty packets may wait in the kernel; under a flood it drops the rest before it costs us anything.
RECEIVE_BUFFER_BYTES = 65536
DATAGRAM_MAX_BYTES = 2048
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


def open_udp(host, port):
    """(family, socket) bound to a numeric address. Raises DhtError."""
    family = 6 if ":" in host else 4
    try:
        sock = socket.socket(_FAMILIES[family], socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    except OSError as error:
        raise _failed(host, port, error) from None
    try:
        if family == 6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise _failed(host, port, error) from None
    return family, sock


def _failed(host, port, error):
    where = f"{host} port {port}" if port else host
    fix = "Another program has it: stop that one or choose another port." if error.errno == errno.EADDRINUSE else "Choose another address."
    return DhtError("listen", f"The DHT cannot listen on {where}: {error.strerror}. {fix}")


def receive(sock, most):
    """Yield (datagram, packed address) of what waits, at most ``most``."""
    for _ in range(most):
        try:
            data, address = sock.recvfrom(DATAGRAM_MAX_BYTES + 1)
        except BlockingIOError:
            return
        except OSError:
            # What an earlier packet of ours met on its way (ICMP) is told here; the time-out tells the same.
            continue
        if address[1] and "%" not in address[0]:
            yield data, compact.pack(address[0], address[1])


def send(sock, data, address):
    """Send a datagram; False where the system would not take it (full, no route)."""
    try:
        sock.sendto(data, compact.unpack(address))
        return True
    except OSError:
        return False


def source_of(address):
    """This machine's own address (packed, port 0) from which it would reach an address; None where there is no way."""
    family = compact.family(address)
    with socket.socket(_FAMILIES[family], socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(compact.unpack(address))
            return compact.pack(sock.getsockname()[0], 0)
        except OSError:
            return None
