"""Ranges of sorted sets by rank, score and member."""

from . import ranks
from .layout import SORTED_SET, member_rest, pack_score
from .lists import bounds
from .numbers import double, integer
from .replies import SYNTAX, Pairs, Refusal
from .sorted_sets import drop

RANK, SCORE, LEX = 1, 2, 3
_NOT_FLOAT = b"ERR min or max is not a float"
_NOT_ITEM = b"ERR min or max not valid string range item"
# Above and below every member, for LEX.
_LOWEST, _HIGHEST = object(), object()


def _score_end(text):
    excluded = text[:1] == b"("
    text = text[excluded:]
    return (double(text, _NOT_FLOAT) if text else 0.0), excluded


def _lex_end(text):
    if text == b"-":
        return _LOWEST, False
    if text == b"+":
        return _HIGHEST, False
    if text[:1] not in (b"(", b"["):
        raise Refusal(_NOT_ITEM)
    return text[1:], text[:1] == b"("


def parse(kind, low, high):
    """Return the range of a kind from its two words. Raises Refusal."""
    if kind == RANK:
        return integer(low), integer(high)
    end = _score_end if kind == SCORE else _lex_end
    return end(low), end(high)


def pairs_in(db, header, kind, low, high, reverse=False):
    """Yield (member, score) of a range. low, high: as parse() returned them."""
    if kind == RANK:
        return _by_rank(db, header, low, high, reverse)
    return (_by_score if kind == SCORE else _by_member)(db, header, low, high, reverse)


def _by_rank(db, header, start, stop, reverse):
    start, stop = bounds(start, stop, header.count)
    count = stop - start
    if count <= 0:
        return
    if start > header.count // 2:
        # From the other end the way is shorter.
        yield from reversed(list(db.kept(_skipping(db, header, header.count - stop, count, not reverse))))
        return
    yield from _skipping(db, header, start, count, reverse)


def _skipping(db, header, skipped, count, reverse):
    start = b"" if not skipped else ranks.position_at(db, header, header.count - 1 - skipped if reverse else skipped)
    for pair in db.each_score(header, start, reverse):
        yield pair
        count -= 1
        if not count:
            return


def _edge(score, is_behind):
    # The index position before all members of a score, or behind them.
    return pack_score(score + 0.0) + (b"\xff" * 256 if is_behind else b"")


def _by_score(db, header, low, high, reverse):
    (least, no_least), (most, no_most) = low, high
    if least > most or (least == most and (no_least or no_most)):
        return
    start = _edge(most, not no_most) if reverse else _edge(least, no_least)
    for member, score in db.each_score(header, start, reverse):
        if reverse:
            if score < least or (no_least and score == least):
                return
            if no_most and score == most:
                continue
        else:
            if score > most or (no_most and score == most):
                return
            if no_least and score == least:
                continue
        yield member, score


def _by_member(db, header, low, high, reverse):
    # Made for members of one score. Of several, Redis tells what follows the first that is in, as long as the far end is not passed.
    (least, no_least), (most, no_most) = low, high
    if least is _HIGHEST or most is _LOWEST:
        return

    def is_over(member):
        return most is not _HIGHEST and (member > most or (no_most and member == most))

    def is_under(member):
        return least is not _LOWEST and (member < least or (no_least and member == least))

    first, last = next(db.each_score(header)), next(db.each_score(header, reverse=True))
    if is_over(first[0]) or is_under(last[0]):
        return
    start = b""
    end = most if reverse else least
    if first[1] == last[1] and end is not _LOWEST and end is not _HIGHEST:
        start = pack_score(first[1]) + member_rest(end)
    is_before, is_behind = (is_over, is_under) if reverse else (is_under, is_over)
    begun = False
    for member, score in db.each_score(header, start, reverse):
        if not begun and is_before(member):
            continue
        begun = True
        if is_behind(member):
            return
        yield member, score


def _limited(pairs, offset, count):
    # Negative numbers: none after a negative offset, all for a negative count.
    if offset < 0:
        return []
    found = []
    for pair in pairs:
        if offset:
            offset -= 1
            continue
        if len(found) == count:
            break
        found.append(pair)
    return found


