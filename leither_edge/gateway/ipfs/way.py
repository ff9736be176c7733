"""From a label along a path: through folders of UnixFS and links of DAG-CBOR, the blocks on the way noted."""

from leither_edge.http import HttpError
from leither_edge.mimei.errors import BadBlock, BlockMissing, Conflict
from leither_edge.mimei.files import directory
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_cbor

from ..header_fields import quoted


class Noting:
    """Blocks, and the labels and bytes of those that were read, in their order. Args: blocks (with get)."""

    __slots__ = ("_blocks", "read")

    def __init__(self, blocks):
        self._blocks = blocks
        self.read = []

    def get(self, cid):
        """The bytes of a block. Raises BlockMissing."""
        data = cids.inline(cid)
        if data is None:
            data = self._blocks.get(cid)
            self.read.append((cid, data))
        return data

    def take(self):
        """What was read since the last call: [(label, bytes)]."""
        found, self.read = self.read, []
        return found


def follow(blocks, cid, names, text):
    """[label] of the root and of each name on the way.

    Args: names (of the path), text (the root, as it was written). Raises HttpError 404 and 501, BlockMissing, BadBlock.
    """
    roots = [cid]
    for position, name in enumerate(names):
        try:
            cid = _step(blocks, cid, name)
        except Conflict:
            cid = None
        except BlockMissing:
            if not position:
                raise
            cid = None
        if cid is None:
            gone = "/".join((text, *names[: position + 1]))
            raise HttpError(404, f"There is nothing at /ipfs/{quoted(gone)}.", reason="no-path")
        roots.append(cid)
    return roots


def _step(blocks, cid, name):
    if cids.codec(cid) == cids.DAG_PB:
        link = directory.find(blocks, cid, name.encode())
        return link and link.cid
    if cids.codec(cid) != cids.DAG_CBOR:
        raise Conflict("Nothing is below a block of bytes.")
    value = dag_cbor.decode(blocks.get(cid))
    if isinstance(value, dict):
        found = value.get(name)
    elif isinstance(value, list) and name.isdecimal() and name.isascii() and len(name) < 8 and int(name) < len(value):
        found = value[int(name)]
    else:
        found = None
    if isinstance(found, (dict, list)):
        raise HttpError(501, "A path may go through links only, not through what lies within a block.", reason="path")
    if found is not None and not isinstance(found, dag_cbor.Link):
        raise BadBlock("There is a value at this path, not a link.")
    return found and found.cid
