#!/usr/bin/env python3
"""Give every entry of a FAT16 image's root folder one time, SOURCE_DATE_EPOCH, where tools write what the clock says.

Source: Microsoft, FAT general overview 1.03, "FAT Directory Structure".
"""

import os
import struct
import sys
import time

ENTRY_BYTES = 32
LONG_NAME = 0x0F


def root_folder(image):
    """(first byte, bytes) of the root folder of a FAT16 file system."""
    sector, _, reserved, copies, entries = struct.unpack_from("<HBHBH", image, 11)
    (sectors_a_copy,) = struct.unpack_from("<H", image, 22)
    return (reserved + copies * sectors_a_copy) * sector, entries * ENTRY_BYTES


def fat_time(seconds):
    """Time and date of an entry, 4 bytes; seconds since 1970, not before 1980."""
    moment = time.gmtime(seconds)
    clock = moment.tm_hour << 11 | moment.tm_min << 5 | moment.tm_sec // 2
    return struct.pack("<HH", clock, (moment.tm_year - 1980) << 9 | moment.tm_mon << 5 | moment.tm_mday)


def settle(image, seconds):
    """Change ``image`` (bytearray) in place."""
    moment = fat_time(seconds)
    first, size = root_folder(image)
    for at in range(first, first + size, ENTRY_BYTES):
        if image[at] == 0:
            return
        if image[at + 11] == LONG_NAME:
            continue
        # Made (with its hundredths), read, changed.
        image[at + 13 : at + 18] = b"\0" + moment
        image[at + 18 : at + 20] = moment[2:]
        image[at + 22 : at + 26] = moment


def main(paths):
    """Settle each image."""
    for path in paths:
        with open(path, "r+b") as file:
            image = bytearray(file.read())
            settle(image, int(os.environ["SOURCE_DATE_EPOCH"]))
            file.seek(0)
            file.write(image)


if __name__ == "__main__":
    main(sys.argv[1:])