def _range(kind=None, reverse=None, stores=False):
    def range_(db, words):
        args = words[2:] if stores else words[1:]
        chosen, backwards, with_scores = kind, reverse, False
        offset, count = 0, -1
        at = 3
        while at < len(args):
            word = args[at].upper()
            if word == b"WITHSCORES" and not stores:
                with_scores = True
            elif word == b"LIMIT" and at + 2 < len(args):
                offset, count = integer(args[at + 1]), integer(args[at + 2])
                at += 2
            elif word == b"REV" and backwards is None:
                backwards = True
            elif word == b"BYLEX" and chosen is None:
                chosen = LEX
            elif word == b"BYSCORE" and chosen is None:
                chosen = SCORE
            else:
                raise Refusal(SYNTAX)
            at += 1
        chosen = chosen or RANK
        if count != -1 and chosen == RANK:
            raise Refusal(b"ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
        if with_scores and chosen == LEX:
            raise Refusal(b"ERR syntax error, WITHSCORES not supported in combination with BYLEX")
        low, high = (args[2], args[1]) if backwards and chosen != RANK else (args[1], args[2])
        low, high = parse(chosen, low, high)
        header = db.find(args[0], SORTED_SET)
        pairs = [] if header is None else pairs_in(db, header, chosen, low, high, bool(backwards))
        pairs = list(db.kept(pairs)) if chosen == RANK else _limited(db.kept(pairs), offset, count)
        if stores:
            return store(db, words[1], pairs)
        return Pairs(pairs) if with_scores else [member for member, _ in pairs]

    return range_


def store(db, key, pairs):
    """Make a key the sorted set of these (member, score); return how many. Of none the key goes."""
    pairs = list(pairs)
    db.require(2 * sum(len(member) for member, _ in pairs), 2 * len(pairs) + 1)
    old = db.peek(key)
    if old is not None:
        db.remove(old)
    header = db.make(key, SORTED_SET)
    for member, score in pairs:
        db.put_score(header, member, score, None)
    if pairs:
        header.count = len(pairs)
        db.save(header)
    return len(pairs)


def _count(kind):
    def count(db, words):
        low, high = parse(kind, words[2], words[3])
        header = db.find(words[1], SORTED_SET)
        if header is None:
            return 0
        if kind == LEX:
            return sum(1 for _ in pairs_in(db, header, kind, low, high))
        first = ranks.rank(db, header, _edge(*low))
        return max(0, ranks.rank(db, header, _edge(high[0], not high[1])) - first)

    return count


def _remove(kind):
    def remove(db, words):
        low, high = parse(kind, words[2], words[3])
        header = db.find(words[1], SORTED_SET)
        return 0 if header is None else drop(db, header, list(db.kept(pairs_in(db, header, kind, low, high))))

    return remove


COMMANDS = (
    ("zrange", -4, "readonly", 1, 1, 1, _range()),
    ("zrevrange", -4, "readonly", 1, 1, 1, _range(RANK, True)),
    ("zrangebyscore", -4, "readonly", 1, 1, 1, _range(SCORE, False)),
    ("zrevrangebyscore", -4, "readonly", 1, 1, 1, _range(SCORE, True)),
    ("zrangebylex", -4, "readonly", 1, 1, 1, _range(LEX, False)),
    ("zrevrangebylex", -4, "readonly", 1, 1, 1, _range(LEX, True)),
    ("zrangestore", -5, "write denyoom", 1, 2, 1, _range(stores=True)),
    ("zcount", 4, "readonly fast", 1, 1, 1, _count(SCORE)),
    ("zlexcount", 4, "readonly fast", 1, 1, 1, _count(LEX)),
    ("zremrangebyrank", 4, "write", 1, 1, 1, _remove(RANK)),
    ("zremrangebyscore", 4, "write", 1, 1, 1, _remove(SCORE)),
    ("zremrangebylex", 4, "write", 1, 1, 1, _remove(LEX)),
)
