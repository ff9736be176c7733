"""Folding: a few neighbouring chunks of the base are written anew with what is pending for them.

Neighbours, because they share one page of the store's own tree; all of what is pending between their bounds, because then the roots
in memory are those of what is written.
"""

from collections import namedtuple

from leither_edge.ledger.base import BASE, FIRST_KEY, ROOM, bucket_entry, key_of, pack, read_chunk
from leither_edge.ledger.chunk import GOES_BACK, GOES_ON, bucket_of, lowest

# Chunks that are read for one window.
WINDOW = 4
# A chunk with less in it is taken into the next window, so that room is never left for good.
FULL_SHARE = 0.6
Folded = namedtuple("Folded", ("start", "end", "cursor", "chunks"))


def fold(tx, heap, overlay, cursor, horizon):
    """Write one window of the base anew: from the first pending account at or after ``cursor`` (20 bytes), round the end.

    Args: tx (write transaction), heap (of the tree as it is now), overlay, cursor, horizon (pulse below which graves are dropped).
    Returns a Folded: first account that is no longer pending and the first that is (None: to the end), cursor to go on with, chunks
    written or deleted, whichever are more; None where nothing is pending. Raises StorageError.
    """
    account = overlay.next_account(cursor)
    if account is None:
        return None
    levels = heap.levels
    start, end, keys, chunks, before = _window(tx, account, cursor)
    pending = overlay.between(start, end)
    flags = (0 if start == lowest(bucket_of(start, levels), levels) else GOES_BACK) | (
        0 if end is None or end == lowest(bucket_of(end, levels), levels) else GOES_ON
    )
    buckets = _merged(chunks, pending, heap, horizon)
    for key in keys:
        tx.delete(BASE, key)
    written, previous, key = 0, b"", b""
    for first, last, data in pack(levels, buckets, even=False, flags=flags):
        key = (keys[0] if before else FIRST_KEY) if not written else key_of(first, previous)
        tx.put(BASE, key, data)
        previous, size = last, len(data)
        written += 1
    cursor = end or bytes(20)
    if end is not None and written > 1 and size < FULL_SHARE * ROOM:
        cursor = key.ljust(20, b"\0")
    return Folded(start, end, cursor, max(written, len(keys)))


def _window(tx, account, cursor):
    """(lowest account, first account behind or None, keys, Chunks, whether a chunk stands before) of the window around an account."""
    row = tx.floor(BASE, account)
    start = None if row is None else row[0]
    if account >= cursor and row is not None:
        # The chunk of the cursor has room: it is taken in where the window is its neighbour.
        left = tx.floor(BASE, cursor)
        if left is not None and left[0] < row[0]:
            near = [key for key, _ in tx.scan(BASE, start=left[0], limit=2)]
            if near[-1] == row[0]:
                start = left[0]
    rows = list(tx.scan(BASE, start=start, limit=WINDOW + 1))
    if not rows:
        return bytes(20), None, [], [], False
    before = row is not None and rows[0][0] != FIRST_KEY
    end = rows[WINDOW][0].ljust(20, b"\0") if len(rows) > WINDOW else None
    rows = rows[:WINDOW]
    start = rows[0][0].ljust(20, b"\0") if before else bytes(20)
    return start, end, [key for key, _ in rows], [read_chunk(*row) for row in rows], before


def _merged(chunks, pending, heap, horizon):
    """Buckets for ``pack``: the chunks' records with the pending ones in their place and old graves left out."""
    levels = heap.levels
    changed = {}
    for account, pulse, amount in pending:
        changed.setdefault(bucket_of(account, levels), {})[account] = (account, pulse, amount)
    # Buckets that stay as they are keep their rows; the others become records.
    rows, records = {}, {}
    for chunk in chunks:
        for index, number in enumerate(chunk.numbers):
            if chunk.levels == levels and number not in changed and chunk.is_whole(index) and chunk.is_narrow():
                rows[number] = chunk.rows(index)
                continue
            for record in chunk.records(index):
                records.setdefault(bucket_of(record[0], levels), {})[record[0]] = record
    for number, found in changed.items():
        records.setdefault(number, {}).update(found)
    entries = []
    base = 1 << levels
    for number in sorted(rows.keys() | records.keys()):
        root = heap.side(base + number)[7:]
        if number in records:
            kept = [record for record in records[number].values() if record[2] or record[1] >= horizon]
            if kept:
                kept.sort()
                entries.append(bucket_entry(number, root, kept, levels))
        else:
            entries.append((number, root, rows[number], b""))
    return entries

