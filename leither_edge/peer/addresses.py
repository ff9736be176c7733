"""Where a node is reached, as text: "192.0.2.1:8042", "[2001:db8::1]:8042", "name.example:8042", "via:<relay's node id>[@host:port]"."""

from collections import namedtuple

from leither_edge.core.ids import IdError, id_from_text, id_to_text
from leither_edge.dht import compact

from .errors import BadAddress

ADDRESS_MAX_CHARS = 300
_HOST_MAX_CHARS = 253
_VIA = "via:"
_HOST_CHARS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-._")


class Address(namedtuple("Address", "host port relay")):
    """host (text or None), port (1 to 65535, 0 where there is no host), relay (20-byte node id of who carries the connection, or None)."""

    __slots__ = ()

    def __str__(self):
        host = f"[{self.host}]" if self.host and ":" in self.host else self.host
        place = f"{host}:{self.port}" if host else ""
        if self.relay is None:
            return place
        return f"{_VIA}{id_to_text(self.relay)}" + (f"@{place}" if place else "")


def parse(text, default_port=None):
    """The Address of a text. default_port: for a host without a port; without it a port must be named. Raises BadAddress."""
    if not isinstance(text, str) or not 0 < len(text) <= ADDRESS_MAX_CHARS:
        raise BadAddress("An address of a node is a text such as 192.0.2.1:8042.")
    if not text.startswith(_VIA):
        return Address(*_place(text, default_port), None)
    relay, at, place = text[len(_VIA) :].partition("@")
    try:
        relay = id_from_text(relay)
    except IdError:
        raise BadAddress(f"{text[:80]!r} names no node after via: write via: and the 27 characters of the relay's id.") from None
    return Address(*(_place(place, default_port) if at else (None, 0)), relay)


def parse_all(texts, most):
    """The Addresses of a list of texts from outside: those that cannot be read, repeat, or are beyond `most` are left out."""
    found = []
    for text in list(texts)[: most * 4] if isinstance(texts, (list, tuple)) else ():
        try:
            address = parse(text)
        except BadAddress:
            continue
        if address not in found and len(found) < most:
            found.append(address)
    return found


def is_numeric(host):
    """Whether a host is an IP address and not a name."""
    return packed(host) is not None


def packed(host):
    """The 4 or 16 bytes of an IP address in text, None for a name; IPv4 in IPv6 form is IPv4."""
    host, mark, scope = host.partition("%")
    if mark and not (scope.isascii() and scope.isalnum() and ":" in host):
        return None
    try:
        found = compact.ip(compact.pack(host, 0))
    except compact.AddressError:
        return None
    return found[12:] if len(found) == 16 and found[:12] == bytes(10) + b"\xff\xff" else found


def is_near(host):
    """Whether a host (IP address in text) is of the own machine or network: loopback, private, link-local."""
    found = packed(host)
    if found is None:
        return False
    found += b"\0\0"
    return compact.is_loopback(found) or compact.is_private(found)


def group_of(host):
    """What connections of one household are counted under: the IPv4 address, or the first 8 bytes of an IPv6 one."""
    found = packed(host)
    return host.encode() if found is None else found[:8]


def _place(text, default_port):
    host, colon, port = text.rpartition(":")
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        colon, port = port[:1], port[1:]
        good = bracket and colon in ("", ":") and ":" in host and is_numeric(host)
    else:
        if not colon or ":" in host:
            # An IPv6 address may stand bare where no port follows.
            host, colon, port = text, "", ""
        good = is_numeric(host) if ":" in host else _is_name(host)
    if not good:
        raise BadAddress(f"{text[:80]!r} is no address: write 192.0.2.1:8042, [2001:db8::1]:8042 or name.example:8042.")
    if not colon and default_port is not None:
        return host, default_port
    if not (port.isascii() and port.isdigit()) or len(port) > 5 or not 0 < int(port) < 65536:
        raise BadAddress(f"{text[:80]!r} has no port: a number from 1 to 65535 after a colon.")
    return host, int(port)


def _is_name(host):
    if is_numeric(host):
        return True
    labels = host.removesuffix(".").split(".")
    # What looks like a number and is no address is a typing error, not a name.
    return 0 < len(host) <= _HOST_MAX_CHARS and _HOST_CHARS.issuperset(host.lower()) and all(labels) and not labels[-1].isdigit()
