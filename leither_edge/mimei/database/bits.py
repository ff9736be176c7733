"""Strings as rows of bits, the highest of a byte first."""

from .layout import STRING
from .numbers import integer
from .replies import NOT_INTEGER, SYNTAX, Refusal

_NOT_OFFSET = b"ERR bit offset is not an integer or out of range"
_NOT_BIT = b"ERR bit is not an integer or out of range"
_NOT_TYPE = b"ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."


def _value(db, key):
    header = db.find(key, STRING)
    return b"" if header is None else header.value


def _offset(db, text, unit=0):
    if unit and text[:1] == b"#":
        offset = integer(text[1:], _NOT_OFFSET) * unit
    else:
        offset = integer(text, _NOT_OFFSET)
    if offset < 0 or offset >> 3 >= db.limits.value_max_bytes:
        raise Refusal(_NOT_OFFSET)
    return offset


def setbit(db, words):
    offset = _offset(db, words[2])
    bit = integer(words[3], _NOT_BIT)
    if bit not in (0, 1):
        raise Refusal(_NOT_BIT)
    header = db.need(words[1], STRING)
    db.require(max(len(header.value), offset >> 3), 1)
    value = bytearray(header.value.ljust((offset >> 3) + 1, b"\0"))
    mask = 0x80 >> (offset & 7)
    old = int(bool(value[offset >> 3] & mask))
    value[offset >> 3] = value[offset >> 3] | mask if bit else value[offset >> 3] & ~mask
    header.value = bytes(value)
    db.save(header)
    return old


def getbit(db, words):
    offset = _offset(db, words[2])
    value = _value(db, words[1])
    return int(offset >> 3 < len(value) and bool(value[offset >> 3] & 0x80 >> (offset & 7)))


def _range(words, at, length, is_count):
    # (first bit, bit after the last) of [start [end [BYTE|BIT]]]
    if len(words) > at + 3:
        raise Refusal(SYNTAX)
    start = integer(words[at]) if len(words) > at else 0
    # BITCOUNT looks at both numbers before the unit, BITPOS at the second one after it.
    if is_count and len(words) > at + 1:
        stop = integer(words[at + 1])
        if start < 0 and start > stop:
            return 0, 0
    unit = 8
    if len(words) > at + 2:
        name = words[at + 2].upper()
        if name not in (b"BIT", b"BYTE"):
            raise Refusal(SYNTAX)
        unit = 1 if name == b"BIT" else 8
    total = length * 8 // unit
    stop = integer(words[at + 1]) if len(words) > at + 1 else -1
    start = max(0, start + total if start < 0 else start)
    stop = max(0, stop + total if stop < 0 else stop)
    return start * unit, min(total, stop + 1) * unit


def _cut(value, start, stop):
    # The bits from start to before stop, as a number.
    number = int.from_bytes(value[start >> 3 : (stop + 7) >> 3], "big") >> (-stop & 7)
    return number & (1 << stop - start) - 1


def bitcount(db, words):
    header = db.find(words[1], STRING)
    if header is None:
        return 0
    value = header.value
    if len(words) == 3 or len(words) > 5:
        raise Refusal(SYNTAX)
    start, stop = _range(words, 2, len(value), True)
    return _cut(value, start, stop).bit_count() if start < stop else 0


def bitpos(db, words):
    bit = integer(words[2])
    if bit not in (0, 1):
        raise Refusal(b"ERR The bit argument must be 1 or 0.")
    header = db.find(words[1], STRING)
    if header is None:
        return -1 if bit else 0
    start, stop = _range(words, 3, len(header.value), False)
    if start >= stop:
        return -1
    width = stop - start
    number = _cut(header.value, start, stop)
    if not bit:
        number ^= (1 << width) - 1
    if number:
        return stop - number.bit_length()
    # A string ends in zeros without end, unless the end was given.
    return -1 if bit or len(words) > 4 else stop


def bitop(db, words):
    name = words[1].upper()
    if name not in (b"AND", b"OR", b"XOR", b"NOT"):
        raise Refusal(SYNTAX)
    if name == b"NOT" and len(words) != 4:
        raise Refusal(b"ERR BITOP NOT must be called with a single source key.")
    values = [_value(db, key) for key in words[3:]]
    length = max(map(len, values))
    db.require(length, 1)
    first, *others = [int.from_bytes(value.ljust(length, b"\0"), "big") for value in values]
    if name == b"NOT":
        first ^= (1 << 8 * length) - 1
    for other in others:
        first = first & other if name == b"AND" else first | other if name == b"OR" else first ^ other
    header = db.peek(words[2])
    if header is not None and (not length or header.kind != STRING):
        db.remove(header)
        header = None
    if length:
        header = header or db.make(words[2], STRING)
        header.value = first.to_bytes(length, "big")
        header.due = 0
        db.save(header)
    return length


