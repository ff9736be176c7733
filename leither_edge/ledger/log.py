"""The log: what each pulse changed, which is write-ahead log, delta and history in one.

    key       pulse u32 and part u16, so that rows only ever come at the end
    part 0    head (_HEAD), then records; further records in parts 1 and on, none over two parts
    record    account 20, new amount 5; with history also: pulse of the change before u32, amount before 5
    behind    with history: sum and hash, 27 bytes, of each page that changed, then of some in turn; from the last part on, to fill parts
    WIDE on   amounts that do not fit five bytes, 7 each: new ones, then old ones

A *page* is what agrees in the first few bits. Its value stands here whenever it changed, and in turn from time to time: whoever
reads back from a pulse meets the value of every page at that pulse within a bounded number of changes.
"""

import struct
from collections import namedtuple

from leither_edge.ledger.amounts import WIDE as WIDE_AMOUNT
from leither_edge.ledger.amounts import pack_amounts, unpack_amounts
from leither_edge.ledger.levels import LEVELS_MAX, page_bits
from leither_edge.storage import Damaged, Table

LOG = Table("log", key="u64", value="bytes")
# With key, checksum and LMDB's own bytes a quarter of a page of 4,096; an eighth of it where no past is read, only a start.
PART_BYTES, SHORT_PART_BYTES = 992, 480
WIDE = 0x8000
SIDE_BYTES = 27
# flags, changes, total, accounts, pulse from which a start reads, oldest pulse that can be asked for, levels of the heap, first page in
# turn, how many in turn, wide parts.
_HEAD = struct.Struct(">BIQIIIBIIH20s")
_Head = namedtuple("_Head", ("history", "changes", "total", "count", "replay", "kept", "levels", "turn", "turns", "wide_parts", "root"))
_HISTORY = 1
_SHORT, _LONG = struct.Struct(">20s5s"), struct.Struct(">20s5sI5s")
_TOP = struct.Struct(">I16x5x9x")
# Records with history in part 0, and in each further part.
_LONG_FIRST, _LONG_EACH = (PART_BYTES - _HEAD.size) // _LONG.size, PART_BYTES // _LONG.size
# The parts with records, and at most 1,024 with pages behind them, end below WIDE.
CHANGES_MAX = (WIDE - 1024) * min(PART_BYTES // _LONG.size, SHORT_PART_BYTES // _SHORT.size)

# accounts: [20 bytes, ...] rising; new, old: amounts; before: pulses of the changes before. old, before: None without history.
# replay: first pulse that a start must read. kept: oldest pulse that can be asked for: what only older ones need may be forgotten.
# levels: of the heap. turn (first page), turns (how many), sides (27 bytes each).
Entry = namedtuple(
    "Entry", ("pulse", "root", "total", "count", "accounts", "new", "before", "old", "replay", "kept", "levels", "turn", "turns", "sides")
)


def write(tx, entry):
    """Append an Entry; returns how many rows it takes. Raises StorageError."""
    if len(entry.accounts) > CHANGES_MAX:
        raise ValueError(f"{len(entry.accounts)} changes are too many for one pulse")
    new, wide = pack_amounts(entry.new)
    new = [new[at : at + 5] for at in range(0, len(new), 5)]
    history = entry.before is not None
    if history:
        old, more = pack_amounts(entry.old)
        wide += more
        old = [old[at : at + 5] for at in range(0, len(old), 5)]
        records = list(map(_LONG.pack, entry.accounts, new, entry.before, old))
    else:
        records = list(map(_SHORT.pack, entry.accounts, new))
    head = _HEAD.pack(
        history, len(records), entry.total, entry.count, entry.replay, entry.kept, entry.levels, entry.turn, entry.turns,
        -(-len(wide) // PART_BYTES), entry.root,
    )  # fmt: skip
    first, each = _records_in_parts(history)
    parts = [head + b"".join(records[:first])]
    parts += [b"".join(records[at : at + each]) for at in range(first, len(records), each)]
    room = max(PART_BYTES - len(parts[-1]), 0)
    parts[-1] += entry.sides[:room]
    parts += [entry.sides[at : at + PART_BYTES] for at in range(room, len(entry.sides), PART_BYTES)]
    for kind, data in ((0, parts), (WIDE, [wide[at : at + PART_BYTES] for at in range(0, len(wide), PART_BYTES)])):
        for number, part in enumerate(data, kind):
            tx.put(LOG, entry.pulse << 16 | number, part, append=True)
    return len(parts) + -(-len(wide) // PART_BYTES)


def read(tx, pulse, sides=True):
    """The Entry of a pulse, None where there is none (any more); sides: with them. Raises Damaged."""
    first = tx.get(LOG, pulse << 16)
    if first is None:
        return None
    head = _head(pulse, first)
    further = _further_parts(head.changes, head.history)
    data = b"".join([first[_HEAD.size :], *[_part(tx, pulse, part) for part in range(1, 1 + further)]])
    size = head.changes * (_LONG if head.history else _SHORT).size
    data, there = data[:size], data[size:]
    wide = b"".join([_part(tx, pulse, WIDE + part) for part in range(head.wide_parts)])
    before = old = None
    try:
        if len(data) != size:
            raise ValueError
        if head.history:
            accounts, new, before, old = zip(*_LONG.iter_unpack(data), strict=True) if data else ((), (), (), ())
        else:
            accounts, new = zip(*_SHORT.iter_unpack(data), strict=True) if data else ((), ())
        new, taken = unpack_amounts(b"".join(new), wide)
        if old is not None:
            old, more = unpack_amounts(b"".join(old), wide[taken:])
            taken += more
        if taken != len(wide):
            raise ValueError
    except (ValueError, struct.error):
        raise _malformed(pulse) from None
    if sides and before is not None:
        size = SIDE_BYTES * (len(changed_pages(accounts, page_bits(head.levels))) + head.turns)
        number = further
        while len(there) < size:
            number += 1
            there += _part(tx, pulse, number)
        if len(there) != size:
            raise _malformed(pulse)
    return Entry(
        pulse, head.root, head.total, head.count, list(accounts), new, before, old, head.replay, head.kept, head.levels, head.turn,
        head.turns, there,
    )  # fmt: skip


class Past:
    """Reads what past states are put together from, and nothing else, in one transaction."""

    __slots__ = ("_tx", "_get")

    def __init__(self, tx):
        self._tx = tx
        self._get = tx.rows(LOG)

    def change(self, pulse, account):
        """(pulse of the change before, amount before) of an account in a pulse, None where it did not change then. Raises Damaged."""
        part = self._get((pulse << 16).to_bytes(8, "big"))
        if part is None:
            return None
        changes = int.from_bytes(part[1:5], "big")
        if len(part) < _HEAD.size or part[0] != _HISTORY or changes > CHANGES_MAX:
            raise _malformed(pulse)
        first, each = _LONG_FIRST, _LONG_EACH
        start, end = _HEAD.size, _HEAD.size + _LONG.size * min(changes, first)
        at = part.find(account, start, end)
        low, high = 1, 1 + -(-max(changes - first, 0) // each)
        # Ids are spread evenly, unless somebody made them: where it should stand is looked first.
        guess = 1 + ((int.from_bytes(account[:4], "big") * changes >> 32) - first) // each
        while True:
            while at >= 0 and (at - start) % _LONG.size:
                at = part.find(account, at + 1, end)
            if at >= 0 or low >= high:
                break
            middle = guess if low <= guess < high else (low + high) // 2
            guess = 0
            part, start, end = self._part(pulse, middle), 0, _LONG.size * min(changes - first - each * (middle - 1), each)
            at = part.find(account, 0, end)
            if account < part[:20]:
                high = middle
            else:
                low = middle + 1
        if at < 0:
            return None
        amount = int.from_bytes(part[at + 29 : at + 34], "big")
        if amount >= WIDE_AMOUNT:
            entry = read(self._tx, pulse, sides=False)
            amount = entry.old[entry.accounts.index(account)]
        return int.from_bytes(part[at + 25 : at + 29], "big"), amount

    def add_sides(self, pulse, found):
        """Put into ``found`` ({page: sum and hash}) what stands in a pulse of pages that it lacks; returns the bits of a page.

        None where the pulse is not there, or was written without history. Raises Damaged.
        """
        part = self._get((pulse << 16).to_bytes(8, "big"))
        head = None if part is None else _head(pulse, part)
        if head is None or not head.history:
            return None
        further = _further_parts(head.changes, True)
        data = b"".join([part[_HEAD.size :], *[self._part(pulse, number) for number in range(1, 1 + further)]])
        records, data = data[: _LONG.size * head.changes], data[_LONG.size * head.changes :]
        if len(records) != _LONG.size * head.changes:
            raise _malformed(pulse)
        bits = page_bits(head.levels)
        shift, last = 32 - bits, (1 << bits) - 1
        numbers = list(dict.fromkeys([top >> shift for (top,) in _TOP.iter_unpack(records)]))
        numbers += [step & last for step in range(head.turn, head.turn + head.turns)]
        size = SIDE_BYTES * len(numbers)
        more = -(-max(size - len(data), 0) // PART_BYTES)
        data += b"".join([self._part(pulse, number) for number in range(further + 1, further + 1 + more)])
        if len(data) != size:
            raise _malformed(pulse)
        at = 0
        for number in numbers:
            if number not in found:
                found[number] = data[at : at + SIDE_BYTES]
            at += SIDE_BYTES
        return bits

    def _part(self, pulse, part):
        data = self._get((pulse << 16 | part).to_bytes(8, "big"))
        if data is None:
            raise Damaged(f"Pulse {pulse} of the log is cut: a part of it is missing. Check the book: leither ledger fsck")
        return data


def changed_pages(accounts, bits):
    """Numbers of the pages of accounts, rising."""
    shift = 32 - bits
    return list(dict.fromkeys([int.from_bytes(account[:4], "big") >> shift for account in accounts]))


def first(tx):
    """Number of the oldest pulse in the log, None where it is empty."""
    for key, _ in tx.scan(LOG, limit=1):
        return key >> 16
    return None


def newest(tx):
    """Number of the newest pulse in the log, None where it is empty."""
    for key, _ in tx.scan(LOG, reverse=True, limit=1):
        return key >> 16
    return None


def drop(tx, before, rows_max):
    """Remove the oldest pulses below ``before``, whole ones, until about ``rows_max`` rows are gone; returns how many rows."""
    keys = []
    last = None
    for key, _ in tx.scan(LOG):
        if key >> 16 >= before or len(keys) >= rows_max and key >> 16 != last:
            break
        last = key >> 16
        keys.append(key)
    for key in keys:
        tx.delete(LOG, key)
    return len(keys)


def _head(pulse, part):
    """The _Head in the part 0 of a pulse. Raises Damaged."""
    if len(part) >= _HEAD.size:
        head = _Head(*_HEAD.unpack_from(part))
        if head.history <= _HISTORY and head.changes <= CHANGES_MAX and 0 < head.levels <= LEVELS_MAX:
            if head.turn + head.turns < 2 << page_bits(head.levels):
                return head
    raise _malformed(pulse)


def _further_parts(changes, history):
    """How many parts with records follow part 0."""
    first, each = _records_in_parts(history)
    return -(-max(changes - first, 0) // each)


def _records_in_parts(history):
    """(records in part 0, records in each further part)."""
    if history:
        return _LONG_FIRST, _LONG_EACH
    return (SHORT_PART_BYTES - _HEAD.size) // _SHORT.size, SHORT_PART_BYTES // _SHORT.size


def _part(tx, pulse, part):
    data = tx.get(LOG, pulse << 16 | part)
    if data is None:
        raise Damaged(f"Pulse {pulse} of the log is cut: a part of it is missing. Check the book: leither ledger fsck")
    return data


def _malformed(pulse):
    return Damaged(f"Pulse {pulse} of the log does not have the form of one. Check the book: leither ledger fsck")
