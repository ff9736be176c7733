"""Folding: a few neighbouring chunks of the base are written anew with what is pending for them.

Neighbours, because they share one page of the store's own tree; all of what is pending between their bounds, because then the roots
in memory are those of what is written.
"""

from leither_edge.ledger.base import BASE, FIRST_KEY, NO_ROOT, ROOM, bucket_entry, key_of, pack, read_chunk
from leither_edge.ledger.chunk import GOES_BACK, GOES_ON, bucket_of, lowest

# A window of so many chunks is looked at; the share of it that fills its chunks best is written.
WINDOW_MIN, WINDOW_MAX = 4, 7


def fold(tx, heap, overlay, page, horizon, window_max=WINDOW_MAX):
    """Write one window of the base anew: the one with the first pending account at or after a page of the overlay.

    Args: tx (write transaction), heap (of the tree as it is now), overlay, page (number), horizon (pulse below which graves are dropped),
    window_max (chunks). Returns (accounts that are no longer pending, page to go on with, chunks written); None where nothing is pending.
    Raises StorageError.
    """
    page = overlay.next_page(page)
    if page is None:
        return None
    levels = heap.levels
    start, end, keys, chunks, before = _window(tx, overlay, overlay.first(page), window_max)
    pending = overlay.between(start, end)
    flags = (0 if start == lowest(bucket_of(start, levels), levels) else GOES_BACK) | (
        0 if end is None or end == lowest(bucket_of(end, levels), levels) else GOES_ON
    )
    buckets = _merged(chunks, pending, heap, horizon, flags)
    for key in keys:
        tx.delete(BASE, key)
    written, previous = 0, b""
    for first, last, data in pack(levels, buckets, flags=flags):
        key = (keys[0] if before else FIRST_KEY) if not written else key_of(first, previous)
        tx.put(BASE, key, data)
        previous = last
        written += 1
    next_page = 0 if end is None else int.from_bytes(end[:4], "big") >> (32 - overlay.bits)
    return [account for account, _, _ in pending], next_page, written


def _window(tx, overlay, account, window_max):
    """(lowest account, first account behind or None, keys, Chunks, whether a chunk stands before) of the window around an account."""
    row = tx.floor(BASE, account)
    rows = list(tx.scan(BASE, start=None if row is None else row[0], limit=window_max + 1))
    if not rows:
        return bytes(20), None, [], [], False
    before = row is not None and rows[0][0] != FIRST_KEY
    size = _best_size(rows[:window_max], overlay, len(rows) > window_max)
    behind = rows[size][0] if size < len(rows) else None
    rows = rows[:size]
    start = rows[0][0].ljust(20, b"\0") if before else bytes(20)
    return start, behind and behind.ljust(20, b"\0"), [key for key, _ in rows], [read_chunk(*row) for row in rows], before


def _best_size(rows, overlay, more):
    """How many of the rows to take so that the chunks they become are fullest."""
    best, best_share = len(rows), 0
    size = 0
    low = rows[0][0].ljust(20, b"\0")
    for number, (_, data) in enumerate(rows, 1):
        size += len(data)
        if number < WINDOW_MIN and (number < len(rows) or more):
            continue
        if number == len(rows) and not more:
            high = None
        elif number < len(rows):
            high = rows[number][0].ljust(20, b"\0")
        else:
            return best
        # Most pending changes are of accounts that have a record already: a guess that is good enough.
        total = size + 8 * len(overlay.between(low, high))
        share = total / (-(-total // ROOM) * ROOM)
        if share > best_share + 0.005:
            best, best_share = number, share
    return best


def _merged(chunks, pending, heap, horizon, flags):
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
            entry = rows[number]
            entries.append((number, root, entry, b"", lowest(number, levels), _last_of(number, entry, levels), 0))
    if entries and flags & GOES_BACK:
        entries[0] = (entries[0][0], NO_ROOT, *entries[0][2:])
    if entries and flags & GOES_ON:
        entries[-1] = (entries[-1][0], NO_ROOT, *entries[-1][2:])
    return entries


def _last_of(number, rows, levels):
    strip = levels // 8
    return (number >> (levels - 8 * strip)).to_bytes(strip, "big") + rows[strip - 29 : len(rows) - 9]
