"""Hashes."""

from .layout import HASH
from .numbers import I64_MAX, I64_MIN, add_long_doubles, integer
from .replies import OK, OVERFLOW, SYNTAX, Pairs, Refusal
from .some import count_of, some_of


def hset(db, words):
    if len(words) % 2:
        raise Refusal(b"ERR wrong number of arguments for '%s' command" % words[0].lower())
    _fit(db, words[3::2])
    header = db.need(words[1], HASH)
    count = header.count
    for at in range(2, len(words), 2):
        is_new = not header.count or db.member(header, words[at]) is None
        db.put_member(header, words[at], words[at + 1])
        header.count += is_new
    added = header.count - count
    db.save(header)
    return OK if words[0].lower() == b"hmset" else added


def hsetnx(db, words):
    _fit(db, words[3:])
    header = db.need(words[1], HASH)
    if db.member(header, words[2]) is not None:
        return 0
    db.put_member(header, words[2], words[3])
    header.count += 1
    db.save(header)
    return 1


def _fit(db, values):
    for value in values:
        db.string_fits(len(value))


def hget(db, words):
    header = db.find(words[1], HASH)
    return None if header is None else db.member(header, words[2])


def hmget(db, words):
    header = db.find(words[1], HASH)
    return list(db.kept(None if header is None else db.member(header, field) for field in words[2:]))


def hdel(db, words):
    header = db.find(words[1], HASH)
    if header is None:
        return 0
    gone = sum(db.drop_member(header, field) for field in words[2:])
    if gone:
        header.count -= gone
        db.save(header)
    return gone


def hlen(db, words):
    header = db.find(words[1], HASH)
    return 0 if header is None else header.count


def hexists(db, words):
    return int(hget(db, words) is not None)


def hstrlen(db, words):
    return len(hget(db, words) or b"")


def hgetall(db, words):
    header = db.find(words[1], HASH)
    return {} if header is None else dict(db.kept(db.each_member(header)))


def hkeys(db, words):
    return list(hgetall(db, words))


def hvals(db, words):
    return list(hgetall(db, words).values())


def hincrby(db, words):
    number = integer(words[3])
    header = db.need(words[1], HASH)
    old = db.member(header, words[2])
    total = number + (0 if old is None else integer(old, b"ERR hash value is not an integer"))
    if not I64_MIN <= total <= I64_MAX:
        raise Refusal(OVERFLOW)
    _set(db, header, words[2], b"%d" % total, old)
    return total


def hincrbyfloat(db, words):
    try:
        add_long_doubles(b"0", words[3])
    except ArithmeticError:
        raise Refusal(b"ERR value is NaN or Infinity") from None
    header = db.need(words[1], HASH)
    old = db.member(header, words[2])
    try:
        total = add_long_doubles(b"0" if old is None else old, words[3])
    except Refusal:
        raise Refusal(b"ERR hash value is not a float") from None
    except ArithmeticError:
        raise Refusal(b"ERR increment would produce NaN or Infinity") from None
    _set(db, header, words[2], total, old)
    return total


def _set(db, header, field, value, old):
    db.put_member(header, field, value)
    header.count += old is None
    db.save(header)


def hrandfield(db, words):
    with_values = len(words) == 4 and words[3].upper() == b"WITHVALUES"
    if len(words) > 3 and not with_values:
        raise Refusal(SYNTAX)
    count = count_of(words[2]) if len(words) > 2 else None
    if count is not None and with_values and not I64_MIN // 2 <= count <= I64_MAX // 2:
        raise Refusal(b"ERR value is out of range")
    header = db.find(words[1], HASH)
    if header is None:
        return None if count is None else []
    chosen = some_of(db, header, count)
    if count is None:
        return chosen[0][0]
    return Pairs(chosen) if with_values else [field for field, _ in chosen]


COMMANDS = (
    ("hset", -4, "write denyoom fast", 1, 1, 1, hset),
    ("hmset", -4, "write denyoom fast", 1, 1, 1, hset),
    ("hsetnx", 4, "write denyoom fast", 1, 1, 1, hsetnx),
    ("hget", 3, "readonly fast", 1, 1, 1, hget),
    ("hmget", -3, "readonly fast", 1, 1, 1, hmget),
    ("hdel", -3, "write fast", 1, 1, 1, hdel),
    ("hlen", 2, "readonly fast", 1, 1, 1, hlen),
    ("hexists", 3, "readonly fast", 1, 1, 1, hexists),
    ("hstrlen", 3, "readonly fast", 1, 1, 1, hstrlen),
    ("hgetall", 2, "readonly", 1, 1, 1, hgetall),
    ("hkeys", 2, "readonly", 1, 1, 1, hkeys),
    ("hvals", 2, "readonly", 1, 1, 1, hvals),
    ("hincrby", 4, "write denyoom fast", 1, 1, 1, hincrby),
    ("hincrbyfloat", 4, "write denyoom fast", 1, 1, 1, hincrbyfloat),
    ("hrandfield", -2, "readonly", 1, 1, 1, hrandfield),
)
