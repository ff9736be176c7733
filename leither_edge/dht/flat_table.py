"""A small table of fixed size whose rows lie in one bytearray: outside input can fill it, never make it grow."""

import struct

WAYS = 8
_STAMP = struct.Struct(">d")
_VALUE = struct.Struct(">I")


class FlatTable:
    """Rows of a key (bytes of one length), a stamp (float) and, if wanted, a value (whole number below 2**32).

    A key may lie in one of 8 places, told by a keyed hash; in a full set of them the row with the smallest stamp gives way.
    An empty row has stamp 0.

    Args: places (rows, rounded up to a power of two), key_bytes, has_value, salt (secret bytes: who does not know them cannot aim at a
    row; the interpreter's own hash of bytes is keyed, too).
    """

    __slots__ = ("_rows", "_key_bytes", "_row_bytes", "_set_bytes", "_mask", "_salt", "_stamps")

    def __init__(self, places, key_bytes, has_value=False, salt=b""):
        sets = 1
        while sets * WAYS < places:
            sets *= 2
        self._key_bytes = key_bytes
        self._row_bytes = key_bytes + _STAMP.size + (_VALUE.size if has_value else 0)
        self._set_bytes = self._row_bytes * WAYS
        self._mask = sets - 1
        self._salt = salt
        self._rows = bytearray(sets * self._set_bytes)
        # All stamps of a set in one call.
        self._stamps = struct.Struct(">" + f"{key_bytes}xd{_VALUE.size if has_value else 0}x" * WAYS).unpack_from

    @property
    def size(self):
        """Bytes of all rows."""
        return len(self._rows)

    def find(self, key):
        """Where the row of a key lies, or -1."""
        start = (hash(self._salt + key) & self._mask) * self._set_bytes
        end = start + self._set_bytes
        at = self._rows.find(key, start, end)
        while at >= 0 and (at - start) % self._row_bytes:
            at = self._rows.find(key, at + 1, end)
        return at

    def take(self, key):
        """Where the row of a key lies; if it has none it gets one, with stamp and value 0."""
        at = self.find(key)
        if at < 0:
            start = (hash(self._salt + key) & self._mask) * self._set_bytes
            stamps = self._stamps(self._rows, start)
            at = start + stamps.index(min(stamps)) * self._row_bytes
            self._rows[at : at + self._row_bytes] = key + bytes(self._row_bytes - self._key_bytes)
        return at

    def stamp(self, at):
        """The stamp of a row."""
        return _STAMP.unpack_from(self._rows, at + self._key_bytes)[0]

    def set_stamp(self, at, stamp):
        """Write the stamp of a row."""
        _STAMP.pack_into(self._rows, at + self._key_bytes, stamp)

    def value(self, at):
        """The value of a row."""
        return _VALUE.unpack_from(self._rows, at + self._key_bytes + _STAMP.size)[0]

    def set_value(self, at, value):
        """Write the value of a row."""
        _VALUE.pack_into(self._rows, at + self._key_bytes + _STAMP.size, value)
