"""The blocks of a CAR answer, in the order in which a reader of the content meets them."""

from collections import namedtuple

from leither_edge.mimei.errors import BadBlock, TooLarge
from leither_edge.mimei.files import directory, folder_node
from leither_edge.mimei.files import read as reading
from leither_edge.mimei.ipld import car, unixfs
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld.walk import walk

from .asked import ALL, BLOCK, span_of

# With doubles a graph of a few blocks may be walked for ever; no content of this node has as many.
BLOCKS_MAX = 1 << 22
# A larger block goes out apart from its label, so that it is not copied.
_APART_BYTES = 16384

_FILE, _FOLDER, _OTHER = "file", "folder", "other"

# end: label where the path ends. scope, kind of what is there, dups. offset, length: of the bytes wanted of a file.
Plan = namedtuple("Plan", ("end", "scope", "kind", "offset", "length", "dups"))


class Everything:
    """In place of the set of what was sent, where doubles are wanted."""

    __slots__ = ()

    def __contains__(self, name):
        return False

    def add(self, name):
        """Nothing is kept."""


def plan(blocks, end, asked):
    """What is to be sent, as far as it decides about the answer's head. Raises HttpError 400 for a range outside, BlockMissing."""
    kind, offset, length = _kind(blocks, end), 0, None
    scope = asked.scope
    if asked.span is not None and kind == _FILE:
        offset, length = span_of(asked.span, reading.size(blocks, end))
        if not length:
            scope = BLOCK
    return Plan(end, scope, kind, offset, length, asked.dups)


def sections(blocks, way, plan, sent, met):
    """Yields the bytes of the CAR file in pieces.

    Args: blocks (Noting), way ([(label, bytes)] noted on the path), plan (Plan), sent and met (two empty sets of names, with ``in`` and
    ``add``, for what was sent and what was met). Raises BlockMissing, BadBlock, TooLarge where the file must end short.
    """
    if plan.dups:
        sent = met = Everything()
    yield car.header([plan.end])
    for cid, data in way:
        yield from _section(cid, data, sent)
    for cid, data in _below(blocks, plan, met):
        yield from _section(cid, data, sent)


def _section(cid, data, sent):
    name = cids.digest(cid)
    # Content that stands in its label is sent already, in the link to it.
    if name is None or name in sent:
        return
    sent.add(name)
    head = car.section(cid, data)
    if len(data) < _APART_BYTES:
        yield head + data
    else:
        yield head
        yield data


def _below(blocks, plan, met):
    if plan.scope == ALL:
        for section in walk(blocks, [plan.end], met, count_max=BLOCKS_MAX):
            blocks.take()
            yield section
    elif plan.scope == BLOCK or plan.kind == _OTHER:
        blocks.get(plan.end)
        yield from blocks.take()
    else:
        yield from _entity(blocks, plan)


def _entity(blocks, plan):
    """The blocks that a reader of the bytes wanted of a file, or of all names of a folder, asks for."""
    is_folder = plan.kind == _FOLDER
    reader = directory.entries(blocks, plan.end) if is_folder else reading.read(blocks, plan.end, plan.offset, plan.length)
    is_first, count = True, 0
    while count <= BLOCKS_MAX:
        found = next(reader, reader)
        noted = blocks.take()
        if is_first and len(noted) > 1 and noted[0][0] == noted[1][0]:
            # Read once for its size, once as the first part.
            del noted[0]
        is_first = False
        count += len(noted)
        yield from noted
        if found is reader:
            return
    raise TooLarge(f"The content has more than {BLOCKS_MAX} blocks.")


def _kind(blocks, cid):
    codec = cids.codec(cid)
    if codec != cids.DAG_PB:
        return _FILE if codec == cids.RAW else _OTHER
    try:
        kind = folder_node.node_of(blocks.get(cid)).kind
    except BadBlock:
        return _OTHER
    if kind in (unixfs.DIRECTORY, unixfs.HAMT):
        return _FOLDER
    return _FILE if kind in (unixfs.FILE, unixfs.RAW) else _OTHER
