"""Rows of a tree: one by its key, or many in order, both ways."""

from bisect import bisect_left, bisect_right

from leither_edge.mimei.tree import node, walk
from leither_edge.mimei.tree.boundaries import VALUE_MAX


def get(blocks, root, key, default=None, value_max=VALUE_MAX):
    """The value of a key: bytes or node.Reference; ``default`` where there is none. value_max: bytes.

    Raises TooLarge, BlockMissing, BadBlock.
    """
    found = node.read(blocks, root, True)
    while found.counts is not None:
        at = bisect_right(found.keys, key) - 1
        if at < 0:
            return default
        found = node.child(blocks, found, at, True)
    at = bisect_left(found.keys, key)
    if at == len(found.keys) or found.keys[at] != key:
        return default
    return walk.value(blocks, found.values[at], value_max)


def count(blocks, root):
    """How many rows a tree has, or elements a list. Raises BlockMissing, BadBlock."""
    data = blocks.get(root)
    return node.decode(data, not walk.is_list(data)).count


def scan(blocks, root, start=None, reverse=False, limit=None, value_max=VALUE_MAX):
    """Yield (key, value) in the order of keys, from ``start`` (included, or the next there is), at most ``limit``.

    value: bytes or node.Reference. Blocks are read as rows are asked for. value_max: bytes. Raises TooLarge, BlockMissing, BadBlock.
    """
    if limit is not None and limit <= 0:
        return
    find = _last if reverse else _first
    for leaf, at in walk.leaves(blocks, root, True, lambda found, _: (find(found, start), None), reverse):
        places = range(at, -1, -1) if reverse else range(at, len(leaf.keys))
        for place in places:
            yield leaf.keys[place], walk.value(blocks, leaf.values[place], value_max)
            if limit is not None:
                limit -= 1
                if not limit:
                    return


def _first(found, start):
    if start is None:
        return 0
    if found.counts is None:
        return bisect_left(found.keys, start)
    return max(bisect_right(found.keys, start) - 1, 0)


def _last(found, start):
    return len(found.keys) - 1 if start is None else bisect_right(found.keys, start) - 1
