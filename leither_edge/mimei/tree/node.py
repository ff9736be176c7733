"""One node of a tree as a block, byte by byte.

A node is one DAG-CBOR array. Its first item is the level, 0 for a leaf: L for a tree of rows (one byte, 0x00 + L), -1 - L for a
list (0x20 + L). The entries follow, flat:

    tree, leaf     key, value                of each row, keys rising bytewise, none twice
    tree, index    key, rows, link           of each child: its first key, how many rows lie under it, its CID
    list, leaf     element
    list, index    elements, link            of each child: how many lie under it, its CID

    key            byte string of at most 511
    value, element a byte string; or [size, link]: so many bytes lie in a UnixFS file (one raw block up to 1 MiB);
                   or [bytes, link]: a value that has some other structure behind it, as the database's lists have
    link           tag 42 over 0x00 and a CIDv1 with sha2-256: d8 2a 58 25 00 01 codec 12 20 digest (41 bytes)

A child's level is one less than its parent's and its rows are as many as stated, so there are no circles. A node has at most
4,000 bytes. Lengths are in their shortest form: one content has one encoding, and what another program reads as DAG-CBOR is this.
"""

from collections import namedtuple

from leither_edge.core.cbor_head import head
from leither_edge.mimei.errors import BadBlock, TooLarge
from leither_edge.mimei.ipld import cid as labels
from leither_edge.mimei.tree.boundaries import INLINE_MAX, KEY_MAX, NODE_MAX

# Each level at least halves the one below.
LEVEL_MAX = 22
REFERENCE_DATA_MAX = 256
_COUNT_MAX = (1 << 63) - 1

_LIST = 0x20
_LINK_HEAD = b"\xd8\x2a\x58\x25\x00\x01"
_LINK_BYTES = 41
_CID_BYTES = 36
_CODECS = (labels.RAW, labels.DAG_PB, labels.DAG_CBOR)
_SHORT = bytes(range(0x40, 0x58))


class Large(namedtuple("Large", "size cid")):
    """A value that lies in a file of its own: size in bytes, its CID."""

    __slots__ = ()


class Reference(namedtuple("Reference", "data cid")):
    """A value with some other structure behind it: data (at most 256 bytes), the CID of its root."""

    __slots__ = ()


class Node:
    """A node that was read.

    level: 0 for a leaf. keys: of the entries, None in a list. values: of a leaf bytes, Large or Reference, of an index the children's
    CIDs. counts: rows under each child, None in a leaf. count: rows under the node.
    """

    __slots__ = ("level", "keys", "values", "counts", "count")

    def __init__(self, level, keys, values, counts):
        self.level = level
        self.keys = keys
        self.values = values
        self.counts = counts
        self.count = len(values) if counts is None else sum(counts)


def of_bytes(data):
    """A byte string as encoded."""
    size = len(data)
    if size < 24:
        return _SHORT[size : size + 1] + data
    if size < 0x100:
        return (0x5800 | size).to_bytes(2, "big") + data
    return head(0x40, size) + data


def of_link(cid):
    """A link as encoded. Raises ValueError for a CID that is not of sha2-256 and version 1."""
    if len(cid) != _CID_BYTES or cid[0] != 1 or cid[1] not in _CODECS:
        raise ValueError("a tree links to CIDv1 of raw, dag-pb and dag-cbor blocks only")
    return _LINK_HEAD + cid[1:]


def of_value(value):
    """A value as encoded: bytes, Large or Reference."""
    if isinstance(value, bytes):
        return of_bytes(value)
    first, cid = value
    if isinstance(value, Large):
        return b"\x82" + head(0x00, first) + of_link(cid)
    if len(first) > REFERENCE_DATA_MAX:
        raise TooLarge(f"A value beside a link has {len(first)} bytes; it may have {REFERENCE_DATA_MAX}.")
    return b"\x82" + of_bytes(first) + of_link(cid)


def encode(level, keyed, parts, items):
    """The bytes of a node. parts: its entries as encoded; items: how many CBOR items they are."""
    return head(0x80, items + 1) + bytes((level if keyed else _LIST | level,)) + b"".join(parts)


