"""Lists: elements at places without gaps, so that one at an index is found at once. A change in the middle moves the shorter side."""

from .layout import DATA, LIST, pack_u64
from .numbers import I64_MIN, how_many, integer
from .replies import NO_ARRAY, NO_SUCH_KEY, NOT_INTEGER, OK, SYNTAX, Refusal

LEFT, RIGHT = b"LEFT", b"RIGHT"


def _row(db, header, index):
    return db.elements + header.part + pack_u64(header.first + index)


def at(db, header, index):
    """Return the element at an index from 0."""
    return db.get(_row(db, header, index))


def between(db, header, start, stop):
    """Yield the elements from index start to before stop."""
    if start < stop:
        for _, value in db.tx.scan(DATA, _row(db, header, start), limit=stop - start):
            yield value
            db.step()


def add(db, header, values, side):
    """Put values at a side, one after the other; the caller saves the header."""
    for value in values:
        if side == LEFT:
            header.first -= 1
            db.derive(_row(db, header, 0), value)
        else:
            db.derive(_row(db, header, header.count), value)
        header.count += 1


def take(db, header, side, count):
    """Take elements from a side, at most count; return them as they came. The header is saved."""
    taken = []
    for _ in range(min(count, header.count)):
        row = _row(db, header, 0 if side == LEFT else header.count - 1)
        taken.append(db.get(row))
        db.underive(row)
        header.count -= 1
        if side == LEFT:
            header.first += 1
    if taken:
        db.save(header)
    return taken


def _replace(db, header, start, stop, values):
    # Elements start to stop become these values, which are not longer than a list may be; the shorter side moves.
    shift = len(values) - (stop - start)
    if shift and start < header.count - stop:
        moved = list(db.kept(between(db, header, 0, start)))
        old_first, values, low = header.first, moved + values, 0
        header.first -= shift
        header.count += shift
        for place in range(old_first, header.first):
            db.underive(db.elements + header.part + pack_u64(place))
    else:
        values = values + (list(db.kept(between(db, header, stop, header.count))) if shift else [])
        low = start
        for index in range(header.count + shift, header.count):
            db.underive(_row(db, header, index))
        header.count += shift
    for offset, value in enumerate(values):
        db.derive(_row(db, header, low + offset), value)
    db.save(header)


def _push(side, only_there):
    def push(db, words):
        for value in words[2:]:
            db.string_fits(len(value))
        header = db.find(words[1], LIST)
        if header is None:
            if only_there:
                return 0
            header = db.make(words[1], LIST)
        add(db, header, words[2:], side)
        db.save(header)
        return header.count

    return push


def _pop(side):
    def pop(db, words):
        if len(words) > 3:
            raise Refusal(b"ERR wrong number of arguments for '%s' command" % words[0].lower())
        count = how_many(words)
        header = db.find(words[1], LIST)
        if header is None:
            return None if count is None else NO_ARRAY
        taken = take(db, header, side, 1 if count is None else count)
        return taken[0] if count is None else taken

    return pop


def llen(db, words):
    header = db.find(words[1], LIST)
    return 0 if header is None else header.count


def lindex(db, words):
    header = db.find(words[1], LIST)
    if header is None:
        return None
    index = integer(words[2])
    index += header.count if index < 0 else 0
    return at(db, header, index) if 0 <= index < header.count else None


def bounds(start, stop, count):
    """Return (start, stop) of a range with negative numbers from the end and stop included, as a half-open one."""
    start = max(0, start + count if start < 0 else start)
    stop = min(count, (stop + count if stop < 0 else stop) + 1)
    return start, max(start, stop)


def lrange(db, words):
    start, stop = integer(words[2]), integer(words[3])
    header = db.find(words[1], LIST)
    return [] if header is None else list(db.kept(between(db, header, *bounds(start, stop, header.count))))


def lset(db, words):
    db.string_fits(len(words[3]))
    header = db.find(words[1], LIST)
    if header is None:
        raise Refusal(NO_SUCH_KEY)
    index = integer(words[2])
    index += header.count if index < 0 else 0
    if not 0 <= index < header.count:
        raise Refusal(b"ERR index out of range")
    db.derive(_row(db, header, index), words[3])
    db.save(header)
    return OK


def linsert(db, words):
    where = words[2].upper()
    if where not in (b"BEFORE", b"AFTER"):
        raise Refusal(SYNTAX)
    db.string_fits(len(words[4]))
    header = db.find(words[1], LIST)
    if header is None:
        return 0
    for index, value in enumerate(between(db, header, 0, header.count)):
        if value == words[3]:
            index += where == b"AFTER"
            _replace(db, header, index, index, [words[4]])
            return header.count
    return -1


def lrem(db, words):
    count = integer(words[2])
    header = db.find(words[1], LIST)
    if header is None:
        return 0
    found = [index for index, value in enumerate(between(db, header, 0, header.count)) if value == words[3]]
    found = found[count:] if count < 0 else found[: count or None]
    if found:
        gone = set(found)
        start, stop = found[0], found[-1] + 1
        kept = [value for index, value in enumerate(between(db, header, start, stop), start) if index not in gone]
        _replace(db, header, start, stop, kept)
    return len(found)


