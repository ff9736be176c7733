"""A tree of blocks as a folder of the computer. It writes below that folder and nowhere else, whatever the tree says.

Each file is written under another name in a folder of its own, ".leither-part", and moved when it is whole. Begun again, what is there
and right is left as it is, and a part is gone on with.
"""

import errno
import os
import stat
from collections import namedtuple

from leither_edge.mimei.errors import Conflict, MimeiError, QuotaReached, TooLarge
from leither_edge.mimei.ipld import cid as cids

from . import directory, read
from . import folder_node as nodes
from .tree_path import DEPTH_MAX, join, name_of

# files, bytes: how many were written or were there; skipped: paths of links that were left out, the first of them.
Written = namedtuple("Written", "files bytes skipped")

ENTRIES_MAX = 1 << 21
_SKIPPED_MAX = 100
_PARTS = b".leither-part"
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
_FILE_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def write_folder(blocks, root, folder, *, links=True, progress=None, entries_max=ENTRIES_MAX):
    """Writes a tree into a folder, which is made if it is missing; returns a Written. Other things that are there stay.

    Args: blocks, root (label of a folder), folder (path on this computer), links (write links whose text cannot lead out of the folder;
    the others are left out, or all of them if false), progress (called with path, files and bytes so far; what it raises ends the work),
    entries_max (names in all).
    Raises BadInput: a name that leads elsewhere; Conflict: something else is in the way; TooLarge; QuotaReached: the disk has no room;
    MimeiError "not-writable"; BadBlock, BlockMissing.
    """
    work = _Work(blocks, links, progress, entries_max)
    if directory.find(blocks, root, _PARTS) is not None:
        raise Conflict(f"The tree has a {_PARTS.decode()!r} of its own, where parts of files would lie: rename it there.")
    try:
        os.makedirs(folder, exist_ok=True)
        # The folder itself may be a link: its owner chose it.
        at = os.open(folder, _FOLDER_FLAGS & ~os.O_NOFOLLOW)
        try:
            work.parts = _open_folder(at, _PARTS, 0o700)
            try:
                work.folder(at, root, ())
                # Parts of another tree, whose writing stopped.
                for name in os.listdir(work.parts):
                    os.unlink(name, dir_fd=work.parts)
            finally:
                os.close(work.parts)
            os.rmdir(_PARTS, dir_fd=at)
        finally:
            os.close(at)
    except OSError as error:
        raise _not_writable(os.fsdecode(folder), error) from None
    return Written(work.files, work.bytes, work.skipped)


class _Work:
    def __init__(self, blocks, links, progress, room):
        self.blocks, self.links, self.progress, self.room = blocks, links, progress, room
        self.parts = None
        self.files = self.bytes = 0
        self.skipped = []

    def folder(self, at, cid, way):
        """Writes a folder's names into an open folder."""
        if len(way) > DEPTH_MAX:
            raise TooLarge(f"{join(way)!r} is deeper than {DEPTH_MAX} folders.")
        for link in directory.entries(self.blocks, cid):
            self.room -= 1
            if self.room < 0:
                raise TooLarge("The tree has more names than may be written at once.")
            name = name_of(link.name)
            path = (*way, name)
            try:
                self._one(at, name, link.cid, path)
            except OSError as error:
                raise _not_writable(join(path), error) from None

    def _one(self, at, name, cid, path):
        kind = nodes.kind_and_size(self.blocks, cid, 0)[0]
        if kind == nodes.DIRECTORY:
            below = _open_folder(at, name, 0o777)
            try:
                self.folder(below, cid, path)
            finally:
                os.close(below)
        elif kind == nodes.SYMLINK:
            self._link(at, name, nodes.node_of(self.blocks.get(cid)).data or b"", path)
        else:
            size = read.size(self.blocks, cid)
            if not self._is_there(at, name, cid, size):
                self._file(at, name, cid, size, path)
            self.files += 1
            self._tell(path)

    def _link(self, at, name, target, path):
        if not self.links or not _stays(target, len(path) - 1):
            if len(self.skipped) < _SKIPPED_MAX:
                self.skipped.append(join(path))
            return
        _remove(self.parts, b"link")
        os.symlink(target, b"link", dir_fd=self.parts)
        os.replace(b"link", name, src_dir_fd=self.parts, dst_dir_fd=at)

    def _is_there(self, at, name, cid, size):
        """Whether a file is there with these very bytes."""
        try:
            file = os.open(name, os.O_RDONLY | _FILE_FLAGS, dir_fd=at)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ELOOP):
                return False
            raise
        try:
            found = os.fstat(file)
            if stat.S_ISDIR(found.st_mode):
                raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
            if not stat.S_ISREG(found.st_mode) or found.st_size != size:
                return False
            same = all(os.read(file, len(piece)) == piece for piece in read.read(self.blocks, cid))
        finally:
            os.close(file)
        self.bytes += size if same else 0
        return same

    def _file(self, at, name, cid, size, path):
        part = cids.to_text(cids.as_v1(cid)).encode()[-64:]
        file = os.open(part, os.O_RDWR | os.O_CREAT | _FILE_FLAGS, 0o666, dir_fd=self.parts)
        try:
            room = os.fstatvfs(file)
            if size - os.fstat(file).st_size > room.f_bavail * room.f_frsize:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            offset = 0
            for piece in read.read(self.blocks, cid):
                if os.pread(file, len(piece), offset) != piece:
                    _write_all(file, piece, offset)
                offset += len(piece)
                self.bytes += len(piece)
                self._tell(path)
            os.ftruncate(file, offset)
        finally:
            os.close(file)
        os.replace(part, name, src_dir_fd=self.parts, dst_dir_fd=at)

    def _tell(self, path):
        if self.progress is not None:
            self.progress(join(path), self.files, self.bytes)


def _open_folder(at, name, mode):
    """A descriptor of a folder by its name in an open one, made if it is missing; a link there is not followed."""
    try:
        os.mkdir(name, mode, dir_fd=at)
    except FileExistsError:
        pass
    return os.open(name, _FOLDER_FLAGS, dir_fd=at)


def _stays(target, depth):
    """Whether a link's text cannot lead out of the tree, seen from a folder at some depth.

    Steps up stand only at its beginning: behind a name they would leave from where that name leads, if it is a link too.
    """
    steps = target.split(b"/")
    up = 0
    while up < len(steps) and steps[up] == b"..":
        up += 1
    return bool(target) and up <= depth and target[:1] != b"/" and b".." not in steps[up:] and b"\0" not in target


def _write_all(file, data, offset):
    with memoryview(data) as left:
        at = 0
        while at < len(left):
            at += os.pwrite(file, left[at:], offset + at)


def _remove(at, name):
    try:
        os.unlink(name, dir_fd=at)
    except FileNotFoundError:
        pass


def _not_writable(path, error):
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return QuotaReached(f"{path!r} does not fit: the disk has no room for it. Make room, and begin again where it stopped.")
    if error.errno in (errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENOTEMPTY):
        return Conflict(f"{path!r} is there already and of another kind ({error.strerror}): remove it, or write elsewhere.")
    return MimeiError(f"{path!r} cannot be written ({error.strerror}): see that you may write there.", "not-writable")
