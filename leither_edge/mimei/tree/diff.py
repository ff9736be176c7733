"""What differs between two trees, or two lists: nodes that both have are passed over unread."""

from leither_edge.mimei.tree import node, walk


def diff(blocks, old, new):
    """Yield (key, value in old, value in new) in the order of keys; None where one has no such row. A list's key is the position.

    old, new: roots of the same kind, None for nothing. value: bytes, node.Reference, or node.Large, whose bytes walk.value brings.
    Elements that moved in a list differ at every position after. Raises BlockMissing, BadBlock.
    """
    if old == new:
        return
    keyed = not any(root is not None and walk.is_list(blocks.get(root)) for root in (old, new))
    before, after = _Side(blocks, old, keyed), _Side(blocks, new, keyed)
    while before.level is not None or after.level is not None:
        if after.level is None or before.level is not None and before.key < after.key:
            if before.level < 0:
                yield before.key, before.value, None
            before.go_on()
        elif before.level is None or after.key < before.key:
            if after.level < 0:
                yield after.key, None, after.value
            after.go_on()
        elif before.level == after.level:
            if before.value == after.value:
                before.skip()
                after.skip()
                continue
            if before.level < 0:
                yield before.key, before.value, after.value
            before.go_on()
            after.go_on()
        else:
            (before if before.level > after.level else after).go_on()


class _Side:
    """A place in a tree. level: of the node that begins here, -1 for a row, None at the end; key: its first; value: a row's, or its CID."""

    __slots__ = ("_blocks", "_keyed", "_path", "_last", "level", "key", "value")

    def __init__(self, blocks, root, keyed):
        self._blocks = blocks
        self._keyed = keyed
        self._path = []
        self._last = None
        self.level = None
        if root is not None:
            self._enter(node.read(blocks, root, keyed), 0)

    def go_on(self):
        """To the first row or child of the node here, or behind the row."""
        if self.level < 0:
            self.skip()
        else:
            found, at, place = self._path[-1]
            self._enter(node.child(self._blocks, found, at, self._keyed), place)

    def skip(self):
        """Behind the row, or the whole node."""
        while self._path:
            found, at, place = self._path.pop()
            place += 1 if found.counts is None else found.counts[at]
            if at + 1 < len(found.values):
                self._stand(found, at + 1, place)
                return
        self.level = None

    def _enter(self, found, place):
        if found.counts is None and found.keys:
            # Parents state first keys only.
            if self._last is not None and found.keys[0] <= self._last:
                raise node.bad("its keys do not rise")
            self._last = found.keys[-1]
        if found.values:
            self._stand(found, 0, place)

    def _stand(self, found, at, place):
        self._path.append((found, at, place))
        self.level = found.level - 1
        self.key = found.keys[at] if self._keyed else place
        self.value = found.values[at]
