"""The first partition of a disk with an MBR: on a Leither Edge card it is the small FAT one that any computer can open.

Source: the MBR as in UEFI 2.10, 5.2.1.
"""

SECTOR_BYTES = 512
_FAT_TYPES = (0x01, 0x04, 0x06, 0x0B, 0x0C, 0x0E)
_GPT_TYPE = 0xEE


class PartitionError(ValueError):
    """There is no such partition; the message says why."""


def first_partition(read, size):
    """(offset, length) in bytes of the first partition.

    read: (offset, count) -> bytes; size: of the disk or image, bytes. Raises PartitionError.
    """
    sector = read(0, SECTOR_BYTES)
    if len(sector) != SECTOR_BYTES or sector[510:] != b"\x55\xaa":
        raise PartitionError("it begins with no partition table")
    entry = sector[446:462]
    kind, start, length = entry[4], int.from_bytes(entry[8:12], "little"), int.from_bytes(entry[12:16], "little")
    if kind == _GPT_TYPE:
        raise PartitionError("it has a GPT partition table, which Leither Edge images do not have")
    if kind not in _FAT_TYPES:
        raise PartitionError("its first partition is not a FAT one")
    if not start or not length or (start + length) * SECTOR_BYTES > size:
        raise PartitionError("its first partition lies outside of it")
    return start * SECTOR_BYTES, length * SECTOR_BYTES
