"""A tree of folders and files under one label. Every change gives the label of a new tree; the old one stays as it is."""

from collections import namedtuple

from leither_edge.mimei.errors import BadInput, Conflict, NotFound
from leither_edge.mimei.ipld import unixfs
from leither_edge.mimei.ipld.dag_pb import Link

from . import directory, edit
from . import folder_node as nodes
from . import read as reading
from .build import build
from .folder_node import SYMLINK
from .tree_change import change_tree, is_folder
from .tree_path import join, name_of, split

# name: text; size: bytes of a file or of a link's target, for a folder of all its blocks as it says itself;
# kind: "file", "directory", "symlink", "unknown" (its block is not here).
Entry = namedtuple("Entry", "name cid size kind")


def empty(blocks, profile):
    """The label of a tree with nothing in it."""
    return directory.directory_of(blocks, profile, ())[0]


class FileSystem:
    """A tree as it is under one root. Methods that change return the label of the new root and leave this object as it is.

    Args: blocks, root (label of a folder), profile (LabelProfile of what is written). Paths: text, as tree_path.split takes it; folders
    that are missing on the way to something new are made. A link is an entry with a text; it is never followed.
    All raise NotFound, Conflict (of another kind, or there already), BadInput, TooLarge, BadBlock, BlockMissing.
    """

    def __init__(self, blocks, root, profile):
        self.blocks, self.root, self.profile = blocks, root, profile

    def stat(self, path):
        """The Entry of a path; the root's name is empty."""
        return self._entry(self._link(split(path)))

    def find(self, path):
        """The Entry of a path, None if there is none."""
        link = self._find(split(path))
        return link and self._entry(link)

    def list(self, path="", start=None, limit=None):
        """Yields the Entry of each name in a folder, as they are read: by name or, in a sharded folder, by the name's hash.

        Args: start (the last name of the part before, to go on), limit (number of entries).
        """
        start = None if start is None else name_of(start)
        if limit is not None and limit < 1:
            return
        for link in directory.entries(self.blocks, self._link(split(path)).cid, start):
            yield self._entry(link)
            if limit is not None:
                limit -= 1
                if not limit:
                    return

    def read(self, path, offset=0, length=None):
        """Yields a file's bytes from an offset in pieces; length None: to the end."""
        return reading.read(self.blocks, self._link(split(path)).cid, offset, length)

    def link_target(self, path):
        """The text of a link."""
        cid = self._link(split(path)).cid
        if nodes.kind_and_size(self.blocks, cid, 0)[0] != SYMLINK:
            raise Conflict(f"{path!r} is no link.")
        return (nodes.node_of(self.blocks.get(cid)).data or b"").decode(errors="replace")

    def put(self, path, cid, total=None):
        """Puts content there, in place of a file that is there. Args: cid, total (size of all its blocks; None: as its block says)."""
        return self.put_many([(path, cid, total)])

    def put_many(self, items):
        """The same of many, each folder written once. Args: items (iterable of (path, cid, total))."""
        return self._changed((self._new(path), self._made(cid, total)) for path, cid, total in items)

    def make_directory(self, path):
        """Makes a folder. Raises Conflict if something is there."""
        return self._make(path, *directory.directory_of(self.blocks, self.profile, ()))

    def make_link(self, path, target):
        """Makes a link with a text. Raises Conflict if something is there."""
        return self._make(path, *put_symlink(self.blocks, self.profile, target.encode()))

    def copy(self, source, target):
        """Puts what is at source also at target, where nothing may be; no content is copied."""
        link = self._link(split(source))
        return self._make(target, link.cid, link.size)

    def rename(self, source, target):
        """Moves what is at source to target, where nothing may be."""
        old, new = self._new(source), self._new(target)
        link = self._link(old)
        if old == new:
            return self.root
        if new[: len(old)] == old:
            raise BadInput("A folder cannot be moved into itself.")
        self._must_be_free(new)
        return self._changed([(old, None), (new, link)])

    def remove(self, path, recursive=False):
        """Removes what is there. Raises Conflict for a folder that is not empty, unless recursive."""
        names = self._new(path)
        cid = self._link(names).cid
        if not recursive and is_folder(self.blocks, cid) and next(directory.entries(self.blocks, cid), None):
            raise Conflict(f"{path!r} is a folder with something in it: remove that first, or all of it together.")
        return self._changed([(names, None)])

    def write(self, path, offset, data):
        """Writes bytes at an offset of a file, which is made if there is none."""
        names = self._new(path)
        link = self._find(names)
        part = edit.write(self.blocks, self._empty_file() if link is None else link.cid, offset, data, self.profile)
        return self._changed([(names, Link(part.cid, None, part.total))])

    def truncate(self, path, length):
        """Cuts a file, or lets it grow with zeros, to a length."""
        names = self._new(path)
        part = edit.truncate(self.blocks, self._link(names).cid, length, self.profile)
        return self._changed([(names, Link(part.cid, None, part.total))])

    def _find(self, names):
        link = Link(self.root, b"", None)
        for name in names:
            try:
                link = directory.find(self.blocks, link.cid, name)
            except Conflict:
                return None
            if link is None:
                return None
        return link

    def _link(self, names):
        link = self._find(names)
        if link is None:
            raise NotFound(f"There is no {join(names)!r} here.")
        return link if link.size is not None else link._replace(size=nodes.total_of(self.blocks, link.cid))

    def _entry(self, link):
        kind, size = nodes.kind_and_size(self.blocks, link.cid, link.size)
        return Entry(link.name.decode(errors="replace"), link.cid, size, kind)

    def _new(self, path):
        names = split(path)
        if not names:
            raise BadInput("This is the folder of all others: name something in it.")
        return names

    def _must_be_free(self, names):
        if self._find(names) is not None:
            raise Conflict(f"{join(names)!r} is there already: remove it first, or take another name.")

    def _make(self, path, cid, total):
        names = self._new(path)
        self._must_be_free(names)
        return self._changed([(names, Link(cid, None, total))])

    def _made(self, cid, total):
        return Link(cid, None, nodes.total_of(self.blocks, cid) if total is None else total)

    def _empty_file(self):
        return build(self.blocks, self.profile, ())[0]

    def _changed(self, changes):
        return change_tree(self.blocks, self.profile, self.root, changes)[0]


def put_symlink(blocks, profile, target):
    """(label, size of all blocks) of a link. Args: target (bytes)."""
    return nodes.write(blocks, profile, unixfs.Node(unixfs.SYMLINK, target), [])
