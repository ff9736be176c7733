"""Where a device listens, as people write it."""

import re
from collections import namedtuple

from leither_edge.cli.failure import UsageError

# Where a device of ours serves; a node on a laptop prints its port with its address.
DEFAULT_PORT = 80
HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?")
IPV6 = re.compile(r"[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9._-]{1,32})?")
ACCEPTED = "Write it like 192.168.4.1, http://host:port/ or [fe80::1]:8040."


class Address(namedtuple("Address", "host port")):
    """Host name or IP address (no brackets) and TCP port."""

    __slots__ = ()

    def __str__(self):
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def host_header(self):
        """The value of the Host header: no zone, brackets round IPv6 (RFC 9110 7.2)."""
        host = f"[{self.host.partition('%')[0]}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_address(text):
    """Read an address.

    Args:
        text: host, host:port, [v6]:port or an http URL without a path.

    Raises:
        UsageError: with what is accepted.
    """
    rest = text.strip()
    if "://" in rest:
        scheme, _, rest = rest.partition("://")
        if scheme.lower() == "https":
            raise wrong(text, "devices speak http; every command is signed, so nothing depends on https")
        if scheme.lower() != "http":
            raise wrong(text, f"“{scheme}” is not a way to reach a device")
    rest, slash, path = rest.partition("/")
    if path:
        raise wrong(text, "an address has no path")
    host, port = split_port(text, rest)
    if ":" in host or rest.startswith("["):
        good = IPV6.fullmatch(host) is not None and is_ipv6(host)
    else:
        good = HOST_NAME.fullmatch(host) is not None
    if not good:
        raise wrong(text, "the host is not a name or an IP address")
    return Address(host.lower(), port)


def split_port(text, rest):
    """Take host and port apart."""
    if rest.startswith("["):
        host, bracket, port = rest[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise wrong(text, "the brackets do not match")
        port = port[1:]
    elif rest.count(":") > 1:
        host, port = rest, ""
    else:
        host, _, port = rest.partition(":")
    if not port:
        return host, DEFAULT_PORT
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        raise wrong(text, "the port is a number from 1 to 65535")
    return host, int(port)


def is_ipv6(host):
    """Whether the part before a zone is an IPv6 address."""
    import socket

    try:
        socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    except (OSError, ValueError):
        return False
    return True


def wrong(text, why):
    """The error for an address that cannot be used."""
    return UsageError(f"“{text}” is not an address of a device: {why}.", fix=ACCEPTED)
