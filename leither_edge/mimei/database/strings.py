"""Strings and counters."""

from .ending import absolute, option_of
from .layout import ENDS, KIND_MASK, STRING
from .numbers import I64_MAX, I64_MIN, add_long_doubles, integer
from .replies import OK, OVERFLOW, SYNTAX, WRONG_TYPE, Refusal

_PLAIN = bytes((STRING,))


def get(db, words):
    key = words[1]
    if len(key) <= 120 and b"\0" not in key:
        # Most keys: no header object for them.
        packed = db.get(db.heads + key)
        if packed is None:
            return None
        flags = packed[0]
        if flags == STRING:
            return packed[1:]
        if flags & ENDS == 0:
            if flags & KIND_MASK != STRING:
                raise Refusal(WRONG_TYPE)
    header = db.find(key, STRING)
    return None if header is None else header.value


def set_(db, words):
    key, value = words[1], words[2]
    db.string_fits(len(value))
    if len(words) == 3 and len(key) <= 120 and b"\0" not in key:
        row = db.heads + key
        packed = db.get(row)
        if packed is None or packed[0] == STRING:
            db.store(row, _PLAIN + value)
            if packed is None:
                db.state.keys += 1
            if db.watched:
                db.touch(row)
            return OK
    when = keep = has_get = False
    condition = None
    at = 3
    while at < len(words):
        option = words[at].upper()
        if option in (b"NX", b"XX") and condition in (None, option):
            condition = option
        elif option == b"GET":
            has_get = True
        elif option == b"KEEPTTL" and not when:
            keep = True
        elif option in (b"EX", b"PX", b"EXAT", b"PXAT") and not when and not keep and at + 1 < len(words):
            when = option, words[at + 1]
            at += 1
        else:
            raise Refusal(SYNTAX)
        at += 1
    due = absolute(db, *when, b"set") if when else 0
    header = db.find(key, STRING) if has_get else db.peek(key)
    old = header.value if has_get and header is not None else None
    if condition is not None and (condition == b"XX") != (header is not None):
        return old
    if keep and header is not None:
        due = header.due
    put(db, key, header, value, due)
    return old if has_get else OK


def put(db, key, header, value, due=0):
    """Make a key a string, whatever it was. header: of the key as it is, or None."""
    if header is None or header.kind != STRING:
        if header is not None:
            db.remove(header)
        header = db.make(key, STRING)
    header.value = value
    header.due = due
    db.save(header)


def setnx(db, words):
    db.string_fits(len(words[2]))
    if db.peek(words[1]) is not None:
        return 0
    put(db, words[1], None, words[2])
    return 1


def setex(db, words):
    db.string_fits(len(words[3]))
    name = words[0].lower()
    due = absolute(db, b"PX" if name == b"psetex" else b"EX", words[2], name)
    put(db, words[1], db.peek(words[1]), words[3], due)
    return OK


def getset(db, words):
    db.string_fits(len(words[2]))
    header = db.find(words[1], STRING)
    old = None if header is None else header.value
    put(db, words[1], header, words[2])
    return old


def getdel(db, words):
    header = db.find(words[1], STRING)
    if header is None:
        return None
    old = header.value
    db.remove(header)
    return old


def getex(db, words):
    option = option_of(words, 2)
    header = db.find(words[1], STRING)
    if header is None or option is None:
        return None if header is None else header.value
    due = 0 if option[0] == b"PERSIST" else absolute(db, *option, b"getex")
    value = header.value
    if due and due <= db.now_ms:
        db.remove(header)
    else:
        header.due = due
        db.save(header)
    return value


def mget(db, words):
    headers = (db.peek(key) for key in words[1:])
    return list(db.kept(header.value if header is not None and header.kind == STRING else None for header in headers))


def mset(db, words):
    _pairs_fit(db, words, b"mset")
    for at in range(1, len(words), 2):
        put(db, words[at], db.peek(words[at]), words[at + 1])
    return OK


def msetnx(db, words):
    _pairs_fit(db, words, b"msetnx")
    if any(db.peek(key) is not None for key in words[1::2]):
        return 0
    for at in range(1, len(words), 2):
        put(db, words[at], db.peek(words[at]), words[at + 1])
    return 1


