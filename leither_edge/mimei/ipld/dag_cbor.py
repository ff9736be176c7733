"""DAG-CBOR, strict both ways: what decodes here encodes to the same bytes (the DAG-CBOR specification of IPLD).

Kept: None, booleans, 64-bit integers, floats (in 64 bits, finite), bytes, text, lists, maps with text keys in their order, and links.
Nothing else: no other tags, no indefinite lengths, nothing that is not in its shortest form.
"""

import struct

from leither_edge.core.cbor_head import head
from leither_edge.mimei.errors import BadBlock, BadInput, TooLarge

from .cid import BLOCK_MAX, parse

DEPTH_MAX = 64
# Values in lists and maps, all together: an empty list has one byte in a block and sixty in memory.
ITEMS_MAX = 1 << 17
_LINK_HEAD = b"\xd8\x2a"
_INFINITE = float("inf")


class Link:
    """A link within a value. Args: cid (binary label)."""

    __slots__ = ("cid",)

    def __init__(self, cid):
        self.cid = cid

    def __eq__(self, other):
        return isinstance(other, Link) and other.cid == self.cid

    def __hash__(self):
        return hash(self.cid)

    def __repr__(self):
        return f"Link({self.cid.hex()})"


def encode(value):
    """The one encoding of a value. Raises BadInput: what DAG-CBOR cannot hold; TooLarge: nested too deep, too many values."""
    out = bytearray()
    _write(out, value, DEPTH_MAX, [ITEMS_MAX])
    return bytes(out)


def decode(data):
    """The value of a block. Raises BadBlock, TooLarge (over the bound of a block, nested too deep, too many values)."""
    if len(data) > BLOCK_MAX:
        raise TooLarge(f"A block has at most {BLOCK_MAX} bytes.")
    value, end = _read(data, 0, DEPTH_MAX, [ITEMS_MAX])
    if end != len(data):
        raise BadBlock("Bytes follow the value of a block.")
    return value


def links(data):
    """[label] of each link in a block, in their order, without its value being made. Raises BadBlock, if it may hold a link at all."""
    found, at, left, size = [], 0, 1, len(data)
    # Most blocks of a tree are leaves without links, and this is all the time that is spent on them.
    if _LINK_HEAD not in data:
        return found
    while left:
        left -= 1
        kind, number, at = _head(data, at)
        if kind in (2, 3):
            at += number
        elif kind == 4:
            left += number
        elif kind == 5:
            left += 2 * number
        elif kind == 6:
            cid, at = _cid(data, at, number)
            found.append(cid)
        if left > size - at:
            raise BadBlock("A block is cut short.")
    if at != size:
        raise BadBlock("Bytes follow the value of a block.")
    return found


def _write(out, value, depth, room):
    if value is None:
        out.append(0xF6)
    elif isinstance(value, bool):
        out.append(0xF5 if value else 0xF4)
    elif isinstance(value, int):
        if not -1 << 64 <= value < 1 << 64:
            raise BadInput("An integer of more than 64 bits cannot be kept.")
        out += head(0x00, value) if value >= 0 else head(0x20, -1 - value)
    elif isinstance(value, bytes):
        out += head(0x40, len(value))
        out += value
    elif isinstance(value, str):
        out += _text(value)
    elif isinstance(value, Link):
        out += _LINK_HEAD + head(0x40, len(value.cid) + 1) + b"\0" + value.cid
    elif isinstance(value, float):
        if value != value or value in (_INFINITE, -_INFINITE):
            raise BadInput("A number that is not finite cannot be kept.")
        out += b"\xfb" + struct.pack(">d", value)
    elif not depth:
        raise TooLarge(f"A value is nested in more than {DEPTH_MAX} others.")
    elif isinstance(value, (list, tuple)):
        out += head(0x80, len(value))
        _take(room, len(value))
        for item in value:
            _write(out, item, depth - 1, room)
    elif isinstance(value, dict):
        # The order of the encoded keys is that by length first, as their heads begin with the length.
        pairs = sorted([(_key(key), item) for key, item in value.items()], key=_first)
        out += head(0xA0, len(pairs))
        _take(room, 2 * len(pairs))
        for key, item in pairs:
            out += key
            _write(out, item, depth - 1, room)
    else:
        raise BadInput(f"A value of the kind {type(value).__name__} cannot be kept.")


