"""SCAN and its kin, whose cursors are numbers, and the original system's ordered scans, whose cursors are keys."""

from .glob import matches
from .keys import matching
from .layout import HASH, KIND_NAMES, PREFIX_BYTES, SET, SORTED_SET, key_rest, member_rest, unpack_score
from .numbers import double_text, integer
from .replies import SYNTAX, Pairs, Refusal

_COUNT = 10
_COUNT_MAX = 20_000
# Members of a collection no larger are told at once.
_AT_ONCE = 128
U64_MAX = (1 << 64) - 1


def scan(db, words):
    position = _position(db, words[1], b"")
    count, pattern, kind = _options(words[2:], True, db.limits.walk_max // 2)
    found = []
    following = None
    for header in db.headers(position):
        if not count:
            following = header.row[PREFIX_BYTES:]
            break
        count -= 1
        is_match = pattern is None or matches(pattern, header.key, db.step)
        if is_match and (kind is None or KIND_NAMES[header.kind] == kind):
            found.append(header.key)
    return [_cursor(db, b"", following), found]


def _scan_of(kind):
    def scan_members(db, words):
        number = _number(words[2])
        header = db.find(words[1], kind)
        if header is None:
            return [b"0", []]
        position = _known(db, number, header.row)
        count, pattern, _ = _options(words[3:], False, db.limits.walk_max // 2)
        if header.count <= _AT_ONCE:
            count = header.count
        found = []
        following = None
        for member, value in db.kept(db.each_member(header, position)):
            if not count:
                following = member_rest(member)
                break
            count -= 1
            if pattern is None or matches(pattern, member, db.step):
                found.append(member)
                if kind != SET:
                    found.append(value if kind == HASH else double_text(unpack_score(value)))
        return [_cursor(db, header.row, following), found]

    return scan_members


def _number(text):
    try:
        number = int(text)
        if b"%d" % number == text and 0 <= number <= U64_MAX:
            return number
    except ValueError:
        pass
    raise Refusal(b"ERR invalid cursor")


def _position(db, text, key):
    return _known(db, _number(text), key)


def _known(db, number, key):
    # One that was forgotten starts again: so nothing is left out.
    of, position = db.scans.get(number, (key, b""))
    return position if of == key else b""


def _cursor(db, key, following):
    if following is None:
        return b"0"
    if len(db.scans) >= db.limits.scans_max:
        del db.scans[next(iter(db.scans))]
    db.last_scan += 1
    db.scans[db.last_scan] = (key, following)
    return b"%d" % db.last_scan


def _options(words, has_type, most):
    count, pattern, kind = _COUNT, None, None
    at = 0
    while at < len(words):
        name = words[at].upper()
        if at + 1 == len(words):
            raise Refusal(SYNTAX)
        if name == b"COUNT":
            count = min(integer(words[at + 1]), _COUNT_MAX, most)
            if count < 1:
                raise Refusal(SYNTAX)
        elif name == b"MATCH":
            pattern = words[at + 1]
        elif name == b"TYPE" and has_type:
            kind = words[at + 1].lower()
        else:
            raise Refusal(SYNTAX)
        at += 2
    return count, pattern, kind


def _ordered(words, begin_at, reverse):
    # begin match count inclusive [type]
    begin, pattern = words[begin_at], words[begin_at + 1] or b"*"
    count = integer(words[begin_at + 2])
    inclusive = words[begin_at + 3]
    if count < 0 or inclusive not in (b"0", b"1"):
        raise Refusal(SYNTAX)
    return begin, pattern, count, inclusive == b"1", reverse


def _keys_from(reverse):
    def keys_from(db, words):
        begin, pattern, count, inclusive, _ = _ordered(words, 1, reverse)
        if len(words) > 6:
            raise Refusal(SYNTAX)
        kind = words[5].lower() if len(words) == 6 else b""
        if kind and kind not in KIND_NAMES:
            raise Refusal(b"ERR unknown type name")
        found = []
        for header in matching(db, pattern, key_rest(begin)[0], reverse):
            if len(found) == count:
                break
            if (header.key == begin and not inclusive and begin) or (kind and KIND_NAMES[header.kind] != kind):
                continue
            found.append(header.key)
        return found

    return keys_from


def _members_from(kind, reverse):
    def members_from(db, words):
        begin, pattern, count, inclusive, _ = _ordered(words, 2, reverse)
        header = db.find(words[1], kind)
        found = []
        if header is None:
            return found if kind == SET else Pairs(found)
        for member, value in db.each_member(header, member_rest(begin), reverse):
            if len(found) == count:
                break
            if (member == begin and not inclusive and begin) or not matches(pattern, member, db.step):
                continue
            found.append(member if kind == SET else (member, value if kind == HASH else unpack_score(value)))
        return found if kind == SET else Pairs(found)

    return members_from


COMMANDS = (
    ("scan", -2, "readonly", 0, 0, 0, scan),
    ("hscan", -3, "readonly", 1, 1, 1, _scan_of(HASH)),
    ("sscan", -3, "readonly", 1, 1, 1, _scan_of(SET)),
    ("zscan", -3, "readonly", 1, 1, 1, _scan_of(SORTED_SET)),
    ("leither.scan", -5, "readonly", 0, 0, 0, _keys_from(False)),
    ("leither.revscan", -5, "readonly", 0, 0, 0, _keys_from(True)),
    ("leither.hscan", 6, "readonly", 1, 1, 1, _members_from(HASH, False)),
    ("leither.hrevscan", 6, "readonly", 1, 1, 1, _members_from(HASH, True)),
    ("leither.sscan", 6, "readonly", 1, 1, 1, _members_from(SET, False)),
    ("leither.srevscan", 6, "readonly", 1, 1, 1, _members_from(SET, True)),
    ("leither.zscan", 6, "readonly", 1, 1, 1, _members_from(SORTED_SET, False)),
    ("leither.zrevscan", 6, "readonly", 1, 1, 1, _members_from(SORTED_SET, True)),
)
