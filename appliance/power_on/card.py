"""The card as a block device: its partitions by name, and its table grown to its end.

Source: Linux include/uapi/linux/blkpg.h (BLKPG_RESIZE_PARTITION: the kernel learns a size although partitions are in use).
"""

import array
import fcntl
import os
import struct
import time

from appliance.power_on.growth import writes
from appliance.power_on.trouble import StepError
from appliance.slots import SlotError
from appliance.slots.disk import Disk, path_of
from appliance.slots.partition_table import SECTOR_BYTES, TableError, read_table

CARD, STATE, DATA = 1, 7, 8
BLKPG, RESIZE_PARTITION = 0x1269, 3
APPEARS_S = 5.0
_POLL_S = 0.05


def disk_path(disk):
    """The path of the disk that the board's settings name. Raises StepError."""
    try:
        return path_of(disk)
    except SlotError as error:
        raise StepError(str(error)) from None


def partition_path(disk, number):
    """/dev/mmcblk0p7, /dev/sda7."""
    return f"{disk}p{number}" if disk[-1:].isdigit() else f"{disk}{number}"


def await_partition(path, limit_s=APPEARS_S):
    """Wait until the kernel has found a partition: the root's may have come before. Raises StepError."""
    give_up_s = time.monotonic() + limit_s
    while not os.path.exists(path):
        if time.monotonic() >= give_up_s:
            raise StepError(f"The card has no partition {path}. Write the image to the card anew.")
        time.sleep(_POLL_S)


def grow_last(path):
    """Grow the table's DATA partition to the card, and tell the kernel. Returns whether anything changed. Raises StepError."""
    disk = Disk(path)
    try:
        sectors = _sectors(path)
        for sector, data in writes(lambda number: disk.read(number * SECTOR_BYTES, SECTOR_BYTES), sectors, DATA):
            disk.write(sector * SECTOR_BYTES, data)
        last = read_table(lambda number: disk.read(number * SECTOR_BYTES, SECTOR_BYTES), sectors)[DATA]
        if _sectors(partition_path(path, DATA)) == last.count:
            return False
        _tell_kernel(path, last)
    except (SlotError, TableError) as error:
        raise StepError(f"DATA could not be grown to the card: {error}") from None
    except OSError as error:
        raise StepError(f"DATA could not be grown to the card: {error.strerror}.") from None
    return True


def _sectors(path):
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.lseek(fd, 0, os.SEEK_END) // SECTOR_BYTES
    finally:
        os.close(fd)


def _tell_kernel(path, partition):
    # 0q: as long as the kernel's structure, which ends on a multiple of eight.
    what = struct.pack("@qqi64s64s0q", partition.start * SECTOR_BYTES, partition.count * SECTOR_BYTES, partition.number, b"", b"")
    buffer = array.array("B", what)
    request = struct.pack("@iiiP", RESIZE_PARTITION, 0, len(buffer), buffer.buffer_info()[0])
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(fd, BLKPG, request)
    except OSError as error:
        raise StepError(f"The kernel keeps the old size of DATA until the next start: {error.strerror}.") from None
    finally:
        os.close(fd)
