"""A chunk of the base: the records of some neighbouring buckets in one page of the store, with each bucket's root.

    flags u8       1: the first bucket began in the chunk before, 2: the last one goes on in the next
    levels u8      K: a bucket is what agrees in the first K bits of its account
    buckets u16, first bucket's number u32
    columns of one entry a bucket: records u8, empty buckets before it u8 (255: see wide gaps), root 20
    wide gaps      u32 each
    rows           account without its first K // 8 bytes, pulse u32, amount 5 bytes (all ones: see wide amounts)
    wide amounts   7 bytes each

An amount of zero is a grave: it keeps the pulse in which an account ended, for questions about the past; no tree has it.
"""

import struct

VALUE_BYTES_MAX = 4076
ROOT_BYTES = 20
# A page of 4,096 less LMDB's head of 16, less the store's checksum.
BUCKET_HEAD_BYTES = 2 + ROOT_BYTES
HEAD_BYTES = 8
GOES_BACK, GOES_ON = 1, 2
_HEAD = struct.Struct(">BBHI")
_WIDE_GAP = 255
_NARROW = 5
_WIDE = 7
WIDE_MARK = b"\xff" * _NARROW
_WIDE_FROM = (1 << 40) - 1
LEVELS_MAX = 28
_LEAF = struct.Struct(">QQ20s")
_SUFFIXES = {strip: struct.Struct(f">{20 - strip}s4s5s") for strip in range(4)}
_AMOUNTS = {strip: struct.Struct(f">{24 - strip}xBI") for strip in range(4)}


class ChunkError(ValueError):
    """A chunk's bytes are not what a chunk can be."""


def row_bytes(levels):
    """Bytes of one record in a chunk of buckets of ``levels`` bits."""
    return 29 - levels // 8


def bucket_of(account, levels):
    """Number of the bucket of an account (20 bytes): its first ``levels`` bits."""
    return int.from_bytes(account[:4], "big") >> (32 - levels)


def lowest(bucket, levels):
    """The lowest account (20 bytes) of a bucket."""
    return (bucket << (160 - levels)).to_bytes(20, "big")


def pack_rows(records, levels):
    """(rows, wide amounts) of [(account, pulse, amount), ...] of one bucket, in rising order."""
    strip = levels // 8
    rows, wide = [], []
    for account, pulse, amount in records:
        if amount >= _WIDE_FROM:
            wide.append(amount.to_bytes(_WIDE, "big"))
            rows.append(account[strip:] + pulse.to_bytes(4, "big") + WIDE_MARK)
        else:
            rows.append(account[strip:] + pulse.to_bytes(4, "big") + amount.to_bytes(_NARROW, "big"))
    return b"".join(rows), b"".join(wide)


def unpack_rows(bucket, levels, rows, wide):
    """[(account, pulse, amount), ...] of a bucket's rows; ``wide``: its wide amounts, and whatever follows. Raises ChunkError."""
    strip = levels // 8
    prefix = (bucket >> (levels - 8 * strip)).to_bytes(strip, "big")
    number = int.from_bytes
    found = [
        (prefix + suffix, number(pulse, "big"), number(amount, "big"))
        for suffix, pulse, amount in _SUFFIXES[strip].iter_unpack(rows)
    ]
    if wide:
        at = 0
        for place, (account, pulse, amount) in enumerate(found):
            if amount == _WIDE_FROM:
                amount = number(wide[at : at + _WIDE], "big")
                at += _WIDE
                if at > len(wide) or amount < _WIDE_FROM:
                    raise ChunkError("a wide amount is missing")
                found[place] = account, pulse, amount
    return found


def account_of(bucket, levels, rows, place):
    """The account of a bucket's first (0) or last (-1) row."""
    strip, width = levels // 8, row_bytes(levels)
    at = len(rows) - width if place else 0
    return (bucket >> (levels - 8 * strip)).to_bytes(strip, "big") + rows[at : at + 20 - strip]


