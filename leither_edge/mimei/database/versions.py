"""What a version holds of a database: its canonical rows, in a tree; a list's elements in a sequence that its header refers to."""

from heapq import merge
from itertools import islice

from ..errors import BadBlock
from ..tree import read, sequence, walk
from ..tree.node import Reference
from . import leftover, ranks
from .layout import (
    CHANGED,
    CUT_KEY,
    DATA,
    ENDS,
    HASH,
    HEADER,
    KIND_MASK,
    KIND_NAMES,
    LIST,
    MEMBER,
    PREFIX_BYTES,
    SET,
    SORTED_SET,
    STRING,
    TAIL_BYTES,
    key_of_rest,
    member_rest,
    pack_score,
    pack_u64,
    read_header,
    split_key_part,
    split_member,
    unpack_score,
)
from .numbers import double_text
from .state import all_changed

# Bytes of rows that one step of loading takes.
STEP_BYTES = 1 << 20
_CUT_KEY_TAIL = 34
_CUT_MARK = b"\0\x02"
NOT_A_NUMBER = float("nan")


def changes(database, blocks):
    """Yield (row key, value or None) in order: all rows where all_changed() says so, else those changed since the last version.

    Row keys are without the database's number. value: bytes, or tree.node.Reference of a list. blocks takes the sequences of lists.
    """
    heads, members = database.heads, database.members
    gone = {members + part for part in leftover.parts(database)}
    if all_changed(database):
        for row, value in database.tx.scan(DATA, heads):
            if row[:PREFIX_BYTES] > members:
                return
            if not (gone and _collection(row) in gone):
                yield row[4:], _canonical(database, row, value, blocks)
        return
    last = None
    for row in merge(_rows_under(database, CHANGED, heads[:4]), *(_rows_under(database, DATA, prefix) for prefix in gone)):
        if row == last:
            continue
        last = row
        value = None if gone and _collection(row) in gone else database.get(row)
        yield row[4:], None if value is None else _canonical(database, row, value, blocks)


def _rows_under(database, table, prefix):
    for row in database.tx.keys(table, prefix):
        if not row.startswith(prefix):
            return
        yield row


def _collection(row):
    # The begin that the rows of all members of a collection have; of a header: nothing.
    return row[: PREFIX_BYTES + split_key_part(row[PREFIX_BYTES:])] if row[4:5] == MEMBER else b""


def _canonical(database, row, value, blocks):
    if row[4:5] != HEADER:
        return value
    kind = value[0] & KIND_MASK
    if kind == STRING:
        return value
    if kind != LIST:
        return value[: -TAIL_BYTES[kind]]
    header = read_header(row, value)
    # A reference is short: the whole of a cut key comes before the elements.
    short = value[: 9 if value[0] & ENDS else 1]
    return Reference(short, sequence.build(blocks, _elements(database, header)))


def _elements(database, header):
    if header.cut:
        yield header.key
    prefix = database.elements + header.part
    for _, value in database.tx.scan(DATA, prefix + pack_u64(header.first), limit=header.count):
        yield value


def load(blocks, root, number, rows_a_step):
    """Yield functions, each to be called with the Database of this number, which had no rows: together they put all that a version holds.

    After the last one nothing counts as changed. Each may be called in a transaction of its own. Raises BlockMissing, BadBlock.
    """
    loading = _Loading()
    items = () if root is None else _items(blocks, read.scan(blocks, root))
    for part in _parts(iter(items), rows_a_step):
        yield lambda database, part=part: loading.put(database, part)
    yield loading.end


def _parts(items, rows_a_step):
    part, size = [], 0
    for item in items:
        part.append(item)
        size += len(item[1])
        if len(part) >= rows_a_step or size >= STEP_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def replace(database, blocks, root, heads, most):
    """Make some keys what a version has them as, all in this transaction; False, and nothing done, where that takes more than `most` rows.

    Args: heads (bytes as head_of returns them), most (rows, and mebibytes of them by STEP_BYTES at most). Raises BlockMissing, BadBlock.
    """
    items = list(islice(_items(blocks, _rows_of(blocks, root, heads)), most + 1))
    old = [row for row in (database.heads + head for head in heads) if database.get(row) is not None]
    headers = [read_header(row, database.get(row)) for row in old]
    size = sum(len(item[1]) for item in items)
    if len(items) + sum(header.count for header in headers) > most or size > STEP_BYTES:
        return False
    database.enter()
    try:
        for header in headers:
            database.remove(header)
    finally:
        database.leave()
    _Loading().put(database, items)
    return True


def head_of(rest):
    """What stands for the key of a row: its header's row key without number and space. Args: rest (row key without number)."""
    return rest[1:] if rest[:1] == HEADER else _head_of(rest[1 : split_key_part(rest[1:]) + 1])


def _rows_of(blocks, root, heads):
    for head in sorted(heads):
        value = read.get(blocks, root, HEADER + head)
        if value is None:
            continue
        yield HEADER + head, value
        if (value.data if isinstance(value, Reference) else value)[0] & KIND_MASK in (STRING, LIST):
            continue
        prefix = MEMBER + (head if head[-_CUT_KEY_TAIL:-32] == _CUT_MARK else head + b"\0\x01")
        for rest, member in read.scan(blocks, root, prefix):
            if not rest.startswith(prefix):
                break
            yield rest, member


