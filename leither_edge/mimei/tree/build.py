"""A tree from sorted rows, in one pass and in memory that does not grow with them."""

from leither_edge.mimei.tree.edge import Edge


def build(blocks, rows):
    """The root's CID of a tree of rows; its blocks are put.

    rows: iterator of (key, value) with rising keys of at most 511 bytes; value: bytes, or node.Reference or node.Large.
    Raises TooLarge; ValueError if keys do not rise.
    """
    edge = Edge(blocks, True)
    add = edge.add
    last = None
    for key, value in rows:
        if last is not None and key <= last:
            raise ValueError("rows of a tree do not come in rising order")
        last = key
        add(key, value)
    return edge.finish()
