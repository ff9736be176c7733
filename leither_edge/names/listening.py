"""The sockets of the DNS responder: UDP that tells which of our addresses was asked, and TCP, on one port."""

import errno
import socket
import struct

BACKLOG = 16
RECEIVE_BUFFER_BYTES = 65_536
SEND_BUFFER_BYTES = 16_384
PORT_TRIES = 8
# Python has no name for it.
IP_PKTINFO = 8
_CONTROL_BYTES = 64


class ListenError(Exception):
    """The responder cannot listen; the text says where, why, and what to do."""


def open_sockets(hosts, port):
    """[(UDP socket, TCP socket), ...] for numeric addresses, not blocking. port: 0 takes a free one, the same for all.

    Raises ListenError. A missing IPv6 is passed over where IPv4 is served.
    """
    for left in range(PORT_TRIES - 1, -1, -1):
        pairs, number = [], port
        try:
            for host in hosts:
                try:
                    pair = _open_pair(host, number)
                except OSError as error:
                    if ":" in host and pairs and error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT):
                        continue
                    close(pairs)
                    # A free port of one kind may be taken for the other.
                    if port == 0 and left and error.errno == errno.EADDRINUSE:
                        break
                    raise ListenError(_sentence(host, number, error)) from None
                pairs.append(pair)
                number = pair[0].getsockname()[1]
            else:
                return pairs
        except BaseException:
            close(pairs)
            raise
    raise ListenError("No port is free for DNS: choose one.")


def close(pairs):
    """Close what open_sockets has opened."""
    for pair in pairs:
        for sock in pair:
            sock.close()


def _open_pair(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = []
    try:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            sock = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
            opened.append(sock)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if kind == socket.SOCK_DGRAM:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
                if family == socket.AF_INET6:
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
                else:
                    sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            else:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            sock.bind((host, port))
            port = sock.getsockname()[1]
        opened[1].listen(BACKLOG)
    except BaseException:
        for sock in opened:
            sock.close()
        raise
    return tuple(opened)


def receive(sock, size_max):
    """(datagram, peer's socket address, our IP in bytes or None, control data for the reply). Raises BlockingIOError, OSError."""
    data, control, _, peer = sock.recvmsg(size_max, _CONTROL_BYTES)
    for level, kind, value in control:
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO and len(value) >= 12:
            # Interface 0: the route decides; the source address: the one that was asked.
            own = value[4:8]
            return data, peer, own, [(level, kind, struct.pack("@i4s4s", 0, own, b"\0\0\0\0"))]
        if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO and len(value) >= 20:
            return data, peer, value[:16], [(level, kind, value[:20])]
    return data, peer, None, []


def _sentence(host, port, error):
    where = f"{host} port {port}"
    if error.errno == errno.EADDRINUSE:
        return f"DNS cannot listen on {where}: another program has it. Stop that one or choose another port."
    if error.errno == errno.EACCES:
        return f"DNS cannot listen on {where} without more rights. Choose a port above 1023."
    return f"DNS cannot listen on {where}: {error.strerror or error}."
