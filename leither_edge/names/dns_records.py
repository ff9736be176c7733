"""The content of resource records: checked when read, names in it without pointers (RFC 1035, 3596, 6891, 9460).

A type that is not here is carried as opaque bytes, as RFC 3597 asks.
"""

from collections import namedtuple

from leither_edge.names import dns_name
from leither_edge.names.errors import DnsError

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, OPT, SVCB, HTTPS, IXFR, AXFR, ANY = 1, 2, 5, 6, 12, 15, 16, 28, 33, 41, 64, 65, 251, 252, 255
IN = 1
TTL_MAX_S = 0x7FFFFFFF

# name: wire bytes, uncompressed; type, class_: numbers; ttl: seconds; data: bytes, with names uncompressed.
Record = namedtuple("Record", "name type class_ ttl data")

# type: (bytes before the names, names, bytes behind them). Senders may compress in these, and in no others (RFC 3597, 4).
_WITH_NAMES = {NS: (0, 1, 0), CNAME: (0, 1, 0), PTR: (0, 1, 0), SOA: (0, 2, 20), MX: (2, 1, 0), SRV: (6, 1, 0)}
_SIZES = {A: 4, AAAA: 16}


def read(type_, data, at, end):
    """The content of a record between two positions of the message ``data``. Raises DnsError ``record`` or ``name``."""
    size = _SIZES.get(type_)
    if size is not None:
        if end - at != size:
            raise DnsError("record", f"an address has {size} bytes")
    elif type_ in _WITH_NAMES:
        return _read_names(_WITH_NAMES[type_], data, at, end)
    elif type_ == TXT:
        _check_strings(data, at, end)
    elif type_ == SVCB or type_ == HTTPS:
        _check_service(data, at, end)
    return data[at:end]


def write(out, record, known):
    """Append a record's content to the message ``out`` (bytearray); ``known`` as in dns_name.write."""
    layout = _WITH_NAMES.get(record.type)
    # Only the types of RFC 1035 may be compressed: not every reader looks for pointers in the others.
    if layout is None or record.type == SRV:
        out += record.data
        return
    before, count, _ = layout
    data, at = record.data, before
    out += data[:before]
    for _ in range(count):
        name, at = dns_name.read(data, at, len(data), may_point=False)
        dns_name.write(out, name, known)
    out += data[at:]


def _read_names(layout, data, at, end):
    before, count, behind = layout
    parts = [data[at : at + before]]
    at += before
    for _ in range(count):
        name, at = dns_name.read(data, at, end)
        parts.append(name)
    if end - at != behind:
        raise DnsError("record", "a record is longer or shorter than its type allows")
    parts.append(data[at:end])
    return b"".join(parts)


def _check_strings(data, at, end):
    if at == end:
        raise DnsError("record", "a text has at least one string")
    while at < end:
        at += data[at] + 1
    if at != end:
        raise DnsError("record", "a text is cut short")


def _check_service(data, at, end):
    """Priority, target, then parameters with rising keys (RFC 9460, 2.2)."""
    if end - at < 3:
        raise DnsError("record", "a service record is cut short")
    _, at = dns_name.read(data, at + 2, end, may_point=False)
    last = -1
    while at < end:
        if end - at < 4:
            raise DnsError("record", "a service parameter is cut short")
        key, size = data[at] << 8 | data[at + 1], data[at + 2] << 8 | data[at + 3]
        at += 4 + size
        if key <= last or at > end:
            raise DnsError("record", "the parameters of a service record are out of order or cut short")
        last = key


def text_data(*strings):
    """The content of a TXT record of up to 255 bytes a string."""
    return b"".join([bytes((len(string),)) + string for string in strings])


def service_data(priority, target_name, parameters=()):
    """The content of an SVCB or HTTPS record. parameters: (key number, bytes) pairs with rising keys; a port is key 3, two bytes."""
    out = bytearray(priority.to_bytes(2, "big") + target_name)
    for key, value in parameters:
        out += key.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value
    return bytes(out)


def authority_data(primary, mailbox, serial, refresh_s, retry_s, expire_s, negative_s):
    """The content of an SOA record (RFC 1035, 3.3.13; 2308)."""
    numbers = (serial & 0xFFFFFFFF, refresh_s, retry_s, expire_s, negative_s)
    return primary + mailbox + b"".join([number.to_bytes(4, "big") for number in numbers])
