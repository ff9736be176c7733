"""Which byte of a row changed, if one did: a CRC-32 tells the place of a wrong byte in a row of a few thousand.

A CRC is linear: what one changed byte does to it depends on that byte's change and its distance from the end alone. So the difference
between the checksum that stands there and the one that is computed is taken back byte by byte until it is what one byte makes.
"""

import binascii

from .table import CHECKSUM_BYTES

_POLYNOMIAL = 0xEDB88320


def _table():
    table = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (_POLYNOMIAL if number & 1 else 0)
        table.append(number)
    return table


_TABLE = _table()
_BY_TOP = {entry >> 24: number for number, entry in enumerate(_TABLE)}
_CHANGES = {entry: number for number, entry in enumerate(_TABLE) if number}


def one_byte_off(packed_key, row):
    """Yield the values (bytes) that a row with a wrong checksum may have had if one byte of it changed; mostly one or none.

    Args: as ReadTransaction.stored returns them. Which one is right, if any, something else has to prove.
    """
    value = row[:-CHECKSUM_BYTES]
    if len(row) < CHECKSUM_BYTES:
        return
    wrong = binascii.crc32(value, binascii.crc32(packed_key)) ^ int.from_bytes(row[-CHECKSUM_BYTES:], "big")
    if not wrong:
        return
    if sum(byte > 0 for byte in wrong.to_bytes(CHECKSUM_BYTES, "big")) == 1:
        # The checksum itself.
        yield value
    for at in range(len(value) - 1, -1, -1):
        change = _CHANGES.get(wrong)
        if change:
            yield value[:at] + bytes((value[at] ^ change,)) + value[at + 1 :]
        number = _BY_TOP[wrong >> 24]
        wrong = (wrong ^ _TABLE[number]) << 8 & 0xFFFFFFFF | number
