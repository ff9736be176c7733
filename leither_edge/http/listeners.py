"""Listening sockets. Loopback only, unless the caller names another address."""

import errno
import socket

from .errors import ListenError

LOOPBACK = ("127.0.0.1", "::1")
BACKLOG = 64

# Kernel memory a slow reader can tie up; inherited by every accepted socket.
SEND_BUFFER_BYTES = 128 * 1024


def open_listeners(port, hosts=LOOPBACK):
    """Listen on each of ``hosts`` (numeric addresses) at one TCP ``port``; 0 picks a free one, the same for all.

    Returns non-blocking sockets. Raises ListenError. A missing IPv6 is passed over when an IPv4 address is served.
    """
    listeners = []
    try:
        for host in hosts:
            try:
                listener = _listen(host, port)
            except OSError as error:
                absent = error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT)
                if absent and ":" in host and listeners:
                    continue
                raise ListenError(_sentence(host, port, error)) from None
            listeners.append(listener)
            port = listener.getsockname()[1]
    except BaseException:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def _listen(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        socket.inet_pton(family, host.partition("%")[0])  # a name would mean a DNS question at start
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _sentence(host, port, error):
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is used by another program: stop it or choose another port."
    if error.errno == errno.EACCES:
        return f"Port {port} on {host} needs more rights: choose a port above 1023."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"This machine has no address {host}: choose one of its own addresses."
    return f"Cannot listen on {host} port {port}: {error.strerror or error}."
