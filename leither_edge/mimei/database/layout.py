"""How keys and members become rows.

Row key: database number (4 bytes; its highest bit for the other half, see leftover.py), space (1 byte), rest (at most 506, as LMDB's keys
have at most 511).

    space   rest                              value
    00      nothing                           state: counters and the open transaction (state.py)
    01      key                               header: see below
    02      key, member                       a hash's field: its value; a set's member: nothing; a sorted set's: its score
    80      key, place (8 bytes)              an element of a list; places run without gaps from the header's first
    81      key, score, member                index of a sorted set
    82      when (8 bytes), key               what ends when
    83      key, score, member                how many members of a large sorted set follow (ranks.py)
    84      key                               a collection that is gone, with rows left (leftover.py)

Spaces 01 and 02 are canonical, the same for the same content, and what a version holds. The others follow from them; lists apart,
whose elements go into a sequence of their own.

A key inside a row key: 00 becomes 00 ff; before a member it ends with 00 01. One too long: its first 100 bytes, 00 02, its sha256.
A member is the last part and stays as it is; one over 255 bytes: its first 224 and its sha256. What was cut lies whole in the value,
before all else, after its length (4 bytes).

Header: type (1 string, 2 list, 3 set, 4 sorted set, 5 hash), with 10 added if it ends and 20 if the key was cut; when it ends (8 bytes,
ms); the whole key; then a string's value, or the count of members (8 bytes, the highest bit set where there are rows of space 83),
before it a list's first place (8 bytes). Counts and places are no part of the canonical header.

A score is a double whose bytes are in the order of numbers.
"""

import struct

from leither_edge.core.sha256 import sha256
from leither_edge.storage import Table

DATA = Table("data", "bytes", "bytes")
# By row key; value: the change number (state.py).
CHANGED = Table("changed", "bytes", "u64")
# By row key: what it held before the open transaction: 00 for nothing, 01 and the value.
UNDO = Table("undo", "bytes", "bytes")
TABLES = (DATA, CHANGED, UNDO)

STATE, HEADER, MEMBER, ELEMENT, INDEX, DUE, RANKS = b"\x00", b"\x01", b"\x02", b"\x80", b"\x81", b"\x82", b"\x83"
LEFT = b"\x84"
PREFIX_BYTES = 5

STRING, LIST, SET, SORTED_SET, HASH = 1, 2, 3, 4, 5
KIND_NAMES = (b"none", b"string", b"list", b"set", b"zset", b"hash")
ENDS, CUT_KEY = 0x10, 0x20
KIND_MASK = 0x0F
# Bytes at the end of a header that are not canonical, by type.
TAIL_BYTES = (0, 0, 16, 8, 8, 8)

_KEY_MAX_BYTES = 240
_KEY_HEAD_BYTES = 100
MEMBER_MAX_BYTES = 255
_MEMBER_HEAD_BYTES = 224
# A member's part of this length was cut.
CUT_MEMBER_BYTES = _MEMBER_HEAD_BYTES + 32
# The bit of a database's other half.
OTHER_HALF = 1 << 31
# Places of a list start in the middle, so that it grows both ways.
MIDDLE = 1 << 63
_HAS_PARTS = 1 << 63

_U64 = struct.Struct(">Q")
_TWO_U64 = struct.Struct(">QQ")
_DOUBLE = struct.Struct(">d")
pack_u64, unpack_u64_at = _U64.pack, _U64.unpack_from
pack_two, unpack_two_at = _TWO_U64.pack, _TWO_U64.unpack_from


def key_rest(key):
    """Return (key as the rest of a header's row key, whether it was cut)."""
    rest = key.replace(b"\0", b"\0\xff") if b"\0" in key else key
    if len(rest) <= _KEY_MAX_BYTES:
        return rest, False
    return key[:_KEY_HEAD_BYTES].replace(b"\0", b"\0\xff") + b"\0\x02" + sha256(key).digest(), True


def key_part(key):
    """Return a key as it stands before members."""
    rest, is_cut = key_rest(key)
    return rest if is_cut else rest + b"\0\x01"


