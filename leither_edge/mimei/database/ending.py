"""When keys end: EXPIRE and its kin, and clearing away what has ended."""

from .layout import DATA, PREFIX_BYTES, key_of_rest, unpack_u64_at
from .leftover import clear_some
from .numbers import I64_MAX, integer
from .replies import SYNTAX, Refusal
from .state import read_state, tidy, time_out

_UNITS = {b"EX": (1000, True), b"PX": (1, True), b"EXAT": (1000, False), b"PXAT": (1, False)}


# Rows of what is gone that are cleared away in the time of a key.
_ROWS_OF_KEY = 25


def absolute(db, unit, text, name):
    """Return when something ends, in ms. unit: EX, PX, EXAT or PXAT; name: the command's, for the error. Raises Refusal."""
    factor, is_relative = _UNITS[unit]
    number = integer(text)
    when = number * factor + (db.now_ms if is_relative else 0)
    if number <= 0 or when > I64_MAX:
        raise Refusal(b"ERR invalid expire time in '%s' command" % name)
    return when


def option_of(words, at):
    """Return (EX, PX, EXAT, PXAT or PERSIST, its number's text) from words[at] on, or None. Raises Refusal."""
    if len(words) == at:
        return None
    unit = words[at].upper()
    if unit == b"PERSIST" and len(words) == at + 1:
        return unit, None
    if unit in _UNITS and len(words) == at + 2:
        return unit, words[at + 1]
    raise Refusal(SYNTAX)


def _expire(unit):
    def expire(db, words):
        options = {word.upper() for word in words[3:]}
        for word in words[3:]:
            if word.upper() not in (b"NX", b"XX", b"GT", b"LT"):
                raise Refusal(b"ERR Unsupported option %s" % word.partition(b"\0")[0])
        if b"NX" in options and len(options) > 1:
            raise Refusal(b"ERR NX and XX, GT or LT options at the same time are not compatible")
        if options >= {b"GT", b"LT"}:
            raise Refusal(b"ERR GT and LT options at the same time are not compatible")
        factor, is_relative = _UNITS[unit]
        number = integer(words[2])
        when = number * factor + (db.now_ms if is_relative else 0)
        if not -I64_MAX - 1 <= when <= I64_MAX or not -I64_MAX - 1 <= number * factor <= I64_MAX:
            raise Refusal(b"ERR invalid expire time in '%s' command" % words[0].lower())
        header = db.peek(words[1])
        if header is None:
            return 0
        old = header.due
        if (
            (b"NX" in options and old)
            or (b"XX" in options and not old)
            or (b"GT" in options and (not old or when <= old))
            or (b"LT" in options and old and when >= old)
        ):
            return 0
        if when <= db.now_ms:
            db.remove(header)
        else:
            header.due = when
            db.save(header)
        return 1

    return expire


def persist(db, words):
    header = db.peek(words[1])
    if header is None or not header.due:
        return 0
    header.due = 0
    db.save(header)
    return 1


def _left(answer):
    def left(db, words):
        header = db.peek(words[1])
        if header is None:
            return -2
        return answer(header.due, db.now_ms) if header.due else -1

    return left


def ended_count(db):
    """Return how many keys have ended and were not cleared away yet."""
    count = 0
    for row in db.tx.keys(DATA, db.dues):
        if row[:PREFIX_BYTES] != db.dues or unpack_u64_at(row, PREFIX_BYTES)[0] > db.now_ms:
            break
        count += 1
    return count


def expire_some(db, limit=20):
    """Clear away keys that have ended, at most `limit`, and some of what is left over. Return whether there may be more.

    A transaction over its time ends, too.
    """
    if db.read_only:
        return False
    rows = []
    for row, value in db.tx.scan(DATA, db.dues, limit=limit):
        if row[:PREFIX_BYTES] != db.dues or unpack_u64_at(row, PREFIX_BYTES)[0] > db.now_ms:
            break
        rows.append(value or key_of_rest(row[PREFIX_BYTES + 8 :]))
    state = read_state(db.get(db.state_row))
    if state.deadline:
        if db.now_ms < state.deadline:
            return False
        time_out(db)
    db.enter()
    try:
        for key in rows:
            db.peek(key)
        more = clear_some(db, limit * _ROWS_OF_KEY)
    finally:
        db.leave()
    tidy(db)
    return more or len(rows) == limit


COMMANDS = (
    ("expire", -3, "write fast", 1, 1, 1, _expire(b"EX")),
    ("pexpire", -3, "write fast", 1, 1, 1, _expire(b"PX")),
    ("expireat", -3, "write fast", 1, 1, 1, _expire(b"EXAT")),
    ("pexpireat", -3, "write fast", 1, 1, 1, _expire(b"PXAT")),
    ("persist", 2, "write fast", 1, 1, 1, persist),
    ("ttl", 2, "readonly fast", 1, 1, 1, _left(lambda due, now: (due - now + 500) // 1000)),
    ("pttl", 2, "readonly fast", 1, 1, 1, _left(lambda due, now: due - now)),
    ("expiretime", 2, "readonly fast", 1, 1, 1, _left(lambda due, now: (due + 500) // 1000)),
    ("pexpiretime", 2, "readonly fast", 1, 1, 1, _left(lambda due, now: due)),
)
