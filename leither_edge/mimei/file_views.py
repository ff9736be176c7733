"""Files and file systems as those who opened them use them; what changes cur is durable on return."""

from os import PathLike, fsdecode

from . import history
from .access import author_id, reading
from .blocks.digest_set import DigestSet
from .errors import BadInput, Conflict, TooLarge
from .files import edit, read
from .files.add_folder import add_folder
from .files.build import Builder
from .files.file_system import FileSystem
from .files.label_profile import V1_2025
from .files.write_folder import write_folder
from .info import FILE, FILES
from .ipld.walk import must_be_whole
from .quota import Writing

PIECE_BYTES = 1 << 20
# One write into the middle of a file lies in memory.
WRITE_MAX_BYTES = 16 << 20


class _View:
    def __init__(self, opened):
        self._opened = opened
        self._library = opened.library

    def close(self):
        """Nothing is held."""

    def label(self):
        """The label (binary) of the whole."""
        return self._root()

    def _root(self, *operations):
        """The root now, where the session may read it and do more, if asked."""
        opened = self._opened
        with self._library.store.read() as tx:
            head = history.read_head(tx, opened.mid)
            self._library.permitted(tx, opened.session, opened.mid, reading(head, opened.number), *operations)
            return head.root if opened.number is None else opened.root

    def _author(self):
        """Whom changes are charged to, where the session may make them. Raises Conflict: this is no cur."""
        opened = self._opened
        opened.must_be_cur()
        with self._library.store.read() as tx:
            return author_id(self._library.permitted(tx, opened.session, opened.mid, "write")[1])

    def _change(self, change, writing=None):
        """Sets cur's root to the first of what change(blocks, root) returns; returns the second."""
        if writing is None:
            with Writing(self._library, self._author()) as writing:
                return self._change(change, writing)
        library, opened = self._library, self._opened
        with library.lock_of(opened.mid):
            with library.store.read() as tx:
                root = history.read_head(tx, opened.mid).root
            new_root, result = change(writing, root)

            def record(tx):
                library.permitted(tx, opened.session, opened.mid, "write")
                library.set_root(tx, opened.mid, new_root)

            with library.blocks.hold([new_root]):
                writing.finish(record)
        return result

    def _pieces(self, cid, offset, length):
        return held_pieces(self._library.blocks, cid, offset, length)


class FileView(_View):
    """A MiMei that is one file."""

    def size(self):
        """Bytes of the file. Raises BlockMissing."""
        return read.size(self._library.blocks, self._root())

    def read(self, offset=0, length=None):
        """Iterator of pieces (bytes). Raises BadInput (an offset below 0), BlockMissing."""
        return self._pieces(self._root(), offset, length)

    def put(self, source, progress=None, profile=V1_2025):
        """Replaces the file; returns the new label. Args: source (path, or iterable of bytes), progress (bytes so far -> None)."""
        with Writing(self._library, self._author()) as writing:
            cid = added(writing, source, profile, progress)[0]
            return self._change(lambda blocks, root: (cid, cid), writing)

    def write(self, offset, data):
        """Writes bytes at an offset (-1: the end; a gap becomes zeros); returns the new label. Raises TooLarge, QuotaReached."""
        _check_write(data)
        return self._change(lambda blocks, root: _twice(edit.write(blocks, root, _place(blocks, root, offset), data, V1_2025)))

    def truncate(self, size):
        """Cuts or lengthens (with zeros) to a size; returns the new label."""
        return self._change(lambda blocks, root: _twice(edit.truncate(blocks, root, size, V1_2025)))


