"""Nodes and leaves of files as a label profile writes them."""

from collections import namedtuple

from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_pb, unixfs

from .label_profile import node_cid

# size: bytes of the file's content under it; total: bytes of all its blocks (Tsize).
Part = namedtuple("Part", "cid size total")


def leaf_block(profile, content):
    """The block of one chunk (bytes)."""
    if profile.raw_leaves:
        return content
    return dag_pb.encode((), unixfs.encode(unixfs.Node(unixfs.FILE, content or None, len(content))))


def put_leaf(blocks, profile, content):
    """The Part of one chunk (bytes), stored."""
    block = leaf_block(profile, content)
    cid = cids.of(cids.RAW, block) if profile.raw_leaves else node_cid(profile, block)
    blocks.put(cid, block)
    return Part(cid, len(content), len(block))


def node_block(parts):
    """The block of a node over some parts."""
    data = unixfs.encode(unixfs.Node(unixfs.FILE, None, sum(part.size for part in parts), [part.size for part in parts]))
    return dag_pb.encode([(part.cid, b"", part.total) for part in parts], data)


def put_node(blocks, profile, parts):
    """The Part of a node over some parts, stored."""
    block = node_block(parts)
    cid = node_cid(profile, block)
    blocks.put(cid, block)
    return Part(cid, sum(part.size for part in parts), len(block) + sum(part.total for part in parts))
