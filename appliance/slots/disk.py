"""Bytes of a whole disk: read, and written so that they are on the medium when the call returns."""

import os

from appliance.slots import SlotError

OF_ROOT = "root"


def path_of(disk, root="/", devices="/sys/dev/block"):
    """The path of the disk that a board names: ``disk`` itself or, for "root", the one that holds the root file system.

    The kernel numbers the hosts of cards as it finds them, so no fixed name is sure to be the card's. Raises SlotError failed.
    """
    if disk != OF_ROOT:
        return disk
    try:
        number = os.stat(root).st_dev
        folder = os.path.realpath(f"{devices}/{os.major(number)}:{os.minor(number)}", strict=True)
        if not os.path.exists(f"{folder}/partition"):
            raise SlotError("failed", "This system does not run from a partition of a card.")
    except OSError as error:
        raise SlotError("failed", f"The card that this system runs from cannot be found: {error.strerror}.") from None
    return "/dev/" + os.path.basename(os.path.dirname(folder))


class Disk:
    """A disk or a card image in a file.

    path: of the disk.
    """

    def __init__(self, path):
        self.path = path

    def read(self, offset, count):
        """``count`` bytes, fewer at the disk's end. Raises SlotError failed."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                return _read(fd, offset, count)
            finally:
                os.close(fd)
        except OSError as error:
            raise SlotError("failed", f"The disk {self.path} cannot be read: {error.strerror}.") from None

    def write(self, offset, data):
        """Write through to the medium, then read back from there and compare. Raises SlotError failed."""
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_SYNC | os.O_CLOEXEC)
            try:
                _write(fd, offset, data)
                os.fsync(fd)
                # Otherwise the comparison would be with the memory just written.
                os.posix_fadvise(fd, offset, len(data), os.POSIX_FADV_DONTNEED)
                kept = _read(fd, offset, len(data))
            finally:
                os.close(fd)
        except OSError as error:
            raise SlotError("failed", f"The disk {self.path} cannot be written: {error.strerror}.") from None
        if kept != data:
            raise SlotError("failed", f"The disk {self.path} did not keep what was written. Is the card worn out or write-protected?")


def _read(fd, offset, count):
    data = b""
    while len(data) < count:
        piece = os.pread(fd, count - len(data), offset + len(data))
        if not piece:
            break
        data += piece
    return data


def _write(fd, offset, data):
    # One call, so that a sector is one write; the rest is for a disk that takes less at once.
    done = os.pwrite(fd, data, offset)
    while done < len(data):
        done += os.pwrite(fd, data[done:], offset + done)
