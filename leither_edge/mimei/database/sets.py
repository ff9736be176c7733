"""Sets."""

from .layout import SET
from .numbers import how_many, integer
from .replies import SYNTAX, Members, Refusal
from .some import count_of, some_of


def sadd(db, words):
    header = db.need(words[1], SET)
    count = header.count
    for member in words[2:]:
        db.string_fits(len(member))
    for member in words[2:]:
        if not header.count or db.member(header, member) is None:
            db.put_member(header, member, b"")
            header.count += 1
    if header.count != count:
        db.save(header)
    return header.count - count


def srem(db, words):
    header = db.find(words[1], SET)
    return 0 if header is None else _drop(db, header, words[2:])


def _drop(db, header, members):
    gone = sum(db.member(header, member) is not None and db.drop_member(header, member) for member in members)
    if gone:
        header.count -= gone
        db.save(header)
    return gone


def scard(db, words):
    header = db.find(words[1], SET)
    return 0 if header is None else header.count


def sismember(db, words):
    header = db.find(words[1], SET)
    return int(header is not None and db.member(header, words[2]) is not None)


def smismember(db, words):
    header = db.find(words[1], SET)
    return [int(header is not None and db.member(header, member) is not None) for member in words[2:]]


def smembers(db, words):
    header = db.find(words[1], SET)
    return Members([] if header is None else [member for member, _ in db.kept(db.each_member(header))])


def smove(db, words):
    source = db.find(words[1], SET)
    if source is None:
        return 0
    target = None if words[1] == words[2] else db.find(words[2], SET)
    if db.member(source, words[3]) is None:
        return 0
    if words[1] == words[2]:
        return 1
    _drop(db, source, words[3:])
    _add(db, target or db.make(words[2], SET), words[3])
    return 1


def _add(db, header, member):
    if db.member(header, member) is None:
        db.put_member(header, member, b"")
        header.count += 1
        db.save(header)


def spop(db, words):
    count = how_many(words)
    header = db.find(words[1], SET)
    if header is None:
        return None if count is None else Members([])
    chosen = [member for member, _ in some_of(db, header, count)]
    _drop(db, header, chosen)
    return chosen[0] if count is None else Members(chosen)


def srandmember(db, words):
    if len(words) > 3:
        raise Refusal(SYNTAX)
    count = count_of(words[2]) if len(words) == 3 else None
    header = db.find(words[1], SET)
    if header is None:
        return None if count is None else []
    chosen = [member for member, _ in some_of(db, header, count)]
    return chosen[0] if count is None else chosen


def _headers(db, keys):
    return [db.find(key, SET) for key in keys]


def _has(db, header, member):
    # A set may be named a thousand times in one command.
    db.step()
    return db.member(header, member) is not None


def _inter(db, headers):
    # Members of the smallest that all others have.
    if None in headers:
        return
    smallest, *others = sorted(headers, key=lambda header: header.count)
    for member, _ in db.each_member(smallest):
        if all(_has(db, other, member) for other in others):
            yield member


def _union(db, headers):
    found = {}
    for header in headers:
        if header is not None:
            for member, _ in db.kept(db.each_member(header)):
                found[member] = None
    return found


def _diff(db, headers):
    first, *others = headers
    if first is None:
        return
    for member, _ in db.each_member(first):
        if not any(other is not None and _has(db, other, member) for other in others):
            yield member


def _answer(combine):
    return lambda db, words: Members(list(db.kept(combine(db, _headers(db, words[1:])))))


sinter, sunion, sdiff = _answer(_inter), _answer(_union), _answer(_diff)


def _store(combine):
    def store(db, words):
        members = list(db.kept(combine(db, _headers(db, words[2:]))))
        db.require(sum(map(len, members)), len(members) + 1)
        old = db.peek(words[1])
        if old is not None:
            db.remove(old)
        if members:
            header = db.make(words[1], SET)
            for member in members:
                db.put_member(header, member, b"")
            header.count = len(members)
            db.save(header)
        return len(members)

    return store


def sintercard(db, words):
    keys, limit = keys_and_limit(words)
    count = 0
    for _ in _inter(db, _headers(db, keys)):
        count += 1
        if count == limit:
            break
    return count


def keys_and_limit(words):
    """Return (keys, limit, 0 for none) of a command that counts what several share. Raises Refusal."""
    number = integer(words[1], b"ERR numkeys should be greater than 0")
    if number < 1:
        raise Refusal(b"ERR numkeys should be greater than 0")
    if number > len(words) - 2:
        raise Refusal(b"ERR Number of keys can't be greater than number of args")
    keys, rest = words[2 : 2 + number], words[2 + number :]
    limit = 0
    if rest:
        if len(rest) != 2 or rest[0].upper() != b"LIMIT":
            raise Refusal(SYNTAX)
        limit = integer(rest[1], b"ERR LIMIT can't be negative")
        if limit < 0:
            raise Refusal(b"ERR LIMIT can't be negative")
    return keys, limit


COMMANDS = (
    ("sadd", -3, "write denyoom fast", 1, 1, 1, sadd),
    ("srem", -3, "write fast", 1, 1, 1, srem),
    ("scard", 2, "readonly fast", 1, 1, 1, scard),
    ("sismember", 3, "readonly fast", 1, 1, 1, sismember),
    ("smismember", -3, "readonly fast", 1, 1, 1, smismember),
    ("smembers", 2, "readonly", 1, 1, 1, smembers),
    ("smove", 4, "write fast", 1, 2, 1, smove),
    ("spop", -2, "write fast", 1, 1, 1, spop),
    ("srandmember", -2, "readonly", 1, 1, 1, srandmember),
    ("sinter", -2, "readonly", 1, -1, 1, sinter),
    ("sunion", -2, "readonly", 1, -1, 1, sunion),
    ("sdiff", -2, "readonly", 1, -1, 1, sdiff),
    ("sinterstore", -3, "write denyoom", 1, -1, 1, _store(_inter)),
    ("sunionstore", -3, "write denyoom", 1, -1, 1, _store(_union)),
    ("sdiffstore", -3, "write denyoom", 1, -1, 1, _store(_diff)),
    ("sintercard", -3, "readonly movablekeys", 0, 0, 0, sintercard),
)