def split_key_part(rest):
    """Return where the key's part of a row key's rest ends; ValueError if it has none."""
    at = rest.find(b"\0")
    while at >= 0:
        mark = rest[at + 1 : at + 2]
        if mark == b"\x01":
            return at + 2
        if mark == b"\x02":
            return at + 34
        at = rest.find(b"\0", at + 2)
    raise ValueError("a row key without an end of its key")


def key_of_rest(rest):
    """Return the key of a header's row key that was not cut."""
    return rest.replace(b"\0\xff", b"\0") if b"\0" in rest else rest


def member_rest(member):
    """Return a member as the last part of a row key."""
    if len(member) <= MEMBER_MAX_BYTES:
        return member
    return member[:_MEMBER_HEAD_BYTES] + sha256(member).digest()


def with_member(member, value):
    """Return the value of a member's row: what was cut from the row key comes first."""
    if len(member) <= MEMBER_MAX_BYTES:
        return value
    return len(member).to_bytes(4, "big") + member + value


def split_member(part, value):
    """Return (member, value) of a member's row. part: the member's part of the row key."""
    if len(part) != CUT_MEMBER_BYTES:
        return part, value
    end = 4 + int.from_bytes(value[:4], "big")
    return value[4:end], value[end:]


def pack_score(score):
    """Return a double as eight bytes in the order of numbers; -0 sorts before 0."""
    number = _U64.unpack(_DOUBLE.pack(score))[0]
    return _U64.pack(number ^ 0xFFFFFFFFFFFFFFFF if number >> 63 else number | 1 << 63)


def unpack_score(packed):
    """Return the double."""
    number = _U64.unpack(packed)[0]
    return _DOUBLE.unpack(_U64.pack(number ^ 1 << 63 if number >> 63 else number ^ 0xFFFFFFFFFFFFFFFF))[0]


class Header:
    """What a key is. due: ms, 0 if it never ends. value: a string's; first, count: a list's first place, how many members.

    packed: the row as it lies there, b"" before it is stored. has_parts: see ranks.py. part: see key_part; made when first needed.
    """

    __slots__ = ("key", "row", "kind", "due", "value", "first", "count", "packed", "was_due", "has_parts", "_part", "cut")

    def __init__(self, key, row, kind, cut):
        self.key = key
        self.row = row
        self.kind = kind
        self.cut = cut
        self.due = self.was_due = 0
        self.value = self.packed = b""
        self.first = MIDDLE
        self.count = 0
        self.has_parts = False
        self._part = None

    @property
    def part(self):
        if self._part is None:
            self._part = key_part(self.key)
        return self._part

    def pack(self):
        """Return the header's row value."""
        kind = self.kind
        flags = kind
        middle = b""
        if self.due:
            flags |= ENDS
            middle = _U64.pack(self.due)
        if self.cut:
            flags |= CUT_KEY
            middle += len(self.key).to_bytes(4, "big") + self.key
        if kind == STRING:
            tail = self.value
        elif kind == LIST:
            tail = _TWO_U64.pack(self.first, self.count)
        else:
            tail = _U64.pack(self.count | _HAS_PARTS if self.has_parts else self.count)
        return bytes((flags,)) + middle + tail


def read_header(row, packed, key=None):
    """Return the Header of a row. key: if it is known."""
    flags = packed[0]
    kind = flags & KIND_MASK
    at = 1
    due = 0
    if flags & ENDS:
        due = _U64.unpack_from(packed, 1)[0]
        at = 9
    cut = bool(flags & CUT_KEY)
    if cut:
        end = at + 4 + int.from_bytes(packed[at : at + 4], "big")
        key = packed[at + 4 : end]
        at = end
    elif key is None:
        key = key_of_rest(row[PREFIX_BYTES:])
    header = Header(key, row, kind, cut)
    header.due = header.was_due = due
    header.packed = packed
    if kind == STRING:
        header.value = packed[at:]
    elif kind == LIST:
        header.first, header.count = _TWO_U64.unpack_from(packed, at)
    else:
        count = _U64.unpack_from(packed, at)[0]
        header.has_parts = count >= _HAS_PARTS
        header.count = count & _HAS_PARTS - 1
    return header
