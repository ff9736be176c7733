"""The leaves of a tree or a list in order, both ways, one node a level in memory."""

from leither_edge.mimei.errors import TooLarge
from leither_edge.mimei.ipld import cid as labels
from leither_edge.mimei.tree import node
from leither_edge.mimei.tree.boundaries import VALUE_MAX


def value(blocks, stored, value_max=VALUE_MAX):
    """What a leaf's value stands for: bytes, or a node.Reference as it is. value_max: bytes.

    Raises TooLarge, BlockMissing, BadBlock; Conflict if it lies in something that is no file.
    """
    if not isinstance(stored, node.Large):
        return stored
    if stored.size > value_max:
        raise TooLarge(f"A value of a tree has {stored.size} bytes; {value_max} are taken here.")
    if stored.cid[1] == labels.RAW:
        data = blocks.get(stored.cid)
    else:
        from leither_edge.mimei.files import read  # few values take more than a block

        # Cut behind what is stated, or a small block linked many times over would be more than memory holds.
        data = b"".join(read.read(blocks, stored.cid, 0, stored.size + 1))
    if len(data) != stored.size:
        raise node.bad("a value is not as large as stated")
    return data


def is_list(data):
    """True if a block is the node of a list, false if that of a tree of rows, as far as its first bytes say."""
    at = 1 if data[:1] < b"\x98" else 1 + (1 << (data[0] & 3))
    return data[at : at + 1] >= b"\x20"


def leaves(blocks, root, keyed, find, reverse=False):
    """Yield (leaf, place of its first entry in that direction); places of others are their first, or last, entries.

    find(node, rest) -> (place, rest): where the way to the start enters a node; rest is handed down. A place may lie outside of a node.
    """
    found = node.read(blocks, root, keyed)
    path = []
    last = None
    at, rest = find(found, None)
    step = -1 if reverse else 1
    while True:
        if 0 <= at < len(found.values):
            if found.counts is not None:
                path.append((found, at))
                found = node.child(blocks, found, at, keyed)
                if find is None:
                    at = len(found.values) - 1 if reverse else 0
                else:
                    at, rest = find(found, rest)
                continue
            if keyed:
                # Parents state first keys only.
                if last is not None and (found.keys[-1] >= last[0] if reverse else found.keys[0] <= last[-1]):
                    raise node.bad("its keys do not rise")
                last = found.keys
            yield found, at
        find = None
        while path:
            found, at = path.pop()
            at += step
            if 0 <= at < len(found.values):
                break
        else:
            return
