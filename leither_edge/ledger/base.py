"""The base: all records in rising order, in chunks of one page each, keyed by the first bytes of their lowest account."""

from bisect import bisect_left

from leither_edge.ledger.chunk import (
    BUCKET_HEAD_BYTES,
    GOES_BACK,
    GOES_ON,
    HEAD_BYTES,
    VALUE_BYTES_MAX,
    Chunk,
    ChunkError,
    encode,
    pack_rows,
    row_bytes,
    unpack_rows,
)
from leither_edge.ledger.chunk import lowest as lowest_account
from leither_edge.storage import Damaged, Table

BASE = Table("base", key="bytes", value="bytes")
FIRST_KEY = b"\0"
ROOM = VALUE_BYTES_MAX - HEAD_BYTES
# A bucket's root says nothing where the bucket goes over several chunks.
NO_ROOT = bytes(20)


class Reader:
    """Reads records in one transaction. levels: of the tree's buckets. Keeps the chunk read last, since neighbours are asked together."""

    __slots__ = ("_tx", "_levels", "_chunk", "_last")

    def __init__(self, tx, levels):
        self._tx = tx
        self._levels = levels
        self._chunk = None
        # Number of the bucket up to which the chunk is known to answer.
        self._last = -1

    def leaves(self, bucket):
        """{account: leaf record of 36 bytes} of a bucket, graves included, in rising order. Raises Damaged."""
        chunk = self._chunk
        if chunk is None or not chunk.numbers[0] <= bucket <= self._last:
            low = lowest_account(bucket, self._levels)
            row = self._tx.floor(BASE, low)
            if row is None:
                return {}
            chunk = read_chunk(*row)
            if chunk.levels != self._levels or chunk.flags:
                return self._leaves_across(row[0], low, bucket)
            self._chunk, self._last = chunk, chunk.numbers[-1]
        at = bisect_left(chunk.numbers, bucket)
        if at == len(chunk.numbers) or chunk.numbers[at] != bucket:
            return {}
        return chunk.leaves(at)

    def find(self, account):
        """(pulse, amount) of an account, None where it has no record. Raises Damaged."""
        row = self._tx.floor(BASE, account)
        return None if row is None else read_chunk(*row).find(account)

    def _leaves_across(self, key, low, bucket):
        # Written under another number of levels, or a bucket too large for one chunk.
        high = lowest_account(bucket + 1, self._levels) if bucket + 1 < 1 << self._levels else None
        found = {}
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
                        found[account] = leaf
        return found


def read_chunk(key, data):
    """The Chunk in a row of the base. Raises Damaged."""
    try:
        return Chunk(data)
    except ChunkError as error:
        raise Damaged(f"Chunk {key.hex()} of the book is not one: {error}. Check the book: leither ledger fsck") from None


def pack(levels, buckets, even=True, flags=0):
    """Yields (first account that may stand in it, last account, bytes) of chunks for buckets, as ``bucket_entry`` makes them, rising.

    even: the same share in each of as few chunks as will do, so that each has room to grow; else each is filled. flags: GOES_BACK where
    the first bucket began before, GOES_ON where the last one goes on.
    """
    pieces = _pieces(levels, buckets, flags)
    sizes = [BUCKET_HEAD_BYTES + 4 + len(piece[2]) + len(piece[3]) for piece in pieces]
    total = sum(sizes)
    share = ROOM if not even or not total else total // -(-total // ROOM)
    held, size = [], 0
    for piece, more in zip(pieces, sizes, strict=True):
        if held and (size + more > ROOM or size + more // 2 > share or piece[6] & GOES_BACK or held[-1][6] & GOES_ON):
            yield _chunk(levels, held)
            held, size = [], 0
        held.append(piece)
        size += more
    if held:
        yield _chunk(levels, held)


def bucket_entry(number, root, records, levels):
    """A bucket for ``pack``, of [(account, pulse, amount), ...] in rising order."""
    return number, root, *pack_rows(records, levels), records[0][0], records[-1][0], 0


def key_of(first, before):
    """The shortest start of the account ``first`` that is above the account ``before``, which is lower."""
    for size in range(1, 20):
        if first[:size] > before[:size]:
            return first[:size]
    return first


def _pieces(levels, buckets, flags):
    """The buckets, those in pieces that do not fit a chunk, with the flags of each."""
    found = []
    for place, bucket in enumerate(buckets):
        marks = (GOES_BACK if not place else 0) | (GOES_ON if place + 1 == len(buckets) else 0)
        marks &= flags
        if BUCKET_HEAD_BYTES + 4 + len(bucket[2]) + len(bucket[3]) <= ROOM:
            found.append((*bucket[:6], marks))
            continue
        records = unpack_rows(bucket[0], levels, bucket[2], bucket[3])
        most = (ROOM - BUCKET_HEAD_BYTES - 4) // (row_bytes(levels) + 7)
        parts = [records[at : at + most] for at in range(0, len(records), most)]
        for number, part in enumerate(parts):
            more = (GOES_BACK if number else marks & GOES_BACK) | (GOES_ON if number + 1 < len(parts) else marks & GOES_ON)
            found.append((*bucket_entry(bucket[0], NO_ROOT, part, levels)[:6], more))
    return found


def _chunk(levels, pieces):
    flags = (pieces[0][6] & GOES_BACK) | (pieces[-1][6] & GOES_ON)
    first = pieces[0][4] if flags & GOES_BACK else lowest_account(pieces[0][0], levels)
    return first, pieces[-1][5], encode(levels, [piece[:4] for piece in pieces], flags)
