"""What is different between two trees, reading only folders and nodes of folders whose labels differ."""

from collections import namedtuple

from leither_edge.mimei.errors import BadBlock, TooLarge
from leither_edge.mimei.ipld import unixfs

from . import directory, hamt
from . import folder_node as nodes
from .tree_change import is_folder
from .tree_path import DEPTH_MAX, join

_ALIKE_MAX = 4096
# kind: "+" only in the second, "-" only in the first, "~" in both and not the same; path: text, of the topmost that is new or gone.
Difference = namedtuple("Difference", "kind path cid_a cid_b")


def diff(blocks, root_a, root_b):
    """Yields each Difference of two trees, or of two files. Args: root_a, root_b (labels). Raises TooLarge, BadBlock, BlockMissing."""
    return _diff(blocks, root_a, root_b, (), set())


def _diff(blocks, a, b, way, alike):
    # A folder that stands in many places and differs in form only would be compared in each, and be silent all the while.
    if a == b or (a, b) in alike:
        return
    if not (is_folder(blocks, a) and is_folder(blocks, b)):
        yield Difference("~", join(way), a, b)
        return
    if len(way) > DEPTH_MAX:
        raise TooLarge(f"These trees are deeper than {DEPTH_MAX} folders.")
    silent = True
    for name, old, new in differences(blocks, a, b):
        path = (*way, name)
        if old is None:
            found = (Difference("+", join(path), None, new.cid),)
        elif new is None:
            found = (Difference("-", join(path), old.cid, None),)
        else:
            found = _diff(blocks, old.cid, new.cid, path, alike)
        for one in found:
            silent = False
            yield one
    if silent:
        if len(alike) == _ALIKE_MAX:
            alike.clear()
        alike.add((a, b))


def differences(blocks, cid_a, cid_b):
    """Yields (name, Link or None, Link or None) of two folders, for names whose labels differ. Raises Conflict, BadBlock, BlockMissing."""
    (node_a, links_a), (node_b, links_b) = nodes.load(blocks, cid_a), nodes.load(blocks, cid_b)
    if links_a and links_b and node_a.kind == node_b.kind == unixfs.HAMT and node_a.fanout == node_b.fanout:
        yield from _shards(blocks, (node_a, links_a), (node_b, links_b), 0, hamt.HASH_BITS)
        return
    find_a, find_b = _finder(blocks, cid_a, node_a), _finder(blocks, cid_b, node_b)
    for link in directory.entries(blocks, cid_a):
        yield from _pair(link.name, link, find_b(link.name))
    for link in directory.entries(blocks, cid_b):
        if find_a(link.name) is None:
            yield link.name, None, link


def _finder(blocks, cid, node):
    """The function that finds a name's Link in a folder."""
    if node.kind == unixfs.HAMT:
        return lambda name: directory.find(blocks, cid, name)
    return {link.name: link for link in directory.entries(blocks, cid)}.get


def _shards(blocks, a, b, path, left):
    """As differences, of two nodes of sharded folders at the same place. Args: a, b ((node, links)), path, left (as hamt.entries)."""
    bits = hamt.bits_of(a[0])
    left -= bits
    if left < 0:
        raise BadBlock("A sharded folder is deeper than hashes reach.")
    width, fanout = hamt.width(bits), a[0].fanout
    found_a, found_b = dict(hamt.slots(*a)), dict(hamt.slots(*b))
    for bucket in sorted(found_a.keys() | found_b.keys()):
        old, new = found_a.get(bucket), found_b.get(bucket)
        if old and new and old.cid == new.cid and old.name == new.name:
            continue
        place = path << bits | bucket
        below_a = hamt.below(blocks, old, fanout) if old and len(old.name) == width else None
        below_b = hamt.below(blocks, new, fanout) if new and len(new.name) == width else None
        if below_a and below_b:
            yield from _shards(blocks, below_a, below_b, place, left)
            continue
        olds = hamt.entries(blocks, *below_a, -1, place, left) if below_a else _one(old, width)
        news = hamt.entries(blocks, *below_b, -1, place, left) if below_b else _one(new, width)
        # The side that has no node here has one name at most.
        few = {link.name: link for link in (olds if below_b else news)}
        for link in news if below_b else olds:
            other = few.pop(link.name, None)
            yield from _pair(link.name, other, link) if below_b else _pair(link.name, link, other)
        for link in few.values():
            yield from _pair(link.name, link, None) if below_b else _pair(link.name, None, link)


def _one(link, width):
    return (link._replace(name=link.name[width:]),) if link else ()


def _pair(name, old, new):
    if old is None or new is None or old.cid != new.cid:
        yield name, old, new
