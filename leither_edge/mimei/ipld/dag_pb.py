"""Nodes of files and directories: some bytes and a list of named links (the dag-pb specification of IPLD).

Read as strictly as that specification asks: known fields only, each once, a link's in order; the list of links in one piece.
"""

from collections import namedtuple

from leither_edge.mimei.errors import BadBlock, TooLarge

from . import varint
from .cid import BLOCK_MAX, parse

# name: bytes, None where it does not stand there; size: bytes of all blocks below (Tsize), None where it does not stand there.
Link = namedtuple("Link", "cid name size")


def encode(links, data=None):
    """A block's bytes. Args: links ([Link], written in this order), data (bytes or None)."""
    out = []
    for cid, name, size in links:
        body = b"\x0a" + varint.write(len(cid)) + cid
        if name is not None:
            body += b"\x12" + varint.write(len(name)) + name
        if size is not None:
            body += b"\x18" + varint.write(size)
        out += (b"\x12", varint.write(len(body)), body)
    if data is not None:
        out += (b"\x0a", varint.write(len(data)), data)
    return b"".join(out)


def link_bytes(cid, name, size):
    """How many bytes one link adds to a block."""
    body = 1 + varint.size(len(cid)) + len(cid)
    if name is not None:
        body += 1 + varint.size(len(name)) + len(name)
    if size is not None:
        body += 1 + varint.size(size)
    return 1 + varint.size(body) + body


def decode(block):
    """(data or None, [Link]) of a block. Raises BadBlock, TooLarge."""
    if len(block) > BLOCK_MAX:
        raise TooLarge(f"A block has at most {BLOCK_MAX} bytes.")
    data, links, closed, at, end = None, [], False, 0, len(block)
    while at < end:
        tag = block[at]
        start, at = _field(block, at + 1, end)
        if tag == 0x12:
            if closed:
                raise BadBlock("The links of a node do not stand in one piece.")
            links.append(_link(block, start, at))
        elif tag == 0x0A and data is None:
            data = block[start:at]
            closed = bool(links)
        else:
            raise BadBlock("A node has a part that does not belong there.")
    return data, links


def _link(block, at, end):
    if at >= end or block[at] != 0x0A:
        raise BadBlock("A link of a node names nothing.")
    start, at = _field(block, at + 1, end)
    cid, behind = parse(block[start:at])
    if behind != at - start:
        raise BadBlock("A link of a node has bytes behind its label.")
    name = size = None
    if at < end and block[at] == 0x12:
        start, at = _field(block, at + 1, end)
        name = block[start:at]
    if at < end and block[at] == 0x18:
        size, at = varint.read(block, at + 1)
    if at != end:
        raise BadBlock("A link of a node has a part that does not belong there.")
    return Link(cid, name, size)


def _field(block, at, end):
    """(start, end) of a field with a length before it."""
    size, at = varint.read(block, at)
    if at + size > end:
        raise BadBlock("A node is cut short.")
    return at, at + size