def _pairs_fit(db, words, name):
    if not len(words) % 2:
        raise Refusal(b"ERR wrong number of arguments for '%s' command" % name)
    for value in words[2::2]:
        db.string_fits(len(value))


def append(db, words):
    header = db.need(words[1], STRING)
    db.string_fits(len(header.value) + len(words[2]))
    db.require(len(header.value), 1)
    header.value += words[2]
    db.save(header)
    return len(header.value)


def strlen(db, words):
    header = db.find(words[1], STRING)
    return 0 if header is None else len(header.value)


def setrange(db, words):
    offset = integer(words[2])
    if offset < 0:
        raise Refusal(b"ERR offset is out of range")
    patch = words[3]
    header = db.find(words[1], STRING)
    if not patch:
        return 0 if header is None else len(header.value)
    db.string_fits(offset + len(patch))
    header = header or db.make(words[1], STRING)
    old = header.value
    db.require(max(len(old), offset), 1)
    header.value = old[:offset].ljust(offset, b"\0") + patch + old[offset + len(patch) :]
    db.save(header)
    return len(header.value)


def getrange(db, words):
    start, stop = integer(words[2]), integer(words[3])
    header = db.find(words[1], STRING)
    value = b"" if header is None else header.value
    length = len(value)
    if start < 0 and stop < 0 and start > stop:
        return b""
    start = max(0, start + length if start < 0 else start)
    stop = max(0, stop + length if stop < 0 else stop)
    return value[start : stop + 1] if start <= stop else b""


def incr(db, words):
    return _add(db, words[1], 1)


def decr(db, words):
    return _add(db, words[1], -1)


def incrby(db, words):
    return _add(db, words[1], integer(words[2]))


def decrby(db, words):
    number = integer(words[2])
    if number == I64_MIN:
        raise Refusal(b"ERR decrement would overflow")
    return _add(db, words[1], -number)


def _add(db, key, number):
    header = db.need(key, STRING)
    total = number + (integer(header.value) if header.packed else 0)
    if not I64_MIN <= total <= I64_MAX:
        raise Refusal(OVERFLOW)
    header.value = b"%d" % total
    db.save(header)
    return total


def incrbyfloat(db, words):
    header = db.need(words[1], STRING)
    try:
        total = add_long_doubles(header.value if header.packed else b"0", words[2])
    except ArithmeticError:
        raise Refusal(b"ERR increment would produce NaN or Infinity") from None
    header.value = total
    db.save(header)
    return total


COMMANDS = (
    ("get", 2, "readonly fast", 1, 1, 1, get),
    ("set", -3, "write denyoom", 1, 1, 1, set_),
    ("setnx", 3, "write denyoom fast", 1, 1, 1, setnx),
    ("setex", 4, "write denyoom", 1, 1, 1, setex),
    ("psetex", 4, "write denyoom", 1, 1, 1, setex),
    ("getset", 3, "write denyoom fast", 1, 1, 1, getset),
    ("getdel", 2, "write fast", 1, 1, 1, getdel),
    ("getex", -2, "write fast", 1, 1, 1, getex),
    ("mget", -2, "readonly fast", 1, -1, 1, mget),
    ("mset", -3, "write denyoom", 1, -1, 2, mset),
    ("msetnx", -3, "write denyoom", 1, -1, 2, msetnx),
    ("append", 3, "write denyoom fast", 1, 1, 1, append),
    ("strlen", 2, "readonly fast", 1, 1, 1, strlen),
    ("setrange", 4, "write denyoom", 1, 1, 1, setrange),
    ("getrange", 4, "readonly", 1, 1, 1, getrange),
    ("substr", 4, "readonly", 1, 1, 1, getrange),
    ("incr", 2, "write denyoom fast", 1, 1, 1, incr),
    ("decr", 2, "write denyoom fast", 1, 1, 1, decr),
    ("incrby", 3, "write denyoom fast", 1, 1, 1, incrby),
    ("decrby", 3, "write denyoom fast", 1, 1, 1, decrby),
    ("incrbyfloat", 3, "write denyoom fast", 1, 1, 1, incrbyfloat),
)
