"""Writes a new file around the kernel's cache (O_DIRECT), where the file system can.

What is written once and read by somebody else later only pushes other things out of a small memory, and copying it into the cache takes
more of a slow CPU than checking and decrypting it. Linux asks for memory and lengths in whole blocks of the medium; the file is cut to
its length afterwards.
"""

import errno
import os

# The largest block of a medium that is in use.
ALIGN_BYTES = 4096
# A smaller file is gathered by the cache with others.
LEAST_BYTES = 64 << 10
_NOT_HERE = (errno.EINVAL, errno.EOPNOTSUPP)


class DirectWriter:
    """Writes files, one at a time. works: False once the file system was found to have no such way."""

    __slots__ = ("works", "_room")

    def __init__(self):
        self.works = hasattr(os, "O_DIRECT")
        self._room = None

    def write(self, path, data):
        """Make the file ``path``, which must not be there, of some bytes; return its open descriptor, None: write it in the usual way.

        Its bytes are on the medium on return, its name and length with the next fsync. Raises OSError.
        """
        size = len(data)
        if not self.works or size < LEAST_BYTES:
            return None
        handle = None
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_DIRECT, 0o600)
            self._write(handle, data, size)
            return handle
        except OSError as error:
            self.works = error.errno not in _NOT_HERE
            if handle is not None:
                os.close(handle)
            if handle is not None or error.errno in _NOT_HERE:
                _remove(path)
            if self.works:
                raise
            return None

    def _write(self, handle, data, size):
        whole = -(-size // ALIGN_BYTES) * ALIGN_BYTES
        room = self._space(whole)
        room[:size] = data
        room[size:whole] = bytes(whole - size)
        done = 0
        while done < whole:
            count = os.write(handle, room[done:whole])
            done += count
            if count % ALIGN_BYTES and done < whole:
                # The rest would not be in whole blocks any more.
                raise OSError(errno.EIO, "The medium took a part of a block.")
        if whole != size:
            os.ftruncate(handle, size)

    def _space(self, size):
        """A view of memory that begins with a page."""
        if self._room is None or len(self._room) < size:
            from mmap import mmap

            self._room = None
            self._room = memoryview(mmap(-1, size))
        return self._room


def _remove(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