def _items(blocks, rows):
    # (row key, value), and behind a list's header (None, element) of each
    for rest, value in rows:
        if not isinstance(value, Reference):
            yield rest, value
            continue
        elements = sequence.cut(blocks, value.cid)
        data = value.data
        if not data:
            raise _bad()
        if data[0] & CUT_KEY:
            key = b"".join(islice(elements, 1))
            data += len(key).to_bytes(4, "big") + key
        yield rest, data
        for element in elements:
            if not isinstance(element, bytes):
                raise _bad()
            yield None, element


class _Loading:
    """Where loading stands: the header whose members or elements come."""

    __slots__ = ("_row",)

    def __init__(self):
        self._row = None

    def put(self, database, part):
        database.enter()
        try:
            header = self._header(database, self._row)
            for rest, value in part:
                if rest is None:
                    header = self._element(database, header, value)
                elif rest[:1] == HEADER:
                    self._save(database, header)
                    header = self._begin(database, rest, value)
                elif rest[:1] == MEMBER:
                    header = self._member(database, header, rest, value)
                else:
                    raise _bad()
            self._save(database, header)
            self._row = None if header is None else header.row
        finally:
            database.leave()

    def end(self, database):
        database.enter()
        database.state.change += 1
        database.state.all_until = 0
        database.leave()

    def _header(self, database, row):
        packed = None if row is None else database.get(row)
        return None if packed is None else read_header(row, packed)

    def _save(self, database, header):
        if header is not None and header.kind != STRING:
            if header.kind == SORTED_SET and header.count > ranks.PART_MAX and not header.has_parts:
                ranks.build(database, header)
            database.derive(header.row, header.pack())

    def _begin(self, database, rest, value):
        row = database.heads[:4] + rest
        header = _header_in(rest, value)
        made = database.make(header.key, header.kind)
        made.due, made.value = header.due, header.value
        made.packed = made.pack()
        if made.row != row or made.packed[: len(made.packed) - TAIL_BYTES[made.kind]] != value:
            raise _bad()
        database.derive(row, made.packed)
        database.state.keys += 1
        database.set_due(made)
        return made

    def _element(self, database, header, value):
        if header is None or header.kind != LIST:
            raise _bad()
        database.derive(database.elements + header.part + pack_u64(header.first + header.count), value)
        header.count += 1
        return header

    def _member(self, database, header, rest, value):
        rest = rest[1:]
        try:
            end = split_key_part(rest)
        except ValueError:
            raise _bad() from None
        part = rest[:end]
        if header is None or header.part != part:
            self._save(database, header)
            header = self._header(database, database.heads + _head_of(part))
        if header is None or header.kind in (STRING, LIST) or isinstance(value, Reference):
            raise _bad()
        member, inner = split_member(rest[end:], value)
        if member_rest(member) != rest[end:] or (header.kind == SET and inner):
            raise _bad()
        if header.kind == SORTED_SET:
            score = unpack_score(inner) if len(inner) == 8 else NOT_A_NUMBER
            if score != score or pack_score(score + 0.0) != inner:
                raise _bad()
            database.put_score(header, member, score, None)
        else:
            database.put_member(header, member, inner)
        header.count += 1
        return header


def told(blocks, rest, before, after, root=None):
    """Return ((key, type as TYPE says it, member or None), old, new) of a row that differs: bytes, or None where there is none.

    Of a collection itself the bytes are empty; of a member of a sorted set they are its score's text. root: of the version that has the
    row; without it the type of a member's key is not known, and of a key over the bound only its begin.
    """
    before, after = (None if value is None else walk.value(blocks, value) for value in (before, after))
    some = before if after is None else after
    if rest[:1] == HEADER:
        header = _header_in(rest, some)
        old, new = (None if value is None else _header_in(rest, value).value for value in (before, after))
        return (header.key, KIND_NAMES[header.kind], None), old, new
    if isinstance(before, Reference) or isinstance(after, Reference):
        raise _bad()
    end = split_key_part(rest[1:]) + 1
    part = rest[end:]
    member = split_member(part, some)[0]
    old, new = (None if value is None else split_member(part, value)[1] for value in (before, after))
    head = _head_of(rest[1:end])
    value = None if root is None else read.get(blocks, root, HEADER + head)
    if value is None:
        cut = head[:-_CUT_KEY_TAIL] + b"..." if head[-_CUT_KEY_TAIL:-32] == _CUT_MARK else head
        return (key_of_rest(cut), b"", member), old, new
    header = _header_in(HEADER + head, walk.value(blocks, value))
    if header.kind == SORTED_SET:
        old, new = (double_text(unpack_score(score)) if score is not None and len(score) == 8 else score for score in (old, new))
    return (header.key, KIND_NAMES[header.kind], member), old, new


def _header_in(rest, value):
    # A header as a version has it, without count and place.
    data = value.data if isinstance(value, Reference) else value
    kind = data[0] & KIND_MASK if data else 0
    if not STRING <= kind <= HASH or data[0] & ~(KIND_MASK | ENDS | CUT_KEY):
        raise _bad()
    if kind == LIST and isinstance(value, Reference) and data[0] & CUT_KEY:
        # Its whole key is among the elements.
        data = bytes((data[0] & ~CUT_KEY,)) + data[1:]
    try:
        return read_header(bytes(4) + rest, data + bytes(TAIL_BYTES[kind]))
    except Exception:
        raise _bad() from None


def _head_of(part):
    # The rest of the header's row key, of a key's part before members.
    return part if part[-_CUT_KEY_TAIL:-32] == _CUT_MARK else part[:-2]


def _bad():
    return BadBlock("The version's rows are not those of a database, so it cannot be opened. Take another version or another copy of it.")
