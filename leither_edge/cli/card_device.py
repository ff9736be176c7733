"""A disk, or a file in place of one, open for writing a card: the only place where the card's bytes go out and come back."""

import contextlib
import errno
import fcntl
import mmap
import os

from leither_edge.cli.failure import Failure

BLKFLSBUF = 0x1261  # linux/fs.h: write the cache back and forget it
ALIGN_BYTES = 4096
# The kernel would else take the whole image into memory, and the progress shown would be a fairy tale.
FLUSH_EVERY_BYTES = 16 << 20
GONE = (errno.EIO, errno.ENODEV, errno.ENXIO, errno.ENOMEDIUM)


class CardDevice:
    """Open for the time of a ``with`` block, on a disk with nobody else beside it.

    Args:
        disk: Disk of card_disks.
        writing: whether it will be written.

    Raises:
        Failure: here and in every method, with the reason and what to do.
    """

    def __init__(self, disk, writing=True):
        self._disk, self._is_block = disk, disk.device is not None
        self._unflushed = 0
        self._direct = None
        # O_EXCL without O_CREAT: the kernel refuses a disk that is mounted or held, and nobody can mount it meanwhile.
        flags = (os.O_RDWR if writing else os.O_RDONLY) | os.O_CLOEXEC | (os.O_EXCL if self._is_block and writing else 0)
        with self._plain("opened"):
            self._file = os.open(disk.path, flags)
        try:
            found = os.fstat(self._file).st_rdev
            if self._is_block and (os.major(found), os.minor(found)) != disk.device:
                raise Failure(f"{disk.path} is another disk than a moment ago.", fix="Try again.", code="disk-changed")
            self.size = os.lseek(self._file, 0, os.SEEK_END)
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for file in (self._direct, self._file):
            if file is not None:
                with contextlib.suppress(OSError):
                    os.close(file)
        self._direct = None

    def write(self, offset, data):
        """Write bytes at an offset."""
        with self._plain("written"):
            view = memoryview(data)
            while view:
                done = os.pwrite(self._file, view, offset)
                view, offset = view[done:], offset + done
        self._unflushed += len(data)
        if self._unflushed >= FLUSH_EVERY_BYTES:
            self.flush()

    def flush(self):
        """Return once what was written is on the disk, as far as the disk tells."""
        with self._plain("written"):
            os.fsync(self._file)
        self._unflushed = 0

    def forget(self):
        """Drop what the kernel remembers, so that the next read comes from the disk."""
        self.flush()
        with contextlib.suppress(OSError):
            os.posix_fadvise(self._file, 0, 0, os.POSIX_FADV_DONTNEED)
        if self._is_block:
            # Only root may; reading past the cache does it too where that works.
            with contextlib.suppress(OSError):
                fcntl.ioctl(self._file, BLKFLSBUF)
        with contextlib.suppress(OSError):
            self._direct = os.open(self._disk.path, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECT)

    def read(self, offset, count):
        """Bytes at an offset, fewer at the end; after forget() from the disk itself."""
        with self._plain("read"):
            if self._direct is not None:
                try:
                    return self._read_direct(offset, count)
                except OSError as error:
                    if error.errno != errno.EINVAL:
                        raise
                    # This disk or file system has no way past the cache; it was emptied before.
                    os.close(self._direct)
                    self._direct = None
            pieces = []
            while count and (piece := os.pread(self._file, count, offset)):
                pieces.append(piece)
                offset, count = offset + len(piece), count - len(piece)
            return b"".join(pieces)

    def _read_direct(self, offset, count):
        begin = offset - offset % ALIGN_BYTES
        room = -(-(offset + count - begin) // ALIGN_BYTES) * ALIGN_BYTES
        with mmap.mmap(-1, room) as buffer:
            filled = 0
            while filled < offset + count - begin:
                with memoryview(buffer) as view, view[filled:] as rest:
                    done = os.preadv(self._direct, [rest], begin + filled)
                filled += done
                if not done or filled % ALIGN_BYTES:
                    break
            return buffer[offset - begin : min(filled, offset - begin + count)]

    @contextlib.contextmanager
    def _plain(self, what):
        try:
            yield
        except OSError as error:
            raise self._failure(what, error) from None

    def _failure(self, what, error):
        path = self._disk.path
        if error.errno in (errno.EACCES, errno.EPERM):
            return Failure(
                f"{path} could not be {what}: you may not.", fix="Run the same command with sudo in front of it.", code="not-allowed"
            )
        if error.errno == errno.EBUSY:
            return Failure(
                f"{path} is in use.", "A partition of it is mounted, or another program holds it.", "Eject it first.", code="in-use"
            )
        if error.errno in GONE:
            return Failure(
                f"{path} could not be {what}.", f"{error.strerror}: the card was pulled out, or it is broken.",
                "Put it in again, and write it once more. If that fails too, take another card.", code="card-gone",
            )  # fmt: skip
        if error.errno == errno.ENOSPC:
            return Failure(
                f"{path} could not be {what}.", "It is full: it is smaller than it says.", "Take another card.", code="too-small"
            )
        return Failure(f"{path} could not be {what}.", error.strerror, code="io-error")
