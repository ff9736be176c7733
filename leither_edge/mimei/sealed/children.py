"""Which blocks lie below one: what a sealed block links to, in the same order on both sides."""

from leither_edge.mimei.errors import BadBlock
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld.links import links


def children(label, data):
    """[label] below a plain block, each once, in the order of its links; content that stands in a label is passed through.

    A block that is not what its codec says, or of a codec not known here, has none: nobody can follow its links.
    """
    found = {}
    _gather(label, data, found)
    return list(found)


def _gather(label, data, found):
    if cids.codec(label) == cids.RAW:
        return
    try:
        below = links(label, data)
    except BadBlock:
        return
    for cid in below:
        inner = cids.inline(cid)
        if inner is None:
            found[cid] = None
        else:
            # A label holds at most 128 bytes, so this ends.
            _gather(cid, inner, found)
