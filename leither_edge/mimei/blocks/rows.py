"""Tables of the store of blocks, and how a block stands in its row.

A row's key is the block's SHA-256, 32 bytes. Its value:

    0x00, bytes                       a block that lies in the row itself
    0x01, size (4), CRC-32 (4)        a block in a file of its own; numbers most significant byte first
"""

import binascii
import struct

from leither_edge.mimei.errors import Damaged
from leither_edge.storage import Table

BLOCKS = Table("blocks", "bytes", "bytes")
# Under "bytes": what all blocks are charged in all.
BLOCK_SUMS = Table("block_sums", "text", "u64")
SUM = "bytes"

BLOCK_TABLES = (BLOCKS, BLOCK_SUMS)

INLINE, FILE = 0, 1
_IN_FILE = struct.Struct(">BII")
# Beside its bytes a block takes a row with its name; so many empty ones are not free.
ROW_CHARGE_BYTES = 64


def inline_row(data):
    """The row of a block that lies in it."""
    return b"\x00" + data


def file_row(data):
    """The row of a block that lies in a file."""
    return _IN_FILE.pack(FILE, len(data), binascii.crc32(data))


def size_of(row):
    """Bytes of the block of a row. Raises Damaged."""
    return len(row) - 1 if row[:1] == b"\x00" else _parse(row)[0]


def in_file(row):
    """Whether the block of a row lies in a file. Raises Damaged."""
    return row[:1] != b"\x00" and bool(_parse(row))


def is_whole(row, data):
    """Whether a file's bytes (None: there is no file) are those that its row was written for."""
    return data is not None and _parse(row) == (len(data), binascii.crc32(data))


def has_sum(row, crc):
    """Whether the row of a file was written for bytes with this CRC-32."""
    return _parse(row)[1] == crc


def charge_of(size):
    """Bytes that a block of this size is charged."""
    return size + ROW_CHARGE_BYTES


def _parse(row):
    if len(row) != _IN_FILE.size or row[0] != FILE:
        raise Damaged("A row of the store of blocks has a form that it never has. Run the check of the store with repair.")
    return _IN_FILE.unpack(row)[1:]
