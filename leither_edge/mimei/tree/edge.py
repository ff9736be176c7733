"""The right edge of a tree that grows from left to right: one open node a level, closed ones written as they come."""

from leither_edge.core.cbor_head import head
from leither_edge.mimei.errors import TooLarge
from leither_edge.mimei.ipld import cid as labels
from leither_edge.mimei.tree import node
from leither_edge.mimei.tree.boundaries import INLINE_MAX, KEY_MAX, VALUE_MAX, ends_node

# A file's only chunk.
_ONE_BLOCK_MAX = 1 << 20


class _Open:
    """The open node of one level. parts: its entries as encoded; size: of all of them; key: the first one's; count: rows under it."""

    __slots__ = ("parts", "size", "key", "count")

    def __init__(self):
        self.parts = []
        self.size = 0
        self.key = b""
        self.count = 0


class Edge:
    """Takes entries in order and puts nodes into ``blocks``. keyed: true for a tree of rows, false for a list."""

    def __init__(self, blocks, keyed):
        self._blocks = blocks
        self._keyed = keyed
        self._levels = [_Open()]

    def add(self, key, value):
        """Add a row to a tree. value: bytes, node.Large or node.Reference. Its key is above all before. Raises TooLarge."""
        if len(key) > KEY_MAX:
            raise TooLarge(f"A key of a tree has {len(key)} bytes; it may have {KEY_MAX}.")
        if isinstance(value, bytes) and len(key) + len(value) > INLINE_MAX:
            value = self._apart(value)
        self._append(0, key, node.of_bytes(key) + node.of_value(value), 1, key)

    def add_element(self, element):
        """Add an element to a list: bytes, node.Large or node.Reference."""
        if isinstance(element, bytes):
            if len(element) > INLINE_MAX:
                element = self._apart(element)
                self._append(0, b"", node.of_value(element), 1, element.cid)
            else:
                self._append(0, b"", node.of_bytes(element), 1, element)
        else:
            self._append(0, b"", node.of_value(element), 1, element.cid)

    def add_child(self, level, key, count, cid):
        """Add a whole node of that level that exists already. Only where ``is_even(level)``."""
        while len(self._levels) < level + 2:
            self._levels.append(_Open())
        if self._keyed:
            self._append(level + 1, key, node.of_bytes(key) + head(0, count) + node.of_link(cid), count, key)
        else:
            self._append(level + 1, key, head(0, count) + node.of_link(cid), count, cid)

    def is_even(self, level):
        """True if no node is open from the leaves up to that level: what comes next begins a node in each."""
        return not any(row.parts for row in self._levels[: level + 1])

    def finish(self):
        """Close all; return the root's CID."""
        level = 0
        while True:
            row = self._levels[level]
            if level and len(row.parts) == 1 and level == len(self._levels) - 1:
                return self._one_child(row.parts[0][-36:])
            if row.parts or len(self._levels) == 1:
                self._close(level)
            level += 1

    def _append(self, level, key, part, count, hashed):
        row = self._levels[level]
        if not row.parts:
            row.key = key
        row.parts.append(part)
        row.count += count
        row.size += len(part)
        if ends_node(hashed, len(part), row.size):
            self._close(level)

    def _close(self, level):
        row = self._levels[level]
        self._levels[level] = _Open()
        items = len(row.parts) * (1 + bool(level) + self._keyed)
        data = node.encode(level, self._keyed, row.parts, items)
        cid = labels.of(labels.DAG_CBOR, data)
        self._blocks.put(cid, data)
        self.add_child(level, row.key, row.count, cid)

    def _one_child(self, cid):
        # A node kept from an older tree may have been the last of its level, with one child; as a root it must not be.
        while True:
            values = node.decode(self._blocks.get(cid), self._keyed)
            if values.counts is None or len(values.counts) > 1:
                return cid
            cid = values.values[0]

    def _apart(self, value):
        # As a file, so that any program that reads those of IPFS reads the value, too.
        if len(value) <= _ONE_BLOCK_MAX:
            cid = labels.of(labels.RAW, value)
            self._blocks.put(cid, value)
        elif len(value) <= VALUE_MAX:
            from leither_edge.mimei.files import build, label_profile  # few values are so large

            cid = build.build(self._blocks, label_profile.V1_2025, (value,))[0]
        else:
            raise TooLarge(f"A value of a tree has {len(value)} bytes; it may have {VALUE_MAX}.")
        return node.Large(len(value), cid)