def encode(levels, buckets, flags=0):
    """The bytes of a chunk. buckets: [(number, root 20, rows, wide amounts), ...] in rising order, none without rows."""
    first = last = buckets[0][0]
    width = row_bytes(levels)
    counts, gaps, wide_gaps = bytearray(), bytearray(), bytearray()
    for number, _, rows, _ in buckets:
        counts.append(len(rows) // width)
        gap = number - last - 1 if gaps else 0
        if gap >= _WIDE_GAP:
            wide_gaps += gap.to_bytes(4, "big")
            gap = _WIDE_GAP
        gaps.append(gap)
        last = number
    head = _HEAD.pack(flags, levels, len(buckets), first)
    roots = b"".join([bucket[1] for bucket in buckets])
    return b"".join(
        [head, counts, gaps, roots, wide_gaps, *[bucket[2] for bucket in buckets], *[bucket[3] for bucket in buckets]]
    )


class Chunk:
    """A chunk read. levels: K. flags: of the above. numbers: of its buckets, rising. data: its bytes. Raises ChunkError."""

    __slots__ = ("levels", "flags", "numbers", "data", "_starts", "_width", "_strip", "_wide", "_roots")

    def __init__(self, data):
        try:
            self.flags, self.levels, count, number = _HEAD.unpack_from(data)
        except struct.error:
            raise ChunkError("it is too short") from None
        if not count or self.levels > LEVELS_MAX or self.flags > 3:
            raise ChunkError("its head is garbled")
        self.data = data
        self._strip = self.levels // 8
        self._width = width = 29 - self._strip
        self._roots = HEAD_BYTES + 2 * count
        at = self._roots + ROOT_BYTES * count
        if at > len(data):
            raise ChunkError("its columns do not fit its size")
        counts = data[HEAD_BYTES : HEAD_BYTES + count]
        gaps = data[HEAD_BYTES + count : self._roots]
        start = at + 4 * gaps.count(_WIDE_GAP)
        self.numbers, self._starts = numbers, starts = [], []
        number -= 1
        for records, gap in zip(counts, gaps, strict=True):
            if gap == _WIDE_GAP:
                gap = int.from_bytes(data[at : at + 4], "big")
                at += 4
            number += gap + 1
            numbers.append(number)
            starts.append(start)
            start += records * width
        starts.append(start)
        self._wide = start
        if start > len(data) or 0 in counts or number >> self.levels or (len(data) - start) % _WIDE:
            raise ChunkError("its columns do not fit its size")
        if start < len(data) or data.find(WIDE_MARK, starts[0]) >= 0:
            wide = [int.from_bytes(data[at : at + _WIDE], "big") for at in range(start, len(data), _WIDE)]
            if self._wide_before(count) != len(wide) or min(wide, default=_WIDE_FROM) < _WIDE_FROM:
                raise ChunkError("its wide amounts are not those of its rows")

    def root(self, index):
        """The root (20 bytes) of the bucket at an index; of a bucket in several chunks it means nothing."""
        at = self._roots + ROOT_BYTES * index
        return self.data[at : at + ROOT_BYTES]

    def is_whole(self, index):
        """Whether all of the bucket at an index is in this chunk."""
        return not (index == 0 and self.flags & GOES_BACK or index == len(self.numbers) - 1 and self.flags & GOES_ON)

    def rows(self, index):
        """The packed rows of the bucket at an index."""
        return self.data[self._starts[index] : self._starts[index + 1]]

    def is_narrow(self):
        """Whether no amount is wide."""
        return self._wide == len(self.data)

    def count(self):
        """Number of records, graves included."""
        return (self._wide - self._starts[0]) // self._width

    def leaves(self, index):
        """{account: leaf record of 36 bytes} of the bucket at an index, in rising order, graves included. Raises ChunkError."""
        if self._wide != len(self.data):
            return {account: _LEAF.pack(pulse, amount, account) for account, pulse, amount in self.records(index)}
        prefix = self._prefix(index)
        return {
            prefix + suffix: b"\0\0\0\0" + pulse + b"\0\0\0" + amount + prefix + suffix
            for suffix, pulse, amount in _SUFFIXES[self._strip].iter_unpack(self.rows(index))
        }

    def records(self, index):
        """[(account, pulse, amount), ...] of the bucket at an index, in rising order, graves included. Raises ChunkError."""
        wide = b""
        if self._wide != len(self.data):
            wide = self.data[self._wide + _WIDE * self._wide_before(index) :]
        return unpack_rows(self.numbers[index], self.levels, self.rows(index), wide)

    def held(self, index):
        """What the accounts of the bucket at an index hold. Raises ChunkError."""
        if self._wide != len(self.data):
            return sum([amount for _, _, amount in self.records(index)])
        held = 0
        for high, low in _AMOUNTS[self._strip].iter_unpack(self.rows(index)):
            held += (high << 32) + low
        return held

    def find(self, account):
        """(pulse, amount) of an account, None where it has no record here."""
        number = bucket_of(account, self.levels)
        if number not in self.numbers:
            return None
        index = self.numbers.index(number)
        rows, suffix = self.rows(index), account[self._strip :]
        at = rows.find(suffix)
        while at >= 0 and at % self._width:
            at = rows.find(suffix, at + 1)
        if at < 0:
            return None
        end = at + len(suffix)
        amount = int.from_bytes(rows[end + 4 : end + 9], "big")
        if amount == _WIDE_FROM:
            return next((pulse, amount) for there, pulse, amount in self.records(index) if there == account)
        return int.from_bytes(rows[end : end + 4], "big"), amount

    def _prefix(self, index):
        return (self.numbers[index] >> (self.levels - 8 * self._strip)).to_bytes(self._strip, "big")

    def _wide_before(self, index):
        rows = self.data[self._starts[0] : self._starts[index]]
        return sum(rows[at - _NARROW : at] == WIDE_MARK for at in range(self._width, len(rows) + 1, self._width))
