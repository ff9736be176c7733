"""Large blocks as files of their own: named by 32 bytes, in a two-level folder, never seen half-written.

    ab/cdef...    a block, by its name in hexadecimal: 2 digits, 62 digits
    new/          what is being written; emptied when the folder is opened

A block is written under new/, flushed and renamed, and its folder flushed; what refers to it is written after that.
"""

import os

from .direct_write import DirectWriter
from .environment import make_folder, sync_folder
from .translate import from_os_error

NAME_BYTES = 32
NEW = "new"


class BlockFiles:
    """The files in one folder, made if it is missing. Raises StorageError (ReadOnly, DiskFull, DiskFailed), as all of its calls."""

    def __init__(self, folder):
        self.folder = os.fspath(folder)
        # Those of the first level whose own names are known to be durable.
        self._durable = set()
        make_folder(self.folder)
        make_folder(os.path.join(self.folder, NEW))
        self.sweep_new()

    def batch(self):
        """Return a FileBatch: several blocks that become durable together."""
        return FileBatch(self)

    def read(self, name, size):
        """Return the bytes of a block, None if there is no such file; at most one more than `size`."""
        handle = self.open(name)
        if handle is None:
            return None
        try:
            return os.read(handle, size + 1)
        except OSError as error:
            raise from_os_error(error, self.folder, "be read") from None
        finally:
            os.close(handle)

    def open(self, name):
        """Return a file descriptor to read a block in parts, to be closed by the caller; None if there is no such file."""
        try:
            return os.open(self._path(name), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise from_os_error(error, self.folder, "be read") from None

    def remove(self, name):
        """Remove a block's file; return whether it was there. What refers to it is gone before."""
        try:
            os.unlink(self._path(name))
        except FileNotFoundError:
            return False
        except OSError as error:
            raise from_os_error(error, self.folder, "be cleared") from None
        return True

    def names(self):
        """Yield (name, bytes) of all files in order; alien files are left alone."""
        try:
            for folder in sorted(os.listdir(self.folder)):
                if len(folder) == 2 and _is_hex(folder):
                    with os.scandir(os.path.join(self.folder, folder)) as entries:
                        found = sorted(
                            (entry.name, _size(entry))
                            for entry in entries
                            if len(entry.name) == 2 * NAME_BYTES - 2 and _is_hex(entry.name)
                        )
                    for name, size in found:
                        if size is not None:
                            yield bytes.fromhex(folder + name), size
        except OSError as error:
            raise from_os_error(error, self.folder, "be read") from None

    def sweep_new(self):
        """Remove what was being written when a process ended; return how many files. Nothing may be writing."""
        folder = os.path.join(self.folder, NEW)
        try:
            left = os.listdir(folder)
            for name in left:
                os.unlink(os.path.join(folder, name))
        except OSError as error:
            raise from_os_error(error, self.folder, "be cleared") from None
        return len(left)

    def room_bytes(self):
        """Return how many bytes the partition has left for us."""
        try:
            room = os.statvfs(self.folder)
        except OSError as error:
            raise from_os_error(error, self.folder, "be read") from None
        return room.f_bavail * room.f_frsize

    def _path(self, name):
        text = name.hex()
        return os.path.join(self.folder, text[:2], text[2:])


class FileBatch:
    """Blocks written together, by one thread: put() any number, flush() now and then, settle() or drop() at the end.

    unflushed: how many were put since the last flush.
    """

    def __init__(self, files):
        self._files = files
        self._direct = DirectWriter()
        self._open = []
        self._folders = set()

    @property
    def unflushed(self):
        return len(self._open)

    def put(self, name, data):
        """Write one block, not yet under its name, and have the kernel begin to bring it to the medium."""
        path = os.path.join(self._files.folder, NEW, f"{id(self):x}-{name.hex()}")
        try:
            handle = self._direct.write(path, data)
            if handle is not None:
                self._open.append((handle, path, name))
                return
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            self._open.append((handle, path, name))
            left = memoryview(data)
            while left:
                left = left[os.write(handle, left) :]
            # Starts the writing, so that the flush finds little left, and lets a film not fill the memory.
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        except OSError as error:
            raise from_os_error(error, self._files.folder, "take a block") from None

    def flush(self, keep=0):
        """Bring what was put to the medium, and under its names, but for the last `keep`; the names are not durable yet.

        What was put a while ago has been written meanwhile, so that its flush is short.
        """
        files = self._files
        done = self._open[: len(self._open) - keep]
        try:
            for handle, _, _ in done:
                os.fsync(handle)
            for _, path, name in done:
                target = files._path(name)
                folder = os.path.dirname(target)
                if folder not in self._folders and folder not in files._durable:
                    _make(folder)
                    self._folders.add(files.folder)
                self._folders.add(folder)
                os.rename(path, target)
        except OSError as error:
            raise from_os_error(error, files.folder, "take a block") from None
        self._close(done)

    def settle(self):
        """Make all that was put durable under its names."""
        self.flush()
        try:
            for folder in self._folders:
                sync_folder(folder)
        except OSError as error:
            raise from_os_error(error, self._files.folder, "take a block") from None
        self._files._durable |= self._folders
        self._folders.clear()

    def drop(self):
        """Leave nothing of what is not flushed."""
        for _, path, _ in self._open:
            try:
                os.unlink(path)
            except OSError:
                # What stays is swept when the folder is opened.
                pass
        self._close(self._open)

    def _close(self, done):
        for handle, _, _ in done:
            os.close(handle)
        self._open = self._open[len(done) :]


def _size(entry):
    try:
        return entry.stat().st_size
    except FileNotFoundError:
        # A writer or the collection removed it since the folder was read.
        return None


def _make(folder):
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        # Another batch was quicker, and may not have made its name durable yet.
        pass


def _is_hex(text):
    return all(letter in "0123456789abcdef" for letter in text)
