"""Tables and how a row becomes bytes.

Keys: "bytes" as they are, "text" as UTF-8, "u64" as eight bytes, most significant first, so that LMDB's byte order is
the order of numbers. Values: "cbor", "bytes" or "u64", followed by four bytes of CRC-32 over key and value: LMDB has
no checksum of its own, and a worn card returns wrong bytes without an error.
"""

import binascii
from collections import namedtuple

import cbor2

from .errors import Damaged

# LMDB's limit for a key, in bytes.
KEY_MAX_BYTES = 511
U64_MAX = (1 << 64) - 1
CHECKSUM_BYTES = 4

KEY_KINDS = ("bytes", "text", "u64")
VALUE_KINDS = ("cbor", "bytes", "u64")


class Table(namedtuple("Table", "name key value")):
    """A named table. key: "bytes", "text" or "u64"; value: "cbor", "bytes" or "u64". Raises ValueError on other kinds."""

    __slots__ = ()

    def __new__(cls, name, key="bytes", value="cbor"):
        if key not in KEY_KINDS:
            raise ValueError(f"key kind of table {name} is {key!r}, not one of {KEY_KINDS}")
        if value not in VALUE_KINDS:
            raise ValueError(f"value kind of table {name} is {value!r}, not one of {VALUE_KINDS}")
        return super().__new__(cls, name, key, value)


def pack_key(table, key):
    """Return the bytes of a key. Raises TypeError or ValueError when it does not fit the table: a fault of the caller."""
    if table.key == "u64":
        packed = _pack_u64(key, f"key of table {table.name}")
    elif table.key == "text":
        packed = key.encode()
    else:
        packed = bytes(key) if isinstance(key, (bytes, bytearray, memoryview)) else _wrong_type(table, key)
    if not 0 < len(packed) <= KEY_MAX_BYTES:
        raise ValueError(f"key of table {table.name} has {len(packed)} bytes, not 1 to {KEY_MAX_BYTES}")
    return packed


def unpack_key(table, packed):
    """Return the key of a row. Raises Damaged."""
    try:
        if table.key == "u64":
            if len(packed) != 8:
                raise ValueError
            return int.from_bytes(packed, "big")
        if table.key == "text":
            return packed.decode()
        return packed
    except ValueError:
        raise _damaged(table) from None


def pack_row(table, packed_key, value):
    """Return the stored bytes of a value, checksum included. Raises TypeError or ValueError: a fault of the caller."""
    if table.value == "cbor":
        packed = cbor2.dumps(value)
    elif table.value == "u64":
        packed = _pack_u64(value, f"value of table {table.name}")
    else:
        packed = bytes(value) if isinstance(value, (bytes, bytearray, memoryview)) else _wrong_type(table, value)
    return packed + _checksum(packed_key, packed)


def unpack_row(table, packed_key, row):
    """Return the value of a row. Raises Damaged when the checksum does not match."""
    packed = row[:-CHECKSUM_BYTES]
    if len(row) < CHECKSUM_BYTES or row[-CHECKSUM_BYTES:] != _checksum(packed_key, packed):
        raise _damaged(table)
    try:
        if table.value == "cbor":
            return cbor2.loads(packed)
        if table.value == "u64":
            if len(packed) != 8:
                raise ValueError
            return int.from_bytes(packed, "big")
        return packed
    except (ValueError, EOFError, RecursionError):
        raise _damaged(table) from None


def _checksum(packed_key, packed):
    return binascii.crc32(packed, binascii.crc32(packed_key)).to_bytes(CHECKSUM_BYTES, "big")


def _pack_u64(number, what):
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{what} is {type(number).__name__}, not a whole number")
    if not 0 <= number <= U64_MAX:
        raise ValueError(f"{what} is {number}, not 0 to 2**64 - 1")
    return number.to_bytes(8, "big")


def _wrong_type(table, value):
    raise TypeError(f"table {table.name} takes bytes, not {type(value).__name__}")


def _damaged(table):
    return Damaged(
        f"A row of table {table.name} does not match its checksum, so the medium changed it. "
        "Restore the folder from a backup, or move it away to start empty; replace a card that did this."
    )
