"""Changes in the middle of files: only the chunks that are touched and the nodes above them are written anew.

The label is the one that a fresh add of the same bytes has. A file that is not cut and linked as the profile says, such as one that
came from elsewhere, is built anew first.
"""

from leither_edge.mimei.errors import BadInput, TooLarge
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_pb

from . import layout
from .build import build
from .file_node import Part, leaf_block, node_block, put_leaf, put_node
from .label_profile import node_cid
from .read import open_node, read, size

SIZE_MAX = 1 << 50


def write(blocks, cid, offset, data, profile):
    """Part (label, bytes of the file, bytes of its blocks) of the file with some bytes at an offset; a gap before them is zeros.

    Args: blocks, cid (the file's label), offset (bytes), data (bytes), profile (LabelProfile).
    Raises BadInput, TooLarge, and as read does.
    """
    if offset < 0:
        raise BadInput("An offset is a whole number from 0.")
    if not data:
        return _as_is(blocks, cid, size(blocks, cid))
    return _change(blocks, cid, offset, data, max(size(blocks, cid), offset + len(data)), profile)


def append(blocks, cid, data, profile):
    """Part of the file with some bytes behind it; else as write."""
    return write(blocks, cid, size(blocks, cid), data, profile)


def truncate(blocks, cid, length, profile):
    """Part of the file cut, or grown by zeros, to a length; else as write."""
    if length < 0:
        raise BadInput("A length is a whole number from 0.")
    if length == size(blocks, cid):
        return _as_is(blocks, cid, length)
    return _change(blocks, cid, length, b"", length, profile)


def _change(blocks, cid, offset, data, new_size, profile):
    if new_size > SIZE_MAX:
        raise TooLarge(f"A file has at most {SIZE_MAX} bytes.")
    try:
        return _Edit(_Tree(blocks, cid, profile), offset, data, new_size).root()
    except _Foreign:
        cid = build(blocks, profile, read(blocks, cid, 0, new_size))[0]
        return _Edit(_Tree(blocks, cid, profile), offset, data, new_size).root()


def _as_is(blocks, cid, whole):
    block = blocks.get(cid)
    links = dag_pb.decode(block)[1] if cids.codec(cid) == cids.DAG_PB else ()
    return Part(cid, whole, len(block) + sum(link.size or 0 for link in links))


class _Foreign(Exception):
    """The tree is not the one that the profile makes."""


class _Tree:
    """The file as it is: its parts by level (0: leaves) and place; each node is read once, and seen to be as the profile makes it.

    Of what is not read the label's kind and the size of all its blocks must fit, which no other layout has; but leaves that are nodes may
    be of two kinds of one size, so the first is looked at. Raises _Foreign.
    """

    def __init__(self, blocks, cid, profile):
        self.blocks = blocks
        self.profile = profile
        self.size = size(blocks, cid)
        self.height = layout.height(profile, self.size)
        if not layout.is_of(profile, self.height, cid):
            raise _Foreign
        self._root = Part(cid, self.size, layout.total(profile, self.height, self.size))
        self._nodes = {}
        if self.height:
            self.children(self.height, 0)
        if not profile.raw_leaves and blocks.get(self.part(0, 0).cid) != leaf_block(profile, self.content(0)):
            raise _Foreign

    def part(self, level, place):
        if level == self.height:
            return self._root
        return self.children(level + 1, place // self.profile.width)[place % self.profile.width]

    def children(self, level, place):
        """[Part] under a node; above the root there is one node, over the root."""
        if level > self.height:
            return [self._root]
        parts = self._nodes.get((level, place))
        if parts is None:
            parts = self._nodes[level, place] = self._read(level, self.part(level, place))
        return parts

    def content(self, place):
        """The bytes of a leaf."""
        part = self.part(0, place)
        return b"".join(read(self.blocks, part.cid))

    def _read(self, level, part):
        profile = self.profile
        _, sizes, links = open_node(self.blocks, part.cid)
        if sizes != layout.child_sizes(profile, level, part.size):
            raise _Foreign
        parts, told = [], None
        for link, below in zip(links, sizes, strict=True):
            if told is None or below != parts[-1].size:
                told = layout.total(profile, level - 1, below)
            if link.size != told or not layout.is_of(profile, level - 1, link.cid):
                raise _Foreign
            parts.append(Part(link.cid, below, told))
        if node_cid(profile, node_block(parts)) != part.cid:
            raise _Foreign
        return parts


class _Edit:
    """One change: the bytes from ``first`` to ``last`` of the new file are others than before."""

    def __init__(self, tree, offset, data, new_size):
        self._tree = tree
        self._profile = tree.profile
        self._offset = offset
        self._data = data
        self._size = new_size
        self._first = min(offset, tree.size)
        self._last = offset + len(data) if new_size == tree.size else new_size
        self._zeros = {}

    def root(self):
        return self._part(layout.height(self._profile, self._size), 0)

    def _part(self, level, place):
        """The new Part of a level at a place that the change touches."""
        start = place * layout.span(self._profile, level)
        length = min(self._size - start, layout.span(self._profile, level))
        if start >= self._tree.size and start + length <= self._offset:
            return self._zero(level, length)
        if not level:
            return put_leaf(self._tree.blocks, self._profile, self._content(place, start, length))
        # What lies wholly before or behind the change stays.
        reach = layout.span(self._profile, level - 1)
        count = -(-length // reach)
        before = min(max(0, self._first - start) // reach, count)
        behind = min(-(-(self._last - start) // reach), count)
        old = self._tree.children(level, place) if before or behind < count else ()
        base = place * self._profile.width
        parts = [*old[:before], *(self._part(level - 1, base + at) for at in range(before, behind)), *old[behind:count]]
        return put_node(self._tree.blocks, self._profile, parts)

    def _content(self, place, start, length):
        begin, end = max(self._offset - start, 0), min(self._offset + len(self._data) - start, length)
        if begin == 0 and end == length:
            return bytes(self._data[start - self._offset : start - self._offset + length])
        content = bytearray(self._tree.content(place)[:length] if start < self._tree.size else b"")
        content.extend(bytes(length - len(content)))
        if begin < end:
            content[begin:end] = self._data[start + begin - self._offset : start + end - self._offset]
        return bytes(content)

    def _zero(self, level, length):
        """A Part of zeros; however many there are, each is made once."""
        part = self._zeros.get((level, length))
        if part is None:
            blocks, profile = self._tree.blocks, self._profile
            if level:
                sizes = layout.child_sizes(profile, level, length)
                part = put_node(blocks, profile, [self._zero(level - 1, below) for below in sizes])
            else:
                part = put_leaf(blocks, profile, bytes(length))
            self._zeros[level, length] = part
        return part
