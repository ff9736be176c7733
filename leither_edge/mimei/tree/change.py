"""A tree with some rows changed: only the nodes on the way to them are read and written, all others are kept."""

from leither_edge.mimei.tree import node
from leither_edge.mimei.tree.edge import Edge


def apply(blocks, root, changes):
    """The root's CID after the changes: the one that building the result afresh would give.

    root: CID, None for an empty tree. changes: iterator of (key, value or None) with rising keys; None removes, and what is not
    there need not be removed. value: bytes, or node.Reference or node.Large.
    Raises TooLarge, BlockMissing, BadBlock; ValueError if keys do not rise. Then blocks may have been put in vain.
    """
    coming = _Changes(changes)
    if root is not None and not coming.left:
        return root
    edge = Edge(blocks, True)
    if root is None:
        coming.add_until(edge, None)
    else:
        _merge(blocks, edge, coming, node.read(blocks, root, True), None)
    return edge.finish()


class _Changes:
    """The changes not yet taken. left: whether there is one; key, value: the next one."""

    __slots__ = ("_rest", "left", "key", "value")

    def __init__(self, changes):
        self._rest = iter(changes)
        self.key = None
        self.left = True
        self.take()

    def take(self):
        """Go on to the next."""
        before = self.key
        try:
            self.key, self.value = next(self._rest)
        except StopIteration:
            self.left = False
            return
        if before is not None and self.key <= before:
            raise ValueError("changes of a tree do not come in rising order")

    def is_before(self, end):
        """True if the next one lies before the key ``end``, None for none."""
        return self.left and (end is None or self.key < end)

    def add_until(self, edge, end):
        """Add all that lie before the key ``end``; they meet no row."""
        while self.is_before(end):
            if self.value is not None:
                edge.add(self.key, self.value)
            self.take()


def _merge(blocks, edge, coming, old, end):
    """Add the rows under a node, with the changes before the key ``end`` done."""
    if end is not None and old.keys[-1] >= end:
        raise node.bad("its keys do not rise")
    if old.counts is not None:
        last = len(old.values) - 1
        for at, key in enumerate(old.keys):
            behind = end if at == last else old.keys[at + 1]
            if not coming.is_before(behind) and edge.is_even(old.level - 1):
                edge.add_child(old.level - 1, key, old.counts[at], old.values[at])
            else:
                _merge(blocks, edge, coming, node.child(blocks, old, at, True), behind)
        return
    for key, value in zip(old.keys, old.values, strict=True):
        coming.add_until(edge, key)
        if not coming.left or coming.key != key:
            edge.add(key, value)
            continue
        if coming.value is not None:
            edge.add(key, coming.value)
        coming.take()
    coming.add_until(edge, end)
