"""U-Boot's environment as it lies on the disk, twice. Pure.

A copy: CRC-32 of the variables (4 bytes, lowest first), a flag that counts up and wraps, then NAME=VALUE, each ended by a zero, a last
zero, and filling. Of two whole copies the newer flag counts, and a change goes over the other, so that a torn write loses nothing.
Source: U-Boot env/common.c (env_import_redund), include/env_internal.h.
"""

from binascii import crc32

COPY_BYTES = 16 * 1024
HEAD_BYTES = 5
FLAG_AT = 4


class EncodingError(ValueError):
    """The bytes are no environment, or the variables do not fit one."""


class Copy:
    """One whole copy: flag (0 to 255), values (text by name, in order)."""

    __slots__ = ("flag", "values")

    def __init__(self, flag, values):
        self.flag, self.values = flag, values


def decode(data):
    """The Copy in ``data``, or None if it is not whole."""
    if len(data) != COPY_BYTES or crc32(data[HEAD_BYTES:]) != int.from_bytes(data[:FLAG_AT], "little"):
        return None
    body, end, _ = data[HEAD_BYTES:].partition(b"\0\0")
    if not end:
        return None
    values = {}
    for entry in body.split(b"\0"):
        name, equals, value = entry.decode("utf-8", "surrogateescape").partition("=")
        if name and equals:
            values[name] = value
    return Copy(data[FLAG_AT], values)


def encode(flag, values):
    """The COPY_BYTES of a copy. Variables without a value are left out, as U-Boot does. Raises EncodingError."""
    body = b""
    for name, value in values.items():
        if not name or "=" in name or "\0" in name + value:
            raise EncodingError("a variable has a name or a value that cannot be written")
        if value:
            body += f"{name}={value}\0".encode("utf-8", "surrogateescape")
    body = (body or b"\0") + b"\0"
    if len(body) > COPY_BYTES - HEAD_BYTES:
        raise EncodingError("the variables take more room than there is")
    body = body.ljust(COPY_BYTES - HEAD_BYTES, b"\0")
    return crc32(body).to_bytes(FLAG_AT, "little") + bytes([flag]) + body


def newest(copies):
    """Which of two copies (Copy or None) counts: 0, 1, or None if neither is whole."""
    first, second = copies
    if first is None or second is None:
        return 0 if first is not None else 1 if second is not None else None
    if {first.flag, second.flag} == {0, 255}:
        return 0 if first.flag == 0 else 1
    return 1 if second.flag > first.flag else 0