def _parse(db, words):
    # [(name, is signed, bits, offset, number, overflow)]
    steps = []
    overflow = b"WRAP"
    at = 2
    while at < len(words):
        name = words[at].upper()
        left = len(words) - at - 1
        if name == b"OVERFLOW" and left >= 1:
            overflow = words[at + 1].upper()
            if overflow not in (b"WRAP", b"SAT", b"FAIL"):
                raise Refusal(b"ERR Invalid OVERFLOW type specified")
            at += 2
            continue
        size = {b"GET": 2, b"SET": 3, b"INCRBY": 3}.get(name, left + 1)
        if size > left:
            raise Refusal(SYNTAX)
        kind, text = words[at + 1][:1], words[at + 1][1:]
        bits = integer(text, _NOT_TYPE)
        if kind not in (b"i", b"u") or not 1 <= bits <= 63 + (kind == b"i"):
            raise Refusal(_NOT_TYPE)
        offset = _offset(db, words[at + 2], bits)
        number = integer(words[at + 3], NOT_INTEGER) if size == 3 else 0
        steps.append((name, kind == b"i", bits, offset, number, overflow))
        at += size + 1
    return steps


def bitfield(db, words):
    steps = _parse(db, words)
    writes = [step for step in steps if step[0] != b"GET"]
    if writes and words[0].lower() == b"bitfield_ro":
        raise Refusal(b"ERR BITFIELD_RO only supports the GET subcommand")
    if not writes:
        value = _value(db, words[1])
        return [_field(value, *step[1:4]) for step in steps]
    header = db.need(words[1], STRING)
    end = max(step[3] + step[2] + 7 >> 3 for step in writes)
    db.string_fits(end)
    db.require(max(len(header.value), end), 1)
    value = bytearray(header.value.ljust(end, b"\0"))
    answers = [_change(value, *step) for step in steps]
    header.value = bytes(value)
    db.save(header)
    return answers


def _field(value, is_signed, bits, offset):
    first, end = offset >> 3, offset + bits + 7 >> 3
    number = int.from_bytes(value[first:end].ljust(end - first, b"\0"), "big") >> (-(offset + bits) & 7) & (1 << bits) - 1
    return number - (1 << bits) if is_signed and number >> bits - 1 else number


def _change(value, name, is_signed, bits, offset, number, overflow):
    old = _field(value, is_signed, bits, offset)
    if name == b"GET":
        return old
    if name == b"INCRBY":
        number += old
    elif not is_signed:
        number &= (1 << 64) - 1
    low, high = (-1 << bits - 1, (1 << bits - 1) - 1) if is_signed else (0, (1 << bits) - 1)
    if not low <= number <= high:
        if overflow == b"FAIL":
            return None
        if overflow == b"SAT":
            # What is so far below that C's subtraction overflows, a SET of Redis takes for the highest.
            number = high if number > high or (name == b"SET" and number < high - (1 << 63) + 1) else low
        else:
            number = (number - low) % (1 << bits) + low
    first, end = offset >> 3, offset + bits + 7 >> 3
    shift = -(offset + bits) & 7
    mask = (1 << bits) - 1 << shift
    whole = int.from_bytes(value[first:end], "big") & ~mask | (number << shift) & mask
    value[first:end] = whole.to_bytes(end - first, "big")
    return number if name == b"INCRBY" else old


COMMANDS = (
    ("setbit", 4, "write denyoom", 1, 1, 1, setbit),
    ("getbit", 3, "readonly fast", 1, 1, 1, getbit),
    ("bitcount", -2, "readonly", 1, 1, 1, bitcount),
    ("bitpos", -3, "readonly", 1, 1, 1, bitpos),
    ("bitop", -4, "write denyoom", 2, -1, 1, bitop),
    ("bitfield", -2, "write denyoom", 1, 1, 1, bitfield),
    ("bitfield_ro", -2, "readonly fast", 1, 1, 1, bitfield),
)