def ltrim(db, words):
    start, stop = integer(words[2]), integer(words[3])
    header = db.find(words[1], LIST)
    if header is None:
        return OK
    start, stop = bounds(start, stop, header.count)
    if start >= stop:
        db.remove(header)
        return OK
    rows = [_row(db, header, index) for part in (range(start), range(stop, header.count)) for index in part]
    if rows:
        for row in rows:
            db.underive(row)
        header.first += start
        header.count = stop - start
        db.save(header)
    return OK


def lpos(db, words):
    rank, count, most = 1, None, 0
    for place in range(3, len(words), 2):
        if place + 1 == len(words):
            raise Refusal(SYNTAX)
        name, text = words[place].upper(), words[place + 1]
        if name == b"RANK":
            rank = integer(text)
            if not rank:
                raise Refusal(
                    b"ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from "
                    b"the end of the list"
                )
            if rank == I64_MIN:
                raise Refusal(b"ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
        elif name == b"COUNT":
            count = _positive(text, b"ERR COUNT can't be negative")
        elif name == b"MAXLEN":
            most = _positive(text, b"ERR MAXLEN can't be negative")
        else:
            raise Refusal(SYNTAX)
    header = db.find(words[1], LIST)
    if header is None:
        return None if count is None else []
    found = []
    skip = abs(rank) - 1
    values = list(db.kept(between(db, header, 0, header.count)))
    indexes = range(header.count) if rank > 0 else range(header.count - 1, -1, -1)
    for index in indexes[: most or None]:
        if values[index] == words[2]:
            if skip:
                skip -= 1
                continue
            if count is None:
                return index
            found.append(index)
            if len(found) == count:
                break
    return None if count is None else found


def _positive(text, error):
    number = integer(text, NOT_INTEGER)
    if number < 0:
        raise Refusal(error)
    return number


def lmove(db, words):
    if words[0].lower() == b"lmove":
        source, target = words[3].upper(), words[4].upper()
        if source not in (LEFT, RIGHT) or target not in (LEFT, RIGHT):
            raise Refusal(SYNTAX)
    else:
        source, target = RIGHT, LEFT
    header = db.find(words[1], LIST)
    if header is None:
        return None
    other = header if words[1] == words[2] else db.need(words[2], LIST)
    value = at(db, header, 0 if source == LEFT else header.count - 1)
    if other is header and header.count == 1:
        return value
    db.require(len(value), 2)
    take(db, header, source, 1)
    add(db, other, [value], target)
    db.save(other)
    return value


def lmpop(db, words):
    names, side, count = several(words, (LEFT, RIGHT))
    for key in names:
        header = db.find(key, LIST)
        if header is not None:
            return [key, take(db, header, side, count)]
    return NO_ARRAY


def several(words, sides):
    """Return (keys, side, count) of a command that pops from the first of several. Raises Refusal."""
    number = integer(words[1], b"ERR numkeys should be greater than 0")
    if number < 1:
        raise Refusal(b"ERR numkeys should be greater than 0")
    end = 2 + number
    side = words[end].upper() if end < len(words) else b""
    if side not in sides:
        raise Refusal(SYNTAX)
    count = 1
    rest = words[end + 1 :]
    if rest:
        if len(rest) != 2 or rest[0].upper() != b"COUNT":
            raise Refusal(SYNTAX)
        count = integer(rest[1], b"ERR count should be greater than 0")
        if count < 1:
            raise Refusal(b"ERR count should be greater than 0")
    return words[2:end], side, count


COMMANDS = (
    ("lpush", -3, "write denyoom fast", 1, 1, 1, _push(LEFT, False)),
    ("rpush", -3, "write denyoom fast", 1, 1, 1, _push(RIGHT, False)),
    ("lpushx", -3, "write denyoom fast", 1, 1, 1, _push(LEFT, True)),
    ("rpushx", -3, "write denyoom fast", 1, 1, 1, _push(RIGHT, True)),
    ("lpop", -2, "write fast", 1, 1, 1, _pop(LEFT)),
    ("rpop", -2, "write fast", 1, 1, 1, _pop(RIGHT)),
    ("llen", 2, "readonly fast", 1, 1, 1, llen),
    ("lindex", 3, "readonly", 1, 1, 1, lindex),
    ("lrange", 4, "readonly", 1, 1, 1, lrange),
    ("lset", 4, "write denyoom", 1, 1, 1, lset),
    ("linsert", 5, "write denyoom", 1, 1, 1, linsert),
    ("lrem", 4, "write", 1, 1, 1, lrem),
    ("ltrim", 4, "write", 1, 1, 1, ltrim),
    ("lpos", -3, "readonly", 1, 1, 1, lpos),
    ("lmove", 5, "write denyoom", 1, 2, 1, lmove),
    ("rpoplpush", 3, "write denyoom", 1, 2, 1, lmove),
    ("lmpop", -4, "write movablekeys", 0, 0, 0, lmpop),
)
