"""Blocks of folders, files and links as nodes: reading, writing, what they say about themselves."""

from leither_edge.mimei.errors import BadBlock, Conflict
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_pb, unixfs, varint

from .label_profile import node_cid

DIRECTORY, FILE, SYMLINK, UNKNOWN = "directory", "file", "symlink", "unknown"
_KINDS = {unixfs.DIRECTORY: DIRECTORY, unixfs.HAMT: DIRECTORY, unixfs.FILE: FILE, unixfs.RAW: FILE, unixfs.SYMLINK: SYMLINK}
# The sum of all sizes below is a hint that strangers write: it stops here, so that no sum grows beyond what a node can hold.
_SIZE_MAX = (1 << 63) - 1


def load(blocks, cid):
    """(unixfs.Node, [Link]) of a folder's block. Raises Conflict: it is none; BadBlock, BlockMissing."""
    if cids.codec(cid) != cids.DAG_PB:
        raise Conflict(f"{cids.to_text(cid)} is no folder.")
    data, links = dag_pb.decode(blocks.get(cid))
    node = unixfs.decode(data)
    if node.kind not in (unixfs.DIRECTORY, unixfs.HAMT):
        raise Conflict(f"{cids.to_text(cid)} is no folder.")
    return node, links


def write(blocks, profile, node, links):
    """(label, size of all blocks from here) of a node, after its block was put."""
    block = dag_pb.encode(links, unixfs.encode(node))
    cid = node_cid(profile, block)
    blocks.put(cid, block)
    return cid, total(len(block), links)


def total(own, links):
    """The size of all blocks from a node: its own bytes and what its links say."""
    return min(own + sum(link.size or 0 for link in links), _SIZE_MAX)


def total_of(blocks, cid):
    """The same of a label, read from its block."""
    block = blocks.get(cid)
    return len(block) if cids.codec(cid) != cids.DAG_PB else total(len(block), dag_pb.decode(block)[1])


def kind_and_size(blocks, cid, size):
    """(kind, size) of what a link leads to: bytes of a file or of a link's target; for a folder, ``size``, the link's own word.

    A raw block is not read: its link says its size.
    """
    if cids.codec(cid) == cids.RAW:
        return FILE, size if size is not None else len(blocks.get(cid))
    if cids.codec(cid) != cids.DAG_PB or not blocks.has(cid):
        return UNKNOWN, size or 0
    node = node_of(blocks.get(cid))
    kind = _KINDS.get(node.kind, UNKNOWN)
    if kind == FILE:
        return kind, node.size if node.size is not None else len(node.data or b"")
    return kind, len(node.data or b"") if kind == SYMLINK else size or 0


def node_of(block):
    """The unixfs.Node of a dag-pb block, its links passed over. Raises BadBlock."""
    return unixfs.decode(scan(block, ())[0])


def scan(block, names):
    """(data or None, the first Link that has one of some names, or None) of a dag-pb block; other links are passed over unread.

    A folder of thousands of names is searched at each step of a path, and reading all its links takes ten times as long.
    Args: names (sequence of bytes). Raises BadBlock.
    """
    wanted = tuple(b"\x12" + varint.write(len(name)) + name for name in names)
    data = link = None
    at, last = 0, len(block)
    try:
        while at < last:
            tag, size, start = block[at], block[at + 1], at + 2
            if size > 0x7F:
                size, start = varint.read(block, at + 1)
            at = start + size
            if tag == 0x0A:
                data = block[start:at]
            elif wanted:
                # A label shorter than 128 bytes is behind one byte of length; a longer one is rare, and read.
                label_bytes = block[start + 1]
                if label_bytes > 0x7F or block.startswith(wanted, start + 2 + label_bytes, at):
                    found = dag_pb.decode(block[start - 1 - varint.size(size) : at])[1][0]
                    if found.name in names:
                        link, wanted = found, ()
    except IndexError:
        at = None
    if at != last:
        raise BadBlock("A node is cut short.")
    return data, link


def link_lengths(block):
    """Yields (bytes of the label, bytes of the name) of each link of a dag-pb block, unread. Raises BadBlock."""
    at, last = 0, len(block)
    while at < last:
        tag = block[at]
        size, start = varint.read(block, at + 1)
        at = start + size
        if tag == 0x12:
            label_bytes, start = varint.read(block, start + 1)
            start += label_bytes
            yield label_bytes, varint.read(block, start + 1)[0] if start < at else 0
