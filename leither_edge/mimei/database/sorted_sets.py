"""Sorted sets: scores, members, and what pops."""

from . import ranks
from .layout import SORTED_SET, member_rest, pack_score, unpack_score
from .lists import several
from .numbers import I64_MAX, I64_MIN, double, how_many
from .replies import NO_ARRAY, SYNTAX, Pairs, Refusal
from .some import count_of, some_of

NOT_A_NUMBER = b"ERR resulting score is not a number (NaN)"


def score_of(db, header, member):
    """Return the score of a member, or None."""
    packed = db.member(header, member)
    return None if packed is None else unpack_score(packed)


def zadd(db, words):
    options = set()
    at = 2
    while at < len(words) and words[at].upper() in (b"NX", b"XX", b"GT", b"LT", b"CH", b"INCR"):
        options.add(words[at].upper())
        at += 1
    pairs = words[at:]
    if not pairs or len(pairs) % 2:
        raise Refusal(SYNTAX)
    only_new, only_there = b"NX" in options, b"XX" in options
    greater, less, increments = b"GT" in options, b"LT" in options, b"INCR" in options
    if only_new and only_there:
        raise Refusal(b"ERR XX and NX options at the same time are not compatible")
    if (greater and (only_new or less)) or (less and only_new):
        raise Refusal(b"ERR GT, LT, and/or NX options at the same time are not compatible")
    if increments and len(pairs) > 2:
        raise Refusal(b"ERR INCR option supports a single increment-element pair")
    scores = [double(text) for text in pairs[::2]]
    for member in pairs[1::2]:
        db.string_fits(len(member))
    header = db.need(words[1], SORTED_SET)
    if only_there and not header.packed:
        return None if increments else 0
    added = changed = 0
    answer = None
    for score, member in zip(scores, pairs[1::2], strict=True):
        old = score_of(db, header, member) if header.count else None
        if old is None:
            if only_there:
                continue
            header.count += 1
            added += 1
        else:
            if only_new:
                continue
            if increments:
                score += old
                if score != score:
                    raise Refusal(NOT_A_NUMBER)
            if (greater and score <= old) or (less and score >= old):
                continue
        answer = score
        if score != old:
            changed += 1
            db.put_score(header, member, score, old)
    if changed:
        db.save(header)
    if increments:
        return answer
    return changed if b"CH" in options else added


def zincrby(db, words):
    return zadd(db, [b"", words[1], b"INCR", words[2], words[3]])


def zscore(db, words):
    header = db.find(words[1], SORTED_SET)
    return None if header is None else score_of(db, header, words[2])


def zmscore(db, words):
    header = db.find(words[1], SORTED_SET)
    return [None if header is None else score_of(db, header, member) for member in words[2:]]


def zcard(db, words):
    header = db.find(words[1], SORTED_SET)
    return 0 if header is None else header.count


def zrem(db, words):
    header = db.find(words[1], SORTED_SET)
    if header is None:
        return 0
    pairs = {member: score_of(db, header, member) for member in words[2:]}
    return drop(db, header, [(member, score) for member, score in pairs.items() if score is not None])


def drop(db, header, pairs):
    """Delete members with their scores; return how many. The header is saved."""
    for member, score in pairs:
        db.drop_score(header, member, score)
    if pairs:
        header.count -= len(pairs)
        db.save(header)
    return len(pairs)


def _rank(reverse):
    def rank(db, words):
        header = db.find(words[1], SORTED_SET)
        score = None if header is None else score_of(db, header, words[2])
        if score is None:
            return None
        before = ranks.rank(db, header, pack_score(score) + member_rest(words[2]))
        return header.count - 1 - before if reverse else before

    return rank


def _pop(reverse):
    def pop(db, words):
        count = how_many(words)
        header = db.find(words[1], SORTED_SET)
        if header is None:
            return []
        pairs = take(db, header, reverse, 1 if count is None else count)
        return list(pairs[0]) if count is None else Pairs(pairs)

    return pop


def take(db, header, reverse, count):
    """Delete the first or last members, at most count; return (member, score) of each."""
    pairs = []
    if count:
        for pair in db.each_score(header, reverse=reverse):
            pairs.append(pair)
            if len(pairs) == count:
                break
    drop(db, header, pairs)
    return pairs


def zmpop(db, words):
    keys, side, count = several(words, (b"MIN", b"MAX"))
    for key in keys:
        header = db.find(key, SORTED_SET)
        if header is not None:
            return [key, [list(pair) for pair in take(db, header, side == b"MAX", count)]]
    return NO_ARRAY


def zrandmember(db, words):
    with_scores = len(words) == 4 and words[3].upper() == b"WITHSCORES"
    if len(words) > 3 and not with_scores:
        raise Refusal(SYNTAX)
    count = count_of(words[2]) if len(words) > 2 else None
    if count is not None and with_scores and not I64_MIN // 2 <= count <= I64_MAX // 2:
        raise Refusal(b"ERR value is out of range")
    header = db.find(words[1], SORTED_SET)
    if header is None:
        return None if count is None else []
    chosen = some_of(db, header, count)
    if count is None:
        return chosen[0][0]
    return Pairs([(member, unpack_score(packed)) for member, packed in chosen]) if with_scores else [member for member, _ in chosen]


def zaddseq(db, words):
    # The original system's Zaddwithseq: each new member gets the score after the highest.
    header = db.need(words[1], SORTED_SET)
    score = next(db.each_score(header, reverse=True), (b"", 0.0))[1]
    added = 0
    for member in words[2:]:
        if not header.count or score_of(db, header, member) is None:
            score += 1
            added += 1
            header.count += 1
            db.put_score(header, member, score, None)
    if added:
        db.save(header)
    return added


COMMANDS = (
    ("zadd", -4, "write denyoom fast", 1, 1, 1, zadd),
    ("zincrby", 4, "write denyoom fast", 1, 1, 1, zincrby),
    ("zscore", 3, "readonly fast", 1, 1, 1, zscore),
    ("zmscore", -3, "readonly fast", 1, 1, 1, zmscore),
    ("zcard", 2, "readonly fast", 1, 1, 1, zcard),
    ("zrem", -3, "write fast", 1, 1, 1, zrem),
    ("zrank", 3, "readonly fast", 1, 1, 1, _rank(False)),
    ("zrevrank", 3, "readonly fast", 1, 1, 1, _rank(True)),
    ("zpopmin", -2, "write fast", 1, 1, 1, _pop(False)),
    ("zpopmax", -2, "write fast", 1, 1, 1, _pop(True)),
    ("zmpop", -4, "write movablekeys", 0, 0, 0, zmpop),
    ("zrandmember", -2, "readonly", 1, 1, 1, zrandmember),
    ("leither.zaddseq", -3, "write denyoom", 1, 1, 1, zaddseq),
)
