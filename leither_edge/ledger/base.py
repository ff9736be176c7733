"""The base: all records in rising order, in chunks of one page each, keyed by the first bytes of their lowest account."""

from leither_edge.ledger.chunk import (
    BUCKET_HEAD_BYTES,
    GOES_BACK,
    GOES_ON,
    HEAD_BYTES,
    VALUE_BYTES_MAX,
    WIDE_MARK,
    Chunk,
    ChunkError,
    account_of,
    encode,
    pack_rows,
    row_bytes,
)
from leither_edge.ledger.chunk import lowest as lowest_account
from leither_edge.ledger.tree_hash import bucket_run
from leither_edge.storage import Damaged, Table

BASE = Table("base", key="bytes", value="bytes")
FIRST_KEY = b"\0"
ROOM = VALUE_BYTES_MAX - HEAD_BYTES
# A bucket's root says nothing where the bucket goes over several chunks.
NO_ROOT = bytes(20)


class Reader:
    """Reads records in one transaction. levels: of the tree's buckets. Keeps the chunk read last, since neighbours are asked together."""

    __slots__ = ("_tx", "_floor", "_levels", "_data", "_first", "_last")

    def __init__(self, tx, levels):
        self._tx = tx
        self._floor = tx.floors(BASE)
        self._levels = levels
        self._data = None
        # The buckets between which the chunk is known to answer.
        self._first, self._last = 0, -1

    def run(self, bucket):
        """The leaf records (36 bytes each) of a bucket in rising order, graves included. Raises Damaged."""
        if self._first <= bucket <= self._last:
            return bucket_run(self._data, self._levels, bucket)[0]
        low = lowest_account(bucket, self._levels)
        row = self._floor(low)
        if row is None:
            # All accounts of the first chunk ended: a bucket that went over several begins in what is now the first one.
            return self._run_across(FIRST_KEY, low, bucket)
        key, data = row
        found = bucket_run(data, self._levels, bucket)
        if found is None:
            return self._run_across(key, low, bucket)
        run, last = found
        if bucket >= last and data[0] & GOES_ON:
            return run + self._rest(key, low, bucket)
        self._data, self._first, self._last = data, bucket, last - 1
        return run

    def _rest(self, key, low, bucket):
        """What the chunks behind a key hold of a bucket."""
        rest = []
        for there, data in self._tx.scan(BASE, start=key + b"\0"):
            found = bucket_run(data, self._levels, bucket)
            if found is None:
                rest.append(self._run_across(there, low, bucket))
                break
            rest.append(found[0])
            if bucket < found[1] or not data[0] & GOES_ON:
                break
        return b"".join(rest)

    def find(self, account):
        """(pulse, amount) of an account, None where it has no record. Raises Damaged."""
        row = self._floor(account)
        return None if row is None else read_chunk(*row).find(account)

    def _run_across(self, key, low, bucket):
        # Written under another number of levels, a bucket too large for one chunk, or wide amounts.
        high = lowest_account(bucket + 1, self._levels) if bucket + 1 < 1 << self._levels else None
        found = []
        for there, data in self._tx.scan(BASE, start=key):
            if high is not None and there >= high:
                break
            chunk = read_chunk(there, data)
            for index, number in enumerate(chunk.numbers):
                first = lowest_account(number, chunk.levels)
                if high is not None and first >= high:
                    break
                if number + 1 < 1 << chunk.levels and lowest_account(number + 1, chunk.levels) <= low:
                    continue
                for account, leaf in chunk.leaves(index).items():
                    if account >= low and (high is None or account < high):
                        found.append(leaf)
        return b"".join(found)


def read_chunk(key, data):
    """The Chunk in a row of the base. Raises Damaged."""
    try:
        return Chunk(data)
    except ChunkError as error:
        raise Damaged(f"Chunk {key.hex()} of the book is not one: {error}. Check the book: leither ledger fsck") from None


def pack(levels, buckets, even=True, flags=0):
    """Yields (lowest account that may stand in it, last account, bytes) of chunks for buckets, as ``bucket_entry`` makes them, rising.

    even: the same share in each of as few chunks as will do, so that each has room to grow; else each is filled. A bucket at the end of a
    chunk goes on in the next. flags: GOES_BACK where the first bucket began before, GOES_ON where the last one goes on.
    """
    room = _share(buckets, levels) if even else ROOM
    held, size = [], 0
    back = flags & GOES_BACK
    for place, (number, root, rows, wide) in enumerate(buckets):
        if flags and (not place and flags & GOES_BACK or place + 1 == len(buckets) and flags & GOES_ON):
            root = NO_ROOT
        while True:
            need = BUCKET_HEAD_BYTES + 4 + len(rows) + len(wide)
            if size + need <= room:
                held.append((number, root, rows, wide))
                size += need
                break
            rows_here, wide_here, rows, wide = _split(rows, wide, levels, room - size - BUCKET_HEAD_BYTES - 4)
            if rows_here:
                root = NO_ROOT
                held.append((number, root, rows_here, wide_here))
            goes_on = GOES_ON if rows_here else 0
            yield _chunk(levels, held, back | goes_on)
            held, size, back = [], 0, GOES_BACK if goes_on else 0
    if held:
        yield _chunk(levels, held, back | flags & GOES_ON)


def bucket_entry(number, root, records, levels):
    """A bucket for ``pack``, of [(account, pulse, amount), ...] in rising order: number, root, rows, wide amounts."""
    return number, root, *pack_rows(records, levels)


def key_of(first, before):
    """The shortest start of the account ``first`` that is above the account ``before``, which is lower."""
    for size in range(1, 20):
        if first[:size] > before[:size]:
            return first[:size]
    return first


def _share(buckets, levels):
    """Bytes for each of as few chunks as will do."""
    total = sum([BUCKET_HEAD_BYTES + 4 + len(rows) + len(wide) for _, _, rows, wide in buckets])
    # What a cut through a bucket costs: a head more, and up to a row that is not there.
    cut = BUCKET_HEAD_BYTES + 4 + row_bytes(levels)
    chunks = -(-total // ROOM)
    chunks = -(-(total + cut * (chunks - 1)) // ROOM)
    return min(ROOM, -(-(total + cut * (chunks - 1)) // max(chunks, 1)) + cut)


def _split(rows, wide, levels, room):
    """(rows, wide amounts, other rows, other wide amounts): the first ones are all that fit in ``room`` bytes."""
    width = row_bytes(levels)
    if not wide:
        cut = max(room, 0) // width * width
        return rows[:cut], b"", rows[cut:], b""
    cut = max(room, 0) // (width + 7) * width
    marks = sum(rows[at - 5 : at] == WIDE_MARK for at in range(width, cut + 1, width))
    return rows[:cut], wide[: 7 * marks], rows[cut:], wide[7 * marks :]


def _chunk(levels, buckets, flags):
    number, _, rows, _ = buckets[0]
    first = account_of(number, levels, rows, 0) if flags & GOES_BACK else lowest_account(number, levels)
    number, _, rows, _ = buckets[-1]
    return first, account_of(number, levels, rows, -1), encode(levels, buckets, flags)
