"""How the balanced tree over a file of some size looks under a label profile: heights, spans, and sizes of all its blocks."""

from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_pb, varint

_V1 = bytes(36)
_V0 = bytes(34)


def height(profile, size):
    """Levels of nodes above the leaves, 0 for a file of one chunk."""
    levels, reach = 0, profile.chunk_bytes
    while reach < size:
        levels += 1
        reach *= profile.width
    return levels


def span(profile, level):
    """Bytes of the file under a full node of a level; level 0 is a leaf."""
    return profile.chunk_bytes * profile.width**level


def child_sizes(profile, level, size):
    """[bytes of the file] under each link of a node of a level that has so many bytes under it."""
    full, rest = divmod(size, span(profile, level - 1))
    return [span(profile, level - 1)] * full + ([rest] if rest else [])


def total(profile, level, size):
    """Bytes of all blocks (Tsize) of a subtree of a level over so many bytes of the file."""
    if not level:
        return size if profile.raw_leaves else _field(2 + (_field(size) if size else 0) + 1 + varint.size(size))
    label = _V0 if profile.cid_version == 0 else _V1
    data, links = 3 + varint.size(size), 0
    full, rest = divmod(size, span(profile, level - 1))
    below = 0
    for count, part in ((full, span(profile, level - 1)), (1, rest)):
        if count and part:
            blocks = total(profile, level - 1, part)
            data += count * (1 + varint.size(part))
            links += count * dag_pb.link_bytes(label, b"", blocks)
            below += count * blocks
    return links + _field(data) + below


def is_of(profile, level, cid):
    """True if a label is of the kind that a subtree's root of a level has."""
    codec = cids.RAW if not level and profile.raw_leaves else cids.DAG_PB
    return cids.codec(cid) == codec and cids.digest(cid) is not None and (cid[0] == 1) == bool(profile.cid_version)


def _field(size):
    return 1 + varint.size(size) + size
