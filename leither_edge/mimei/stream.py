"""Streams: records at offsets 0, 1, ..., appended and never changed.

What the last version holds lies in its blocks alone, as a list of tree/sequence; only records appended since then are rows. So a
record is kept once, a version costs what is new, and going back to one costs nothing: it becomes the base.

Row of the table: number of the stream (4 bytes) and offset (8 bytes), to the record. Rows of offsets that the base holds are left
over from before it, and passed over until ``forget`` has taken them away.
"""

from itertools import chain

from leither_edge.mimei.errors import TooLarge
from leither_edge.mimei.tree import read, sequence
from leither_edge.storage import Table

RECORDS = Table("records", "bytes", "bytes")
TABLES = (RECORDS,)

OFFSET_MAX = (1 << 63) - 1


class Stream:
    """A stream's present state.

    Args: blocks, tx (of the store; a reading one will do for reading), number (its rows'), base (root of the version that it goes
    on from, which must be kept as cur's root is; None: of none), record_max (bytes).
    """

    __slots__ = ("_blocks", "_tx", "_prefix", "_base", "_base_length", "_record_max")

    def __init__(self, blocks, tx, number, base, record_max):
        self._blocks = blocks
        self._tx = tx
        self._prefix = number.to_bytes(4, "big")
        self._base = base
        self._base_length = 0 if base is None else read.count(blocks, base)
        self._record_max = record_max

    @property
    def base_length(self):
        """How many of them the last version holds."""
        return self._base_length

    def length(self):
        """How many records there are: the offset of the next."""
        for offset, _ in self._rows(OFFSET_MAX, reverse=True):
            return offset + 1
        return self._base_length

    def append(self, records):
        """Append records (iterable of bytes); return the offset of the first. Raises TooLarge, StorageError: give the transaction up."""
        first = offset = self.length()
        for record in records:
            if len(record) > self._record_max:
                raise TooLarge(f"A record has {len(record)} bytes; this node takes {self._record_max}. Keep it as a file.")
            self._tx.put(RECORDS, self._key(offset), record)
            offset += 1
        return first

    def read(self, offset=0, limit=None, reverse=False):
        """Yield (offset, record) from an offset on, at most ``limit``; reverse: down to offset 0. Raises BlockMissing, BadBlock."""
        if limit is None:
            limit = 1 << 64
        if limit <= 0 or offset < 0:
            return
        settled = self._settled(min(offset, self._base_length - 1) if reverse else offset, reverse)
        rows = self._rows(offset, reverse)
        for entry in chain(rows, settled) if reverse else chain(settled, rows):
            yield entry
            limit -= 1
            if not limit:
                return

    def root(self):
        """The root of a version of what is there now; its blocks are put, only those that are new. Raises BlockMissing, BadBlock."""
        return sequence.append(self._blocks, self._base, (record for _, record in self._rows(0)))

    def _settled(self, offset, reverse):
        if self._base is None or not 0 <= offset < self._base_length:
            return
        start, stop = (0, offset + 1) if reverse else (offset, None)
        for record in sequence.cut(self._blocks, self._base, start, stop, reverse, self._record_max):
            yield offset, record
            offset += -1 if reverse else 1

    def _rows(self, offset, reverse=False):
        start = self._key(offset if reverse else max(offset, self._base_length))
        for key, record in self._tx.scan(RECORDS, start=start, reverse=reverse):
            offset = int.from_bytes(key[4:], "big")
            if key[:4] != self._prefix or offset < self._base_length:
                return
            yield offset, record

    def _key(self, offset):
        return self._prefix + min(offset, OFFSET_MAX).to_bytes(8, "big")


def forget(tx, number, before, most):
    """Delete up to ``most`` rows of a stream with offsets under ``before`` (None: all); return how many they were."""
    prefix = number.to_bytes(4, "big")
    deleted = 0
    for key in list(_keys(tx, prefix, before, most)):
        tx.delete(RECORDS, key)
        deleted += 1
    return deleted


def _keys(tx, prefix, before, most):
    for key in tx.keys(RECORDS, start=prefix):
        if not most or key[:4] != prefix or before is not None and int.from_bytes(key[4:], "big") >= before:
            return
        yield key
        most -= 1
