"""Unions, intersections and differences of sorted sets, and of sets, whose members count as of score 1."""

from .layout import SET, SORTED_SET, unpack_score
from .numbers import double, integer
from .ranges import store
from .replies import SYNTAX, WRONG_TYPE, Pairs, Refusal
from .sorted_sets import score_of


def _sum(a, b):
    total = a + b
    return total if total == total else 0.0


_AGGREGATES = {b"SUM": _sum, b"MIN": min, b"MAX": max}


def _parse(db, words, at, name, options):
    # (headers with weights, aggregate, with scores, limit)
    number = integer(words[at])
    if number < 1:
        raise Refusal(b"ERR at least 1 input key is needed for '%s' command" % name)
    if number > len(words) - at - 1:
        raise Refusal(SYNTAX)
    headers = [db.peek(key) for key in words[at + 1 : at + 1 + number]]
    if any(header is not None and header.kind not in (SET, SORTED_SET) for header in headers):
        raise Refusal(WRONG_TYPE)
    weights, aggregate, with_scores, limit = [1.0] * number, _sum, False, 0
    at += 1 + number
    while at < len(words):
        word = words[at].upper()
        left = len(words) - at - 1
        if word not in options:
            raise Refusal(SYNTAX)
        if word == b"WEIGHTS" and left >= number:
            weights = [double(text, b"ERR weight value is not a float") for text in words[at + 1 : at + 1 + number]]
            at += number
        elif word == b"AGGREGATE" and left and words[at + 1].upper() in _AGGREGATES:
            aggregate = _AGGREGATES[words[at + 1].upper()]
            at += 1
        elif word == b"LIMIT" and left:
            limit = integer(words[at + 1], b"ERR LIMIT can't be negative")
            if limit < 0:
                raise Refusal(b"ERR LIMIT can't be negative")
            at += 1
        elif word == b"WITHSCORES":
            with_scores = True
        else:
            raise Refusal(SYNTAX)
        at += 1
    return list(zip(headers, weights, strict=True)), aggregate, with_scores, limit


def _scored(db, header, weight):
    # Infinity times nothing counts as nothing.
    for member, packed in () if header is None else db.each_member(header):
        score = weight * (1.0 if header.kind == SET else unpack_score(packed))
        yield member, score if score == score else 0.0


def _score_in(db, header, member):
    if header is None:
        return None
    db.step()
    if header.kind == SET:
        return None if db.member(header, member) is None else 1.0
    return score_of(db, header, member)


def _by_count(sources):
    # The order in which scores are added, smallest set first, decides their last bits.
    return sorted(sources, key=lambda source: 0 if source[0] is None else source[0].count)


def _union(db, sources, aggregate):
    found = {}
    for header, weight in _by_count(sources):
        for member, score in db.kept(_scored(db, header, weight)):
            found[member] = aggregate(found[member], score) if member in found else score
    return found.items()


def _inter(db, sources, aggregate):
    (first, weight), *others = _by_count(sources)
    for member, score in _scored(db, first, weight):
        for header, other_weight in others:
            other = _score_in(db, header, member)
            if other is None:
                break
            other *= other_weight
            # Here Redis leaves infinity times nothing for the aggregate: a sum with it is nothing, least and greatest pass it over.
            score = aggregate(score, other)
        else:
            yield member, score


def _diff(db, sources, _):
    for member, score in _scored(db, *sources[0]):
        if all(_score_in(db, header, member) is None for header, _ in sources[1:]):
            yield member, score


def _answer(combine, *options):
    def answer(db, words):
        sources, aggregate, with_scores, _ = _parse(db, words, 1, words[0].lower(), (*options, b"WITHSCORES"))
        pairs = sorted(db.kept(combine(db, sources, aggregate)), key=lambda pair: (pair[1], pair[0]))
        return Pairs(pairs) if with_scores else [member for member, _ in pairs]

    return answer


def _store(combine, *options):
    def store_(db, words):
        sources, aggregate, _, _ = _parse(db, words, 2, words[0].lower(), options)
        return store(db, words[1], db.kept(combine(db, sources, aggregate)))

    return store_


def zintercard(db, words):
    sources, aggregate, _, limit = _parse(db, words, 1, b"zintercard", (b"LIMIT",))
    count = 0
    for _ in _inter(db, sources, aggregate):
        count += 1
        if count == limit:
            break
    return count


_WEIGHED = (b"WEIGHTS", b"AGGREGATE")

COMMANDS = (
    ("zunion", -3, "readonly movablekeys", 0, 0, 0, _answer(_union, *_WEIGHED)),
    ("zinter", -3, "readonly movablekeys", 0, 0, 0, _answer(_inter, *_WEIGHED)),
    ("zdiff", -3, "readonly movablekeys", 0, 0, 0, _answer(_diff)),
    ("zunionstore", -4, "write denyoom movablekeys", 1, 1, 1, _store(_union, *_WEIGHED)),
    ("zinterstore", -4, "write denyoom movablekeys", 1, 1, 1, _store(_inter, *_WEIGHED)),
    ("zdiffstore", -4, "write denyoom movablekeys", 1, 1, 1, _store(_diff)),
    ("zintercard", -3, "readonly movablekeys", 0, 0, 0, zintercard),
)
