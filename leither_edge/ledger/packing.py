"""The transfers of a pulse as they lie on disk: without what each of them repeats, and a third smaller.

    plain    0, length u16, message
    packed   1, signatures u8, length u16 of what follows of the payload, place u16 in it where the anchor of the one before was cut out
             (65535: nowhere), the payload without organization and anchor; for each signature the place u16 in the payload of the
             signer's id (65535: the id follows), then its 64 bytes

A message in the form that all have is put together again byte by byte; any other stays as it is.
"""

import struct

from leither_edge.core.cbor_head import ARRAY, BYTES, HeadError, head, read_bytes, read_head

_PLAIN, _PACKED = 0, 1
_PREFIX = b"\xd8\x62\x84\x58\x25\xa1\x03\x78\x21application/leither-transfer+cbor\xa0"
_SIGNER, _SIGNATURE = b"\x83\x58\x19\xa2\x01\x32\x04\x54", b"\xa0\x58\x40"
_ENTRY_BYTES = 95
# In a payload: the key of the organization and the head of its id, then those of the anchor.
_ORGANIZATION, _ANCHOR = b"\x01\x54", b"\x05\x58\x20"
_NOWHERE = 0xFFFF


def pack(messages, organization):
    """The bytes of a pulse's messages ([bytes, ...]). organization: id that their transfers name."""
    out, anchor = [], b""
    for data in messages:
        packed = _packed(data, organization, anchor)
        if packed is None:
            out.append(struct.pack(">BH", _PLAIN, len(data)) + data)
        else:
            packed, anchor = packed
            out.append(packed)
    return b"".join(out)


def unpack(data, organization):
    """Yields the messages. Raises ValueError where the bytes are not such."""
    at, anchor = 0, b""
    while at < len(data):
        if data[at] == _PLAIN:
            end = at + 3 + int.from_bytes(data[at + 1 : at + 3], "big")
            message = data[at + 3 : end]
        else:
            message, end, anchor = _unpacked(data, at, organization, anchor)
        if end > len(data):
            raise ValueError("a transaction ends too early")
        yield message
        at = end


def _packed(data, organization, anchor):
    """(bytes, anchor for the next one) of a message, None if it is not in the form that all have."""
    try:
        payload, end = read_bytes(data, len(_PREFIX), BYTES)
        count, at = read_head(data, end, ARRAY)
    except HeadError:
        return None
    named = _ORGANIZATION + organization
    if data[: len(_PREFIX)] != _PREFIX or payload[1 : 1 + len(named)] != named or len(data) != at + _ENTRY_BYTES * count or count > 255:
        return None
    rest = payload[:1] + payload[1 + len(named) :]
    place = rest.find(anchor) if anchor else -1
    if place < 0:
        place, anchor = _NOWHERE, _anchor(rest)
    else:
        rest = rest[:place] + rest[place + len(anchor) :]
    parts = [struct.pack(">BBHH", _PACKED, count, len(rest), place), rest]
    for entry in range(at, len(data), _ENTRY_BYTES):
        if data[entry : entry + 8] != _SIGNER or data[entry + 28 : entry + 31] != _SIGNATURE:
            return None
        signer = data[entry + 8 : entry + 28]
        found = payload.find(signer)
        parts.append(struct.pack(">H", _NOWHERE) + signer if found < 0 else struct.pack(">H", found))
        parts.append(data[entry + 31 : entry + _ENTRY_BYTES])
    return b"".join(parts), anchor


def _unpacked(data, at, organization, anchor):
    """(message, offset after it, anchor for the next one)."""
    try:
        kind, count, size, place = struct.unpack_from(">BBHH", data, at)
    except struct.error:
        kind = None
    if kind != _PACKED:
        raise ValueError("a transaction has no known form")
    at += 6
    rest = data[at : at + size]
    at += size
    if place == _NOWHERE:
        anchor = _anchor(rest)
    else:
        rest = rest[:place] + anchor + rest[place:]
    payload = rest[:1] + _ORGANIZATION + organization + rest[1:]
    parts = [_PREFIX, head(BYTES, len(payload)), payload, head(ARRAY, count)]
    for _ in range(count):
        found = int.from_bytes(data[at : at + 2], "big")
        at += 2
        signer = payload[found : found + 20]
        if found == _NOWHERE:
            signer = data[at : at + 20]
            at += 20
        parts += [_SIGNER, signer, _SIGNATURE, data[at : at + 64]]
        at += 64
    return b"".join(parts), at, anchor


def _anchor(rest):
    """What stands where an anchor does; if it is something else, the next one will just not have it."""
    at = rest.find(_ANCHOR)
    return rest[at + 3 : at + 35] if at >= 0 else b""
