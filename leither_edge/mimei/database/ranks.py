"""Ranks in large sorted sets without walking over all of one: the index is cut into parts, and it is known how many each has.

A row of space 83 says how many members lie in the index from its position up to the next row's. The first has no position, so each
member lies in one. Small sets have none of these rows and are walked over.
"""

from itertools import islice

from .layout import DATA, pack_u64, unpack_u64_at

# Members of a part when it is cut in halves, and of a set that gets parts.
PART_MAX = 512


def build(db, header):
    """Cut the index of a sorted set that has no parts into some."""
    prefix, parts = db.index + header.part, db.ranks + header.part
    step = PART_MAX // 2
    positions = [row[len(prefix) :] for row in islice(db.tx.keys(DATA, prefix), step, header.count, step)]
    for position in (b"", *positions):
        db.derive(parts + position, pack_u64(step))
    db.derive(parts + positions[-1], pack_u64(header.count - step * len(positions)))
    header.has_parts = True


def add(db, header, position, number):
    """Count a member more (1) or less (-1) at an index position."""
    parts = db.ranks + header.part
    row, packed = db.tx.floor(DATA, parts + position)
    count = unpack_u64_at(packed, 0)[0] + number
    if count > PART_MAX:
        prefix, half = db.index + header.part, count // 2
        middle = next(islice(db.tx.keys(DATA, prefix + row[len(parts) :]), half, None))
        db.derive(parts + middle[len(prefix) :], pack_u64(count - half))
        count = half
    if count or row == parts:
        db.derive(row, pack_u64(count))
    else:
        db.underive(row)


def rank(db, header, position):
    """Return how many members lie before an index position, whether there is one at it or not."""
    prefix = db.index + header.part
    before, start = 0, b""
    if header.has_parts:
        last = 0
        for start_of, count in _parts(db, header):
            if start_of > position:
                break
            before += last
            start, last = start_of, count
    target = prefix + position
    for row in islice(db.tx.keys(DATA, prefix + start), header.count - before):
        if row >= target:
            break
        before += 1
    return before


def position_at(db, header, number):
    """Return the index position of the member of a rank, which there must be."""
    prefix = db.index + header.part
    start = b""
    if header.has_parts:
        for start_of, count in _parts(db, header):
            start = start_of
            if number < count:
                break
            number -= count
    return next(islice(db.tx.keys(DATA, prefix + start), number, None))[len(prefix) :]


def _parts(db, header):
    parts = db.ranks + header.part
    for row, packed in db.tx.scan(DATA, parts):
        if not row.startswith(parts):
            return
        yield row[len(parts) :], unpack_u64_at(packed, 0)[0]
