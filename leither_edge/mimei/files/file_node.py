"""Nodes and leaves of files as a label profile writes them."""

from collections import namedtuple

from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_pb, unixfs

from .label_profile import node_cid

# size: bytes of the file's content under it; total: bytes of all its blocks (Tsize).
Part = namedtuple("Part", "cid size total")


def put_leaf(blocks, profile, content):
    """The Part of one chunk (bytes), stored."""
    if profile.raw_leaves:
        cid, block = cids.of(cids.RAW, content), content
    else:
        node = unixfs.Node(unixfs.FILE, content or None, len(content))
        block = dag_pb.encode((), unixfs.encode(node))
        cid = node_cid(profile, block)
    blocks.put(cid, block)
    return Part(cid, len(content), len(block))


def put_node(blocks, profile, parts):
    """The Part of a node over some parts, stored."""
    size = sum(part.size for part in parts)
    data = unixfs.encode(unixfs.Node(unixfs.FILE, None, size, [part.size for part in parts]))
    block = dag_pb.encode([(part.cid, b"", part.total) for part in parts], data)
    cid = node_cid(profile, block)
    blocks.put(cid, block)
    return Part(cid, size, len(block) + sum(part.total for part in parts))
