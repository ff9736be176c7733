"""The note that a file system is being made on a partition: what a cut of power leaves then is neither blank nor a file system.

It lies in the sector after the table of a logical partition, in the gap before its first sector: outside of what mke2fs writes or
discards, written by one write of one sector, and on the card before mke2fs starts. Only while it is there may a file system be made
over something that is not blank; it is gone from the card before anything is kept on the partition.
"""

import os

from appliance.power_on.trouble import StepError
from appliance.slots import SlotError
from appliance.slots.disk import Disk
from appliance.slots.partition_table import SECTOR_BYTES, TableError, read_table

_TEXT = "leither: a file system is being made on partition {} from sector {}\n"


def note(partition):
    """The sector that says so, for this partition at this place only: a card written anew may keep the gaps of the one before."""
    return _TEXT.format(partition.number, partition.start).encode("ascii").ljust(SECTOR_BYTES, b"\0")


def place(partition):
    """The sector of a partition's note, None where there is no gap for it."""
    has_gap = partition is not None and partition.table != 0 and partition.table + 1 < partition.start
    return partition.table + 1 if has_gap else None


class Making:
    """The note of one partition.

    disk: path of the disk; number: of the partition.
    """

    def __init__(self, disk, number):
        self._path = disk
        self._number = number

    def is_begun(self):
        """Whether a file system was being made when the power went. A table that cannot be read says nothing."""
        try:
            disk, partition, sector = self._find()
            return sector is not None and disk.read(sector * SECTOR_BYTES, SECTOR_BYTES) == note(partition)
        except (SlotError, TableError, OSError):
            return False

    def begin(self):
        """Note it, on the card when this returns; nothing where there is no gap. Raises StepError."""
        self._write(lambda partition: note(partition))

    def end(self):
        """Take the note away, likewise. Raises StepError, and then nothing may be kept on the partition."""
        self._write(lambda partition: bytes(SECTOR_BYTES))

    def _write(self, data):
        try:
            disk, partition, sector = self._find()
            if sector is not None:
                disk.write(sector * SECTOR_BYTES, data(partition))
        except (SlotError, TableError) as error:
            raise StepError(f"It could not be noted on the card that partition {self._number} is being made: {error}") from None
        except OSError as error:
            raise StepError(f"It could not be noted on the card that partition {self._number} is being made: {error.strerror}.") from None

    def _find(self):
        disk = Disk(self._path)
        fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            sectors = os.lseek(fd, 0, os.SEEK_END) // SECTOR_BYTES
        finally:
            os.close(fd)
        partition = read_table(lambda sector: disk.read(sector * SECTOR_BYTES, SECTOR_BYTES), sectors).get(self._number)
        return disk, partition, place(partition)