def _take(room, count):
    room[0] -= count
    if room[0] < 0:
        raise TooLarge(f"A value holds more than {ITEMS_MAX} others.")


def _first(pair):
    return pair[0]


def _key(key):
    if not isinstance(key, str):
        raise BadInput("The keys of a map are texts.")
    return _text(key)


def _text(value):
    try:
        data = value.encode()
    except UnicodeError:
        raise BadInput("A text holds half a surrogate pair.") from None
    return head(0x60, len(data)) + data


def _read(data, at, depth, room):
    """(value at an offset, offset behind it)"""
    kind, number, at = _head(data, at)
    if kind == 0:
        return number, at
    if kind == 1:
        return -1 - number, at
    if kind == 2:
        return data[at : at + number], at + number
    if kind == 3:
        return _string(data, at, number)
    if kind == 6:
        cid, at = _cid(data, at, number)
        return Link(cid), at
    if kind == 7:
        return number, at
    if not depth:
        raise TooLarge(f"A value is nested in more than {DEPTH_MAX} others.")
    _take(room, number if kind == 4 else 2 * number)
    if kind == 4:
        items = []
        for _ in range(number):
            item, at = _read(data, at, depth - 1, room)
            items.append(item)
        return items, at
    return _read_map(data, at, number, depth - 1, room)


def _read_map(data, at, count, depth, room):
    result, previous = {}, b""
    for _ in range(count):
        start = at
        kind, number, at = _head(data, at)
        if kind != 3:
            raise BadBlock("The keys of a map are texts.")
        key, at = _string(data, at, number)
        encoded = data[start:at]
        if encoded <= previous:
            raise BadBlock("The keys of a map are not in their order, or one is there twice.")
        previous = encoded
        result[key], at = _read(data, at, depth, room)
    return result, at


def _string(data, at, size):
    try:
        return str(data[at : at + size], "utf-8"), at + size
    except UnicodeError:
        raise BadBlock("A text is not valid UTF-8.") from None


def _cid(data, at, tag):
    """(label of a link, offset behind it); ``at`` is behind the tag's head."""
    kind, number, at = _head(data, at)
    if tag != 42 or kind != 2 or not number or data[at]:
        raise BadBlock("A tag that is no link.")
    cid, end = parse(data, at + 1)
    if end != at + number:
        raise BadBlock("A link has other bytes than its label.")
    return cid, end


# How many bytes a number has behind its head, and the least that needs so many.
_FORMS = {24: (1, 24), 25: (2, 1 << 8), 26: (4, 1 << 16), 27: (8, 1 << 32)}
_SIMPLE = {20: False, 21: True, 22: None}


def _head(data, at):
    """(major type, its number or, of type 7, the value, offset behind it); a string's or a list's length fits into what follows."""
    try:
        first = data[at]
    except IndexError:
        raise BadBlock("A block is cut short.") from None
    at += 1
    kind, number = first >> 5, first & 31
    if kind == 7:
        return _simple(data, at, number)
    if number > 23:
        if number not in _FORMS:
            raise BadBlock("A length that is not written out is not taken.")
        width, least = _FORMS[number]
        number = int.from_bytes(data[at : at + width], "big")
        at += width
        if at > len(data):
            raise BadBlock("A block is cut short.")
        if number < least:
            raise BadBlock("A number is not written in its shortest form.")
    # Every item takes a byte at least, so a length beyond the end is refused before any work is done for it.
    if 1 < kind < 6 and number > len(data) - at:
        raise BadBlock("A block is cut short.")
    return kind, number, at


def _simple(data, at, number):
    if number in _SIMPLE:
        return 7, _SIMPLE[number], at
    if number != 27 or at + 8 > len(data):
        raise BadBlock("Of the simple values only false, true, null and numbers of 64 bits are taken.")
    value = struct.unpack_from(">d", data, at)[0]
    if value != value or value in (_INFINITE, -_INFINITE):
        raise BadBlock("A number that is not finite is not taken.")
    return 7, value, at + 8
