"""Compact addresses and contacts (BEP 5, 32): the bytes of an IP address and its port, as they travel and as they are kept.

An address is 6 bytes (IPv4) or 18 (IPv6); a contact is a node id before an address: 26 or 38 bytes.
"""

NODE_ID_BYTES = 20
ADDRESS_BYTES = {4: 6, 6: 18}
CONTACT_BYTES = {4: 26, 6: 38}
# More nodes than the largest k in use (20) are not taken from one reply.
NODES_MAX = 20

_HEX = frozenset("0123456789abcdefABCDEF")


class AddressError(ValueError):
    """A text that is no IP address, a port out of range, or packed bytes of a wrong length.

    Args: code (a short word for programs), sentence (for people).
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


def pack(host, port):
    """The packed address of an IP address in text and a port. Raises AddressError: host, port."""
    if not 0 <= port <= 65535:
        raise AddressError("port", f"a port is a number from 0 to 65535, not {port}")
    return (_pack_6(host) if ":" in host else _pack_4(host)) + port.to_bytes(2, "big")


def unpack(address):
    """(host text, port) of a packed address; IPv6 in the short form of RFC 5952. Raises AddressError: length."""
    port = address[-2] << 8 | address[-1] if len(address) > 2 else 0
    if len(address) == 6:
        return f"{address[0]}.{address[1]}.{address[2]}.{address[3]}", port
    if len(address) == 18:
        return _text_6(address), port
    raise _length_error()


def family(address):
    """4 or 6. Raises AddressError: length."""
    if len(address) == 6:
        return 4
    if len(address) == 18:
        return 6
    raise _length_error()


def ip(address):
    """The 4 or 16 bytes without the port."""
    return address[:-2]


def prefix(address):
    """The network that one operator is likely to hold: the first 3 bytes of IPv4 (/24), 6 bytes of IPv6 (/48)."""
    return address[:3] if len(address) == 6 else address[:6]


def split_nodes(data, family, limit=NODES_MAX):
    """The contacts of a ``nodes`` (family 4) or ``nodes6`` (family 6) value, at most ``limit``. Raises AddressError: length."""
    size = CONTACT_BYTES[family]
    if len(data) % size:
        raise _length_error()
    return [data[at : at + size] for at in range(0, min(len(data), limit * size), size)]


def is_loopback(address):
    """True for 127.0.0.0/8 and ::1."""
    if len(address) == 6:
        return address[0] == 127
    return address[:15] == bytes(15) and address[15] == 1


def is_private(address):
    """True within one site: RFC 1918, link-local, carrier-grade NAT (RFC 6598), unique local (RFC 4193)."""
    first, second = address[0], address[1]
    if len(address) == 6:
        if first == 172:
            return 16 <= second <= 31
        if first == 100:
            return 64 <= second <= 127
        return first == 10 or (first == 192 and second == 168) or (first == 169 and second == 254)
    return first & 0xFE == 0xFC or (first == 0xFE and second & 0xC0 == 0x80)


def is_usable(address):
    """True if a datagram can be sent there: one host, and a port."""
    if address[-1] == 0 and address[-2] == 0:
        return False
    if len(address) == 6:
        return 0 < address[0] < 224
    # Beside the unspecified address, ::/96 and ::ffff:0:0/96 hold IPv4 addresses: those belong into the other table.
    return address[0] != 0xFF and (address[:10] != bytes(10) or is_loopback(address))


def is_global(address):
    """True for an address that is neither this machine's, nor its site's, nor no host's at all. The port is not looked at."""
    if is_loopback(address) or is_private(address):
        return False
    if len(address) == 6:
        return 0 < address[0] < 224
    return address[0] != 0xFF and address[:10] != bytes(10)


def _length_error():
    return AddressError("length", "a packed address has 6 or 18 bytes, a contact 26 or 38")


def _host_error(host):
    return AddressError("host", f"{host[:64]!r} is no IP address: write 192.0.2.1 or 2001:db8::1")


def _pack_4(host):
    parts = host.split(".", 4)
    if len(parts) != 4:
        raise _host_error(host)
    packed = bytearray()
    for part in parts:
        # A leading zero would be octal to some readers.
        if not (part.isascii() and part.isdigit()) or len(part) > 3 or int(part) > 255 or (part[0] == "0" and len(part) > 1):
            raise _host_error(host)
        packed.append(int(part))
    return bytes(packed)


def _pack_6(host):
    if len(host) > 45 or host.count("::") > 1 or ":::" in host:
        raise _host_error(host)
    head, gap, tail = host.partition("::")
    front, back = _groups(host, head, not gap), _groups(host, tail, True)
    missing = 16 - len(front) - len(back)
    if missing < 2 if gap else missing:
        raise _host_error(host)
    return front + bytes(missing) + back


def _groups(host, text, may_end_in_4):
    packed = b""
    if not text:
        return packed
    groups = text.split(":")
    if may_end_in_4 and "." in groups[-1]:
        groups, ending = groups[:-1], _pack_4(groups[-1])
    else:
        ending = b""
    for group in groups:
        if not 0 < len(group) <= 4 or not _HEX.issuperset(group):
            raise _host_error(host)
        packed += int(group, 16).to_bytes(2, "big")
    return packed + ending


def _text_6(address):
    groups = [address[at] << 8 | address[at + 1] for at in range(0, 16, 2)]
    best = run = 0
    best_end = 0
    for at in range(8):
        run = 0 if groups[at] else run + 1
        if run > best:
            best, best_end = run, at + 1
    if best < 2:
        return ":".join([f"{group:x}" for group in groups])
    head = ":".join([f"{group:x}" for group in groups[: best_end - best]])
    return head + "::" + ":".join([f"{group:x}" for group in groups[best_end:]])
