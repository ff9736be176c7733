"""Reads files by their label, in pieces, however their tree is laid out; a node that lies about a size is refused."""

from leither_edge.mimei.errors import BadBlock, BadInput, Conflict, TooLarge
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_pb, unixfs

DEPTH_MAX = 64
_KINDS = {unixfs.DIRECTORY: "a folder", unixfs.HAMT: "a folder", unixfs.SYMLINK: "a symbolic link"}


def size(blocks, cid):
    """Bytes of the file's content. Raises BlockMissing, BadBlock; Conflict if it is no file."""
    if cids.codec(cid) == cids.RAW:
        return len(blocks.get(cid))
    return _whole(*open_node(blocks, cid)[:2])


def read(blocks, cid, offset=0, length=None):
    """Yields the file's bytes from an offset, in pieces of a block at most; length None: to the end.

    Raises, when it comes to it: BlockMissing, BadBlock, TooLarge; Conflict if it is no file; BadInput for an offset below 0.
    """
    if offset < 0 or length is not None and length < 0:
        raise BadInput("An offset and a length are whole numbers from 0.")
    whole = size(blocks, cid)
    end = whole if length is None else min(whole, offset + length)
    # Parts still to be read, the next one last: (label, offset in the file, size as told, level).
    parts = [(cid, 0, whole, 0)]
    while parts and offset < end:
        cid, start, told, level = parts.pop()
        if cids.codec(cid) == cids.RAW:
            content, sizes, links = blocks.get(cid), (), ()
        else:
            content, sizes, links = open_node(blocks, cid)
        if _whole(content, sizes) != told:
            raise BadBlock(f"The file is not whole: {cids.to_text(cid)} has another size than told. Take it from another source.")
        if content and start + len(content) > offset:
            piece = content[offset - start : end - start] if start < offset or start + len(content) > end else content
            yield piece
            offset += len(piece)
        if links and level == DEPTH_MAX:
            raise TooLarge(f"A file's tree has more than {DEPTH_MAX} levels.")
        start += told
        for link, told in zip(reversed(links), reversed(sizes), strict=True):
            start -= told
            # What is told to be empty is not looked at, or a tree of empty parts would keep us reading for ever.
            if told and start < end and start + told > offset:
                parts.append((link.cid, start, told, level + 1))


def open_node(blocks, cid):
    """(its own content, [size] under each link, [dag_pb.Link]) of a dag-pb node of a file. Raises as read."""
    if cids.codec(cid) != cids.DAG_PB:
        raise Conflict(f"{cids.to_text(cid)} is no file but other data.")
    data, links = dag_pb.decode(blocks.get(cid))
    node = unixfs.decode(data)
    if node.kind not in (unixfs.FILE, unixfs.RAW):
        raise Conflict(f"{cids.to_text(cid)} is {_KINDS.get(node.kind, 'no file')}, not a file.")
    content = node.data or b""
    if len(links) != len(node.block_sizes) or node.size is not None and node.size != _whole(content, node.block_sizes):
        raise BadBlock(f"The sizes that {cids.to_text(cid)} tells do not fit together. Take it from another source.")
    return content, node.block_sizes, links


def _whole(content, sizes):
    return len(content) + sum(sizes)
