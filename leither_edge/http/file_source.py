"""Where static files come from: a folder, or a table of names. No name leads outside."""

import os
import stat

import trio

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # a named pipe must not block
PIECE_BYTES = 65536

_readers = None


class Folder:
    """Files under one folder. Hidden files, links and dot segments do not exist for it."""

    def __init__(self, folder):
        self._folder = os.fspath(folder)

    def open(self, name):
        """A descriptor of the regular file ``name`` (segments separated by "/"), or None."""
        parts = name.split("/")
        if any(not part or part[0] == "." or "\0" in part or "\\" in part for part in parts):
            return None
        at = None
        try:
            at = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
            # One segment at a time, following no link: nothing can be swapped in between.
            for part in parts[:-1]:
                inner = os.open(part, _FLAGS | os.O_DIRECTORY, dir_fd=at)
                os.close(at)
                at = inner
            return _regular(os.open(parts[-1], _FLAGS, dir_fd=at))
        except (OSError, UnicodeEncodeError):
            return None
        finally:
            if at is not None:
                os.close(at)


class Table:
    """Files by name: each a bytes object, or a path of the file system chosen by the caller."""

    def __init__(self, files):
        self._files = {name.lstrip("/"): content for name, content in files.items()}

    def content(self, name):
        """The bytes of ``name`` if the table itself holds them, else None."""
        content = self._files.get(name)
        return content if isinstance(content, bytes) else None

    def open(self, name):
        """A descriptor of the regular file ``name`` stands for, or None."""
        path = self._files.get(name)
        if path is None or isinstance(path, bytes):
            return None
        try:
            return _regular(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
        except OSError:
            return None


def _regular(descriptor):
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None


def version_of(descriptor):
    """What changes when the file does: (modification time in ns, size in bytes, inode)."""
    status = os.fstat(descriptor)
    return status.st_mtime_ns, status.st_size, status.st_ino


class FileBody:
    """Bytes ``start`` to ``start + length`` of a file as an async iterator; opened only when read.

    Raises OSError if the file is gone or no longer at ``version``: the response then ends short.
    """

    def __init__(self, source, name, version, start, length):
        self._source = source
        self._name = name
        self._version = version
        self._position = start
        self._left = length
        self._descriptor = None

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self._left <= 0:
            raise StopAsyncIteration
        # An SD card may take tens of milliseconds: not on the thread that serves everyone.
        piece = await trio.to_thread.run_sync(self._read, limiter=_reader_limiter())
        self._position += len(piece)
        self._left -= len(piece)
        return piece

    def _read(self):
        if self._descriptor is None:
            self._descriptor = self._source.open(self._name)
            if self._descriptor is None or version_of(self._descriptor) != self._version:
                raise FileChanged
        piece = os.pread(self._descriptor, min(PIECE_BYTES, self._left), self._position)
        if not piece:
            raise FileChanged
        return piece

    async def aclose(self):
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class FileChanged(Exception):
    """A file was replaced or cut while it was being sent."""


def _reader_limiter():
    # Two threads keep one card busy; each costs memory.
    global _readers
    if _readers is None:
        _readers = trio.CapacityLimiter(2)
    return _readers
