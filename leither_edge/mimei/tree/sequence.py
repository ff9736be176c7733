"""Lists of byte strings by position: cut by the hash of elements, found by counts, so that like lists share their blocks."""

from leither_edge.mimei.tree import node, walk
from leither_edge.mimei.tree.boundaries import VALUE_MAX
from leither_edge.mimei.tree.edge import Edge


def build(blocks, elements):
    """The root's CID of a list; its blocks are put. elements: iterator of bytes, node.Reference or node.Large. Raises TooLarge."""
    edge = Edge(blocks, False)
    for element in elements:
        edge.add_element(element)
    return edge.finish()


def append(blocks, root, elements):
    """The root's CID of a list with more elements at its end; only its last nodes are read and written.

    root: CID, None for an empty list. It is what building the longer list afresh would give. Raises TooLarge, BlockMissing, BadBlock.
    """
    edge = Edge(blocks, False)
    if root is not None:
        _keep(blocks, edge, node.read(blocks, root, False))
    for element in elements:
        edge.add_element(element)
    return edge.finish()


def get(blocks, root, position, value_max=VALUE_MAX):
    """The element at a position from 0: bytes or node.Reference. Raises IndexError, TooLarge, BlockMissing, BadBlock."""
    for element in cut(blocks, root, position, position + 1, False, value_max):
        return element
    raise IndexError("the list has no element at this position")


def cut(blocks, root, start=0, stop=None, reverse=False, value_max=VALUE_MAX):
    """Yield the elements from position ``start`` (from 0) before ``stop`` (None: the end); reverse: the last first. value_max: bytes.

    Raises TooLarge, BlockMissing, BadBlock; ValueError for positions below 0.
    """
    if start < 0 or stop is not None and stop < 0:
        raise ValueError("positions in a list begin at 0")
    found = node.read(blocks, root, False)
    stop = found.count if stop is None else min(stop, found.count)
    left = stop - start
    if left <= 0:
        return
    first = stop - 1 if reverse else start
    for leaf, at in walk.leaves(blocks, root, False, lambda found, rest: _find(found, first if rest is None else rest), reverse):
        places = range(at, -1, -1) if reverse else range(at, len(leaf.values))
        for place in places:
            yield walk.value(blocks, leaf.values[place], value_max)
            left -= 1
            if not left:
                return


def _find(found, position):
    if found.counts is None:
        return position, None
    for at, count in enumerate(found.counts):
        if position < count:
            return at, position
        position -= count
    return len(found.counts), 0


def _keep(blocks, edge, old):
    """Add all that a node holds, whole nodes as far as they are closed: those at the right edge go on."""
    if old.counts is None:
        for element in old.values:
            edge.add_element(element)
        return
    for at in range(len(old.values) - 1):
        edge.add_child(old.level - 1, b"", old.counts[at], old.values[at])
    _keep(blocks, edge, node.child(blocks, old, len(old.values) - 1, False))
