"""A folder of the computer as a tree of blocks: read once, in memory for a chunk of a file and some thousand names."""

import os
import stat
from collections import namedtuple

from leither_edge.mimei.errors import MimeiError, TooLarge

from .build import Builder as FileBuilder
from .directory import Builder as FolderBuilder
from .file_system import put_symlink
from .label_profile import V1_2025
from .tree_path import DEPTH_MAX, join, name_of

# cid, total: label and size of all blocks; files, bytes: how many were read; skipped: what is no file, folder or link, such as a socket.
Added = namedtuple("Added", "cid total files bytes skipped")

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# What became a link or a pipe since its name was read is neither followed nor waited for.
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def add_folder(blocks, folder, profile=V1_2025, *, hidden=False, links=True, progress=None):
    """Adds what is in a folder, empty folders too, and returns an Added; permissions and times are left out, so that they change no label.

    Args: blocks, folder (path on this computer, may be a link itself), profile (LabelProfile), hidden (with names that begin with a dot),
    links (keep symbolic links as such; they are never followed), progress (called with path, files and bytes so far; what it raises
    ends the work).
    Raises BadInput: a name that is no Unicode; TooLarge; MimeiError "not-readable"; what the blocks raise.
    """
    work = _Work(blocks, profile, hidden, links, progress)
    try:
        at = os.open(folder, _FOLDER_FLAGS)
    except OSError as error:
        raise _not_readable(os.fsencode(folder), error) from None
    try:
        cid, total = work.folder(at, ())
    finally:
        os.close(at)
    return Added(cid, total, work.files, work.bytes, work.skipped)


class _Work:
    def __init__(self, blocks, profile, hidden, links, progress):
        self.blocks, self.profile, self.hidden, self.links, self.progress = blocks, profile, hidden, links, progress
        self.files = self.bytes = self.skipped = 0

    def folder(self, at, way):
        """(label, size of all blocks) of an open folder."""
        if len(way) > DEPTH_MAX:
            raise TooLarge(f"{join(way)!r} is deeper than {DEPTH_MAX} folders: move it up.")
        builder = FolderBuilder(self.blocks, self.profile)
        # A descriptor of its own, as reading its names moves it.
        with os.scandir(at) as found:
            for one in found:
                name = os.fsencode(one.name)
                if name[:1] == b"." and not self.hidden:
                    continue
                path = (*way, name)
                try:
                    added = self._one(at, name, path)
                except OSError as error:
                    raise _not_readable(join(path), error) from None
                if added is not None:
                    builder.add(name_of(name), *added)
        return builder.finish()

    def _one(self, at, name, path):
        """(label, size of all blocks) of what has a name in an open folder, None if it is passed over."""
        mode = os.lstat(name, dir_fd=at).st_mode
        if stat.S_ISLNK(mode):
            return put_symlink(self.blocks, self.profile, os.readlink(name, dir_fd=at)) if self.links else None
        if stat.S_ISDIR(mode):
            below = os.open(name, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=at)
            try:
                return self.folder(below, path)
            finally:
                os.close(below)
        if stat.S_ISREG(mode):
            file = os.open(name, _FILE_FLAGS, dir_fd=at)
            try:
                if stat.S_ISREG(os.fstat(file).st_mode):
                    return self._file(file, path)
            finally:
                os.close(file)
        self.skipped += 1
        return None

    def _file(self, file, path):
        name_of(path[-1])
        builder = FileBuilder(self.blocks, self.profile)
        while True:
            piece = os.read(file, self.profile.chunk_bytes)
            if not piece:
                break
            builder.feed(piece)
            self.bytes += len(piece)
            self._tell(path)
        cid, _, total = builder.finish()
        self.files += 1
        self._tell(path)
        return cid, total

    def _tell(self, path):
        if self.progress is not None:
            self.progress(join(path), self.files, self.bytes)


def _not_readable(path, error):
    path = path if isinstance(path, str) else path.decode(errors="replace")
    return MimeiError(f"{path!r} cannot be read ({error.strerror}): make it readable, or leave it out.", "not-readable")
