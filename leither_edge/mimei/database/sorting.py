"""SORT, and the longest common subsequence of two strings."""

from . import lists
from .layout import HASH, LIST, SET, SORTED_SET, STRING
from .numbers import double, integer
from .replies import SYNTAX, WRONG_TYPE, Refusal

_NOT_SCORE = b"ERR One or more scores can't be converted into double"
# Cells of the table that LCS fills: some seconds on a board.
_CELLS_MAX = 1 << 20


def sort(db, words):
    by, limit, gets, descending, alpha, target = None, None, [], False, False, None
    at = 2
    while at < len(words):
        word = words[at].upper()
        left = len(words) - at - 1
        if word in (b"ASC", b"DESC"):
            descending = word == b"DESC"
        elif word == b"ALPHA":
            alpha = True
        elif word == b"LIMIT" and left >= 2:
            limit = integer(words[at + 1]), integer(words[at + 2])
            at += 2
        elif word == b"STORE" and left and words[0].lower() == b"sort":
            target = words[at + 1]
            at += 1
        elif word == b"BY" and left:
            by = words[at + 1]
            at += 1
        elif word == b"GET" and left:
            gets.append(words[at + 1])
            at += 1
        else:
            raise Refusal(SYNTAX)
        at += 1
    elements = _elements(db, words[1])
    if by is None or b"*" in by:
        elements.sort(key=_key(db, by, alpha), reverse=descending)
    elif descending:
        elements.reverse()
    if limit is not None:
        start = max(0, limit[0])
        elements = elements[start : None if limit[1] < 0 else start + limit[1]]
    found = [_looked_up(db, pattern, element) for element in elements for pattern in gets or (b"#",)]
    return found if target is None else _store(db, target, [value or b"" for value in found])


def _elements(db, key):
    header = db.peek(key)
    if header is None:
        return []
    if header.kind == LIST:
        return list(db.kept(lists.between(db, header, 0, header.count)))
    if header.kind == SORTED_SET:
        return [member for member, _ in db.kept(db.each_score(header))]
    if header.kind != SET:
        raise Refusal(WRONG_TYPE)
    return [member for member, _ in db.kept(db.each_member(header))]


def _key(db, by, alpha):
    def key(element):
        weight = element if by is None else _looked_up(db, by, element)
        # As far as C reads a string.
        weight = (weight or b"").partition(b"\0")[0]
        if alpha:
            return weight
        # Of equal weight, the elements themselves decide.
        return double(weight.lstrip(), _NOT_SCORE) if weight else 0.0, element

    return key


def _looked_up(db, pattern, element):
    # What the key has of which the pattern is the name: with the element for *, and a field after ->
    if pattern == b"#":
        return element
    before, star, after = pattern.partition(b"*")
    if not star:
        return None
    name, arrow, field = after.partition(b"->")
    if arrow and field:
        header = db.peek(before + element + name)
        return db.member(header, field) if header is not None and header.kind == HASH else None
    header = db.peek(before + element + after)
    return header.value if header is not None and header.kind == STRING else None


def _store(db, key, values):
    db.require(sum(map(len, values)), len(values) + 1)
    old = db.peek(key)
    if old is not None:
        db.remove(old)
    if values:
        header = db.make(key, LIST)
        lists.add(db, header, values, lists.RIGHT)
        db.save(header)
    return len(values)


def lcs(db, words):
    with_length = with_places = with_lengths = False
    shortest = 0
    headers = [db.peek(key) for key in words[1:3]]
    if any(header is not None and header.kind != STRING for header in headers):
        raise Refusal(b"ERR The specified keys must contain string values")
    at = 3
    while at < len(words):
        word = words[at].upper()
        if word == b"IDX":
            with_places = True
        elif word == b"LEN":
            with_length = True
        elif word == b"WITHMATCHLEN":
            with_lengths = True
        elif word == b"MINMATCHLEN" and at + 1 < len(words):
            shortest = max(0, integer(words[at + 1]))
            at += 1
        else:
            raise Refusal(SYNTAX)
        at += 1
    if with_length and with_places:
        raise Refusal(b"ERR If you want both the length and indexes, please just use IDX.")
    a, b = (b"" if header is None else header.value for header in headers)
    if len(a) * len(b) > _CELLS_MAX:
        raise Refusal(b"ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
    rows = _table(a, b)
    if with_length:
        return rows[len(a)][len(b)]
    common, places = _walk(rows, a, b)
    if not with_places:
        return common
    matches = [
        [[a_end - length + 1, a_end], [b_end - length + 1, b_end], *([length] if with_lengths else [])]
        for a_end, b_end, length in places
        if length >= shortest
    ]
    return {b"matches": matches, b"len": rows[len(a)][len(b)]}


def _table(a, b):
    rows = [[0] * (len(b) + 1)]
    for x in a:
        above = rows[-1]
        row = [0]
        for at, y in enumerate(b):
            row.append(above[at] + 1 if x == y else max(above[at + 1], row[at]))
        rows.append(row)
    return rows


def _walk(rows, a, b):
    # From the ends back: (the subsequence, [(end in a, end in b, length) of each run that both have])
    i, j = len(a), len(b)
    common, places = bytearray(), []
    run = 0
    while i and j:
        if a[i - 1] == b[j - 1]:
            common.append(a[i - 1])
            run += 1
            i -= 1
            j -= 1
            if not (i and j and a[i - 1] == b[j - 1]):
                places.append((i + run - 1, j + run - 1, run))
                run = 0
        elif rows[i - 1][j] > rows[i][j - 1]:
            i -= 1
        else:
            j -= 1
    common.reverse()
    return bytes(common), places


COMMANDS = (
    ("sort", -2, "write denyoom movablekeys", 1, 1, 1, sort),
    ("sort_ro", -2, "readonly movablekeys", 1, 1, 1, sort),
    ("lcs", -3, "readonly", 1, 2, 1, lcs),
)
