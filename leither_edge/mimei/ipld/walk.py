"""All blocks under some labels, depth first, in the order in which a reader of the content meets them."""

from leither_edge.mimei.errors import BadBlock, BlockMissing, TooLarge

from . import cid as cids
from .links import links

# Sixty-four folders within one another, each sharded, and a file of the largest size.
DEPTH_MAX = 1024
COUNT_MAX = 1 << 32


def walk(blocks, roots, seen=None, depth_max=DEPTH_MAX, count_max=COUNT_MAX, below=links):
    """Yields (label, bytes) of each block once.

    Args: seen (anything with ``in`` and ``add`` for labels; what is in it is passed over with all below it, and what is met is added;
    None: a set of its own), depth_max (levels), count_max (blocks), below (function of label and bytes: the labels to go on with).
    Raises BlockMissing, BadBlock (also for a cycle, which only a store that is damaged or lies can hold), TooLarge.
    """
    seen = set() if seen is None else seen
    count = 0
    # Level by level: the labels still to be met, the next one last; and the labels on the way, which must not come again.
    levels, way = [list(reversed(roots))], []
    while levels:
        level = levels[-1]
        if not level:
            levels.pop()
            if way:
                way.pop()
            continue
        cid = level.pop()
        if cid in way:
            raise BadBlock("Content contains itself: the store is damaged.")
        if cid in seen:
            continue
        seen.add(cid)
        count += 1
        if count > count_max:
            raise TooLarge(f"The content has more than {count_max} blocks.")
        data = blocks.get(cid)
        next_ones = below(cid, data)
        yield cid, data
        if next_ones:
            if len(levels) >= depth_max:
                raise TooLarge(f"The content has more than {depth_max} levels.")
            next_ones.reverse()
            levels.append(next_ones)
            way.append(cid)


def must_be_whole(blocks, root, seen):
    """Refuses a label of which something is missing; blocks of bytes are asked for and not read.

    Args: blocks (a writer, whose has() keeps what is there from the collection), seen (as for walk: what was looked at).
    Raises BlockMissing, BadBlock.
    """
    todo = [root]
    while todo:
        label = todo.pop()
        if label in seen:
            continue
        seen.add(label)
        if not blocks.has(label):
            raise BlockMissing(f"The block {cids.to_text(label)} is not here, and all must be. Add or import it first.", label)
        if cids.codec(label) != cids.RAW:
            todo += links(label, blocks.get(label))
