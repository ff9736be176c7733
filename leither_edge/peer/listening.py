"""Listening sockets of the peer port, without anything of the channels loaded."""

import errno
import socket

from .errors import NotListening

BACKLOG = 64
EVERYWHERE = ("0.0.0.0", "::")


def open_sockets(hosts, port):
    """Listen on each of ``hosts`` (IP addresses) at one TCP ``port``; 0 picks a free one, the same for all.

    Returns non-blocking sockets. Raises NotListening. A missing IPv6 is passed over where IPv4 is served.
    """
    opened = []
    try:
        for host in hosts:
            try:
                sock = _open(host, port)
            except OSError as error:
                absent = error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT)
                if absent and ":" in host and opened:
                    continue
                raise NotListening(_sentence(host, port, error)) from None
            opened.append(sock)
            port = sock.getsockname()[1]
    except BaseException:
        for sock in opened:
            sock.close()
        raise
    return opened


def _open(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # A name would mean a DNS question at start.
        socket.inet_pton(family, host.partition("%")[0])
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def _sentence(host, port, error):
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is used by another program: stop it or choose another port for peers."
    if error.errno == errno.EACCES:
        return f"Port {port} on {host} needs more rights: choose a port above 1023."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"This machine has no address {host}: choose one of its own addresses."
    return f"Cannot listen for peers on {host} port {port}: {error.strerror or error}."