class FilesView(_View):
    """A MiMei that is a file system. Paths are "a/b", "" is the whole. Errors as Library's, and Conflict."""

    def label(self, path=""):
        """The label (binary) of a file or directory."""
        root = self._root()
        return self._system(root).stat(path).cid if path else root

    def list(self, path="", start=None, limit=None):
        """Iterator of entries (name, cid, size, kind) of a directory. Args: start (name: only those behind it)."""
        root = self._root("list")
        return held(self._library.blocks, root, self._system(root).list(path, start, limit))

    def stat(self, path):
        """The entry (name, cid, size, kind) of a path."""
        return self._system(self._root()).stat(path)

    def exists(self, path):
        """Whether there is something at a path."""
        return self._system(self._root()).find(path) is not None

    def read(self, path, offset=0, length=None):
        """Iterator of pieces (bytes) of a file."""
        return self._pieces(self.label(path), offset, length)

    def put(self, path, source, progress=None, profile=V1_2025):
        """Puts a file, directories above it made where missing; returns its label. Args: as FileView.put."""
        with Writing(self._library, self._author()) as writing:
            cid, _, total = added(writing, source, profile, progress)
            return self._step(lambda system: (system.put(path, cid, total), cid), writing)

    def put_many(self, entries):
        """Puts files that are here at once, each directory written once. Args: entries ([(path, label, bytes of its blocks)])."""
        entries = list(entries)
        self._step(lambda system: (system.put_many(self._whole(system.blocks, entries)), None))

    def put_label(self, path, cid):
        """Puts what a label names, all of which must be here. Raises BlockMissing."""
        self.put_many([(path, cid, None)])

    def make_directory(self, path):
        """Makes a directory with those above it. Raises Conflict if something is there."""
        self._step(lambda system: (system.make_directory(path), None))

    def copy(self, source, target, version="cur"):
        """Copies a file or directory, of another version if wished, to where nothing is."""
        library, opened = self._library, self._opened
        if version == "cur":
            self._root()
            self._step(lambda system: (system.copy(source, target), None))
            return
        entry = library.open(opened.session, opened.mid, version).file_system.stat(source)

        def step(system):
            if system.find(target) is not None:
                raise Conflict(f"{target!r} is there already: remove it first, or take another name.")
            return system.put(target, entry.cid), None

        self._step(step)

    def rename(self, source, target):
        """Moves a file or directory."""
        self._step(lambda system: (system.rename(source, target), None))

    def remove(self, path, recursive=False):
        """Removes a file, an empty directory, or with `recursive` a full one."""
        self._step(lambda system: (system.remove(path, recursive), None))

    def write(self, path, offset, data):
        """Writes bytes at an offset of a file (see FileView.write), made where missing; returns the new label."""
        _check_write(data)

        def step(system):
            entry = system.find(path)
            place = offset if entry is None and offset >= 0 else 0 if entry is None else _place(system.blocks, entry.cid, offset)
            return self._edited(system, system.write(path, place, data), path)

        return self._step(step)

    def truncate(self, path, size):
        """Cuts or lengthens (with zeros) a file; returns the new label."""
        return self._step(lambda system: self._edited(system, system.truncate(path, size), path))

    def put_folder(self, path, folder, progress=None, hidden=False, links=True):
        """Puts a folder of this computer; returns files.add_folder.Added. For those who may read this computer's files: the CLI.

        Args: path ("" replaces the whole), the others as files.add_folder.add_folder.
        """
        with Writing(self._library, self._author()) as writing:
            found = add_folder(writing, folder, V1_2025, hidden=hidden, links=links, progress=progress)
            if path:
                return self._step(lambda system: (system.put(path, found.cid, found.total), found), writing)
            return self._change(lambda blocks, root: (found.cid, found), writing)

    def get_folder(self, path, folder, progress=None, links=True):
        """Writes a directory into a folder of this computer, safely; resumes. Returns files.write_folder.Written. For the CLI."""
        cid = self.label(path)
        with self._library.blocks.hold([cid]):
            return write_folder(self._library.blocks, cid, folder, links=links, progress=progress)

    def _whole(self, writing, entries):
        # What no root has reached so far may be under the collection's hands.
        seen = DigestSet(self._library.blocks.leases.key)
        for _, cid, _ in entries:
            must_be_whole(writing, cid, seen)
        return entries

    def _step(self, step, writing=None):
        return self._change(lambda blocks, root: step(FileSystem(blocks, root, V1_2025)), writing)

    def _edited(self, system, root, path):
        return root, FileSystem(system.blocks, root, V1_2025).stat(path).cid

    def _system(self, root):
        return FileSystem(self._library.blocks, root, V1_2025)


def added(blocks, source, profile, progress=None):
    """(label, bytes, bytes of all blocks) of a file, streamed.

    Args: source (path of a file of this computer, or iterable of bytes), profile (LabelProfile), progress (bytes so far -> None).
    """
    builder = Builder(blocks, profile)
    if isinstance(source, (str, bytes, PathLike)):
        source = pieces_of(source, profile.chunk_bytes)
    for piece in source:
        builder.feed(piece)
        if progress is not None:
            progress(builder.size)
    return builder.finish()


def pieces_of(path, piece_bytes=PIECE_BYTES):
    """Yields the bytes of a file of this computer. Raises BadInput where it cannot be read."""
    try:
        with open(path, "rb", buffering=0) as file:
            while piece := file.read(piece_bytes):
                yield piece
    except OSError as error:
        raise BadInput(f"{fsdecode(path)} cannot be read: {error.strerror}.") from None


def held(blocks, root, items):
    """Yields items while what a label reaches is kept from collection."""
    with blocks.hold([root]):
        yield from items


def held_pieces(blocks, cid, offset=0, length=None):
    """Iterator of a file's pieces; that it is a file that is here, and the offset, are checked at once. Raises as read.read."""
    if offset < 0 or length is not None and length < 0:
        raise BadInput("An offset and a length are whole numbers from 0.")
    read.size(blocks, cid)
    return held(blocks, cid, read.read(blocks, cid, offset, length))


def _place(blocks, cid, offset):
    """An offset from the beginning; below 0 it is one from the end, -1 the end itself."""
    return offset if offset >= 0 else max(0, read.size(blocks, cid) + 1 + offset)


def _check_write(data):
    if len(data) > WRITE_MAX_BYTES:
        raise TooLarge(f"One write takes at most {WRITE_MAX_BYTES >> 20} MiB; put a larger file as a stream.")


def _twice(part):
    return part.cid, part.cid


VIEWS = {FILE: FileView, FILES: FilesView}
