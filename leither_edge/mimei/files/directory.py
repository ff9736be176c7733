"""One folder, whichever form it has: one block with all its links by name, or, over the profile's bound, nodes by hash (hamt.py).

Which form a folder has follows from its names, labels and sizes alone, so a folder that was changed step by step has the label of one
that is made anew. One whose form another program chose by another rule keeps it until its names weigh less after a change than before.
"""

from leither_edge.mimei.errors import BadBlock, Conflict
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_pb, unixfs
from leither_edge.mimei.ipld.dag_pb import Link

from . import folder_node as nodes
from . import hamt

_BASIC = unixfs.Node(unixfs.DIRECTORY)
# Names that wait in memory, some 3 MB of them, before they go into a sharded folder together.
_ROWS_MAX = 8192


def directory_of(blocks, profile, entries):
    """(label, size of all blocks) of a folder. Args: entries (iterable of (name (bytes), label, size of all its blocks), in any order).

    Raises Conflict: a name twice.
    """
    builder = Builder(blocks, profile)
    for name, cid, total in entries:
        builder.add(name, cid, total)
    return builder.finish()


class Builder:
    """A folder from its names as they come, in memory for a bounded number of them.

    Args: blocks, profile, node (unixfs.Node whose mode and time of change the folder keeps), rows ({name: Link} to begin with).
    """

    def __init__(self, blocks, profile, node=_BASIC, rows=None):
        self._blocks, self._profile = blocks, profile
        self._node = _BASIC._replace(mode=node.mode, mtime=node.mtime)
        self._rows = rows or {}
        self._weight = weight_of(profile)
        self._room = _room(profile, self._node) - sum(map(self._weight, self._rows.values()))
        self._links = []

    def add(self, name, cid, total):
        """Takes one name (bytes) with its label and the size of all its blocks. Raises Conflict: the name is there."""
        if name in self._rows:
            _twice()
        link = Link(cid, name, total)
        self._rows[name] = link
        self._room -= self._weight(link)
        if len(self._rows) >= _ROWS_MAX and self._room < 0:
            self._flush()

    def finish(self):
        """(label, size of all blocks)"""
        if self._room >= 0:
            return nodes.write(self._blocks, self._profile, self._node, [self._rows[name] for name in sorted(self._rows)])
        self._flush()
        return nodes.write(self._blocks, self._profile, hamt.root(self._links, self._node), self._links)

    def _flush(self):
        change = hamt.Change(self._blocks, self._profile, self._weight, _twice)
        self._links = change.apply(hamt.root(self._links), self._links, _sorted_rows(self._rows))
        self._rows = {}


def change(blocks, profile, cid, changes, replacing=lambda old, new: None):
    """(label, size of all blocks) of a folder after a change.

    Args: cid, changes ({name (bytes): Link or None to remove it}; what is removed and was not there is passed over), replacing (called
    with each Link that goes and the Link or None that comes in its place; it may raise).
    Raises Conflict: cid is no folder; BadBlock, BadInput, BlockMissing.
    """
    node, links = nodes.load(blocks, cid)
    if node.kind == unixfs.DIRECTORY:
        found = _by_name(links)
        for name, link in changes.items():
            old = found.pop(name, None)
            if old is not None:
                replacing(old, link)
            if link is not None:
                found[name] = link
        return Builder(blocks, profile, node, found).finish()
    if links and node.fanout == hamt.FANOUT and (cid[0] == 1) == (profile.cid_version == 1):
        weight = weight_of(profile)
        done = hamt.Change(blocks, profile, weight, replacing)
        links = done.apply(node, links, _sorted_rows(changes))
        node = hamt.root(links, node)
        # Whether all names fit into one block is only asked where they may: it takes reading that block's worth of them.
        if done.grown >= 0 and len(links) >= hamt.FANOUT // 2 or hamt.weighs_over(blocks, node, links, weight, _room(profile, node)):
            return nodes.write(blocks, profile, node, links)
        old, changes = hamt.entries(blocks, node, links) if links else (), {}
    else:
        # Of another program or profile: every node is another.
        old = entries(blocks, cid)
    builder = Builder(blocks, profile, node)
    for link in old:
        if link.name in changes:
            replacing(link, changes[link.name])
        else:
            builder.add(link.name, link.cid, link.size)
    for name, link in changes.items():
        if link is not None:
            builder.add(name, link.cid, link.size)
    return builder.finish()


def find(blocks, cid, name):
    """The Link of a name (bytes) in a folder, None if it is not there. Raises Conflict: cid is no folder; BadBlock, BlockMissing."""
    if cids.codec(cid) == cids.DAG_PB:
        block = blocks.get(cid)
        data, link = nodes.scan(block, (name,))
        kind = unixfs.decode(data).kind
        if kind == unixfs.DIRECTORY:
            return link
        if kind == unixfs.HAMT:
            return hamt.find(blocks, block, name)
    raise Conflict(f"{cids.to_text(cid)} is no folder.")


def entries(blocks, cid, start=None):
    """Yields the Link of each name: in the order of names or, in a sharded folder, of their hashes.

    Args: start (a name (bytes): begin behind it, whether it is there or not). Raises as find.
    """
    node, links = nodes.load(blocks, cid)
    if node.kind == unixfs.HAMT:
        if links:
            yield from hamt.entries(blocks, node, links, -1 if start is None else hamt.hash_of(start))
        return
    found = _by_name(links)
    for name in sorted(found):
        if start is None or name > start:
            yield found[name]


def weight_of(profile):
    """The function that says what a Link adds to the size that decides about the form."""
    if profile.shard_by_block:
        return lambda link: dag_pb.link_bytes(link.cid, link.name, link.size)
    return lambda link: len(link.name) + len(link.cid)


def _room(profile, node):
    """What names may weigh together in one block."""
    own = unixfs.Node(unixfs.DIRECTORY, mode=node.mode, mtime=node.mtime)
    return profile.shard_bytes - (len(dag_pb.encode((), unixfs.encode(own))) if profile.shard_by_block else 0)


def _sorted_rows(changes):
    return sorted((hamt.hash_of(name), name, link) for name, link in changes.items())


def _by_name(links):
    """{name: Link}, the first of each name, as every reader takes it."""
    found = {}
    for link in links:
        if link.name is None:
            raise BadBlock("A folder has a link without a name.")
        found.setdefault(link.name, link)
    return found


def _twice(*_):
    raise Conflict("A folder cannot hold one name twice.")