def decode(data, keyed):
    """The Node in a block. keyed: true for a tree of rows, false for a list. Raises BadBlock, TooLarge."""
    size = len(data)
    if size > NODE_MAX:
        raise TooLarge(f"A node of a tree has {size} bytes; it may have {NODE_MAX}.")
    try:
        items, at = _number(data, 0, 0x80)
        level = data[at] if keyed else data[at] - _LIST
        if not 0 <= level <= LEVEL_MAX:
            raise bad("it is of another kind")
        at += 1
        per_entry = 1 + bool(level) + keyed
        entries, rest = divmod(items - 1, per_entry)
        if rest:
            raise bad("an entry is not whole")
        node = (_index if level else _leaf)(data, at, keyed, entries)
    except IndexError:
        raise bad("it ends too early") from None
    keys = node[0]
    if keyed and any(map(bytes.__ge__, keys, keys[1:])):
        raise bad("its keys do not rise")
    return Node(level, *node)


def _leaf(data, at, keyed, entries):
    keys, values = [], []
    for _ in range(entries):
        if keyed:
            key, at = _bytes(data, at, KEY_MAX)
            keys.append(key)
        if data[at] == 0x82:
            value, at = _linked(data, at + 1)
        else:
            value, at = _bytes(data, at, INLINE_MAX)
        values.append(value)
    _must_end(data, at)
    return keys if keyed else None, values, None


def _index(data, at, keyed, entries):
    if not entries:
        raise bad("it has no children")
    keys, values, counts = [], [], []
    for _ in range(entries):
        if keyed:
            key, at = _bytes(data, at, KEY_MAX)
            keys.append(key)
        count, at = _number(data, at, 0x00)
        if not 0 < count <= _COUNT_MAX:
            raise bad("a child has no rows")
        counts.append(count)
        child, at = _link(data, at)
        if child[1] != labels.DAG_CBOR:
            raise bad("a child is no node")
        values.append(child)
    _must_end(data, at)
    return keys if keyed else None, values, counts


def _linked(data, at):
    if data[at] < 0x20:
        number, at = _number(data, at, 0x00)
        cid, at = _link(data, at)
        if cid[1] == labels.DAG_CBOR:
            raise bad("a value is no file")
        return Large(number, cid), at
    first, at = _bytes(data, at, REFERENCE_DATA_MAX)
    cid, at = _link(data, at)
    return Reference(first, cid), at


def _bytes(data, at, most):
    size = data[at] - 0x40
    if 0 <= size < 24:
        at += 1
    else:
        size, at = _number(data, at, 0x40)
    if size > most:
        raise TooLarge(f"A key or value in a node of a tree has {size} bytes; it may have {most}.")
    end = at + size
    return data[at:end], end


def _link(data, at):
    end = at + _LINK_BYTES
    if data[at : at + 6] != _LINK_HEAD or data[at + 6] not in _CODECS or data[at + 7 : at + 9] != b"\x12\x20":
        raise bad("a link is not of the form that links have")
    return data[at + 5 : end], end


def _number(data, at, kind):
    """The number in a head of that kind, and the offset behind."""
    code = data[at] - kind
    at += 1
    if 0 <= code < 24:
        return code, at
    if not 24 <= code < 28:
        raise bad("an item is not of the kind that stands there")
    end = at + (1 << code - 24)
    number = int.from_bytes(data[at:end], "big")
    if number < (24, 1 << 8, 1 << 16, 1 << 32)[code - 24]:
        raise bad("a length is not in its shortest form")
    return number, end


def _must_end(data, at):
    # Slices behind the end are short and do not complain; the offset tells.
    if at != len(data):
        raise bad("its length is not that of its entries")


def bad(why):
    """The BadBlock of a block that is not the node it should be. why: half a sentence."""
    return BadBlock(f"A block is not the node of a tree that it should be: {why}.")


def read(blocks, cid, keyed, level=None, count=None, key=None):
    """The Node under a CID, checked against what its parent says of it. Raises BadBlock, TooLarge, BlockMissing."""
    node = decode(blocks.get(cid), keyed)
    if level is not None:
        if node.level != level or node.count != count:
            raise bad("its parent states another level or another number of rows")
        if keyed and node.keys[0] != key:
            raise bad("its parent states another first key")
    elif node.counts is not None and len(node.counts) == 1:
        raise bad("the root has one child only")
    return node


def child(blocks, node, at, keyed):
    """The Node of the child with number ``at`` of an index. Raises as ``read`` does."""
    return read(blocks, node.values[at], keyed, node.level - 1, node.counts[at], node.keys[at] if keyed else None)
