"""Random members of a collection, and random keys."""

from .numbers import I64_MIN, integer
from .replies import Refusal

# So many members are walked over for one random one; above, a random place among their bytes is sought.
WALK_MAX = 2000
# Redis's own bound is memory; an answer of ours is bounded.
ANSWER_MAX = 100_000


def count_of(text):
    """Return how many are asked for. Raises Refusal."""
    count = integer(text)
    if count == I64_MIN:
        raise Refusal(b"ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
    return count


def some_of(db, header, count):
    """Return a list of (member, value): one if count is None, at most `count` different ones, or -count that may repeat."""
    if count is None:
        return [_one(db, header)]
    if count >= 0:
        if count >= header.count:
            return list(db.kept(db.each_member(header)))
        if count * 4 < header.count:
            chosen = {}
            while len(chosen) < count:
                member, value = _one(db, header)
                chosen[member] = value
            return list(chosen.items())
        return _spread(db, header, count)
    if -count > ANSWER_MAX:
        raise Refusal(b"ERR value is out of range")
    if header.count <= WALK_MAX:
        members = list(db.kept(db.each_member(header)))
        return list(db.kept(members[db.random_below(len(members))] for _ in range(-count)))
    return list(db.kept(_one(db, header) for _ in range(-count)))


def _spread(db, header, count):
    # Each member with the chance that is left, in one walk.
    chosen = []
    left = header.count
    for pair in db.each_member(header):
        if db.random_below(left) < count - len(chosen):
            chosen += db.kept((pair,))
        left -= 1
    return chosen


def _one(db, header):
    if header.count <= WALK_MAX:
        at = db.random_below(header.count)
        for pair in db.each_member(header):
            if not at:
                return pair
            at -= 1
    first = next(db.each_member(header))[0]
    last = next(db.each_member(header, reverse=True))[0]
    return next(db.each_member(header, between(db, first, last)), None) or next(db.each_member(header))


def between(db, first, last):
    """Return random bytes from first to last, evenly by the eight bytes after what they share."""
    shared = 0
    while shared < min(len(first), len(last), 200) and first[shared] == last[shared]:
        shared += 1
    low = int.from_bytes(first[shared : shared + 8].ljust(8, b"\0"), "big")
    high = int.from_bytes(last[shared : shared + 8].ljust(8, b"\xff"), "big")
    return last[:shared] + (low + db.random_below(max(1, high - low))).to_bytes(8, "big")
