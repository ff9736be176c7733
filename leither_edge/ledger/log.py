"""The log: one appended value a pulse, which is write-ahead log, delta and history in one.

    head      see _HEAD; root 20
    columns   of one entry a changed account, in rising order: account 20, new amount 5;
              with history also: pulse of the change before u32, amount before 5
    pages     with history: sum and hash, 27 bytes, of each page that changed, then of some in turn
    wide      amounts that do not fit five bytes, 7 each: new ones, then old ones

A *page* is what agrees in the first few bits. Its value stands here whenever it changed, and in turn from time to time: whoever
reads back from a pulse meets the value of every page at that pulse within a bounded number of changes.
"""

import struct
from collections import namedtuple

from leither_edge.ledger.amounts import WIDE, pack_amounts, unpack_amounts
from leither_edge.ledger.levels import page_bits
from leither_edge.storage import Damaged, Table

LOG = Table("log", key="u64", value="bytes")
# With key, checksum and LMDB's own bytes a quarter of a page of 4,096.
PART_BYTES = 992
PARTS_MAX = 1 << 16
SIDE_BYTES = 27
# parts, flags, changes, total, accounts, pulse from which a start reads, levels of the heap, first page in turn, how many in turn.
_HEAD = struct.Struct(">HBIQIIBII20s")
_HISTORY = 1

# accounts: [20 bytes, ...] rising; new, old: amounts; before: pulses of the changes before. old, before: None without history.
# replay: first pulse that a start must read. levels: of the heap. turn (first page), turns (how many), sides (27 bytes each).
Entry = namedtuple(
    "Entry", ("pulse", "root", "total", "count", "accounts", "new", "before", "old", "replay", "levels", "turn", "turns", "sides")
)


def encode(entry):
    """The bytes of an Entry."""
    history = entry.before is not None
    new, wide = pack_amounts(entry.new)
    columns = [b"".join(entry.accounts), new]
    if history:
        old, more = pack_amounts(entry.old)
        wide += more
        columns += [struct.pack(f">{len(entry.before)}I", *entry.before), old, entry.sides]
    size = _HEAD.size + sum(map(len, columns)) + len(wide)
    head = _HEAD.pack(
        -(-size // PART_BYTES), _HISTORY if history else 0, len(entry.accounts), entry.total, entry.count, entry.replay,
        entry.levels, entry.turn, entry.turns, entry.root,
    )  # fmt: skip
    return b"".join([head, *columns, wide])


def decode(pulse, data):
    """The Entry in bytes. Raises Damaged."""
    try:
        _, flags, changes, total, count, replay, levels, turn, turns, root = _HEAD.unpack_from(data)
        at = _HEAD.size
        accounts = [data[start : start + 20] for start in range(at, at + 20 * changes, 20)]
        at += 20 * changes
        new = data[at : at + 5 * changes]
        at += 5 * changes
        before = old = None
        sides = b""
        if flags & _HISTORY:
            before = struct.unpack_from(f">{changes}I", data, at)
            at += 4 * changes
            old = data[at : at + 5 * changes]
            at += 5 * changes
            pages = len(changed_pages(accounts, page_bits(levels))) + turns
            sides = data[at : at + SIDE_BYTES * pages]
            at += SIDE_BYTES * pages
        new, taken = unpack_amounts(new, data[at:])
        at += taken
        if old is not None:
            old, taken = unpack_amounts(old, data[at:])
            at += taken
        if at != len(data) or len(new) != changes:
            raise ValueError
    except (ValueError, struct.error):
        raise Damaged(f"Pulse {pulse} of the log does not have the form of one. Restore the book from an export.") from None
    return Entry(pulse, root, total, count, accounts, new, before, old, replay, levels, turn, turns, sides)


def change_in(pulse, data, account):
    """(pulse of the change before, amount before) of an account in the bytes of an Entry, None where it did not change then.

    Without reading the rest: the past of an account is followed from change to change. Raises Damaged.
    """
    changes = int.from_bytes(data[3:7], "big")
    at = data.find(account, _HEAD.size)
    while at >= 0 and (at - _HEAD.size) % 20:
        at = data.find(account, at + 1)
    place = (at - _HEAD.size) // 20
    if at < 0 or place >= changes:
        return None
    if not data[2] & _HISTORY:
        raise Damaged(f"Pulse {pulse} of the log was written without history.")
    befores = _HEAD.size + 25 * changes
    at = befores + 4 * changes + 5 * place
    amount = int.from_bytes(data[at : at + 5], "big")
    if amount >= WIDE:
        amount = decode(pulse, data).old[place]
    return int.from_bytes(data[befores + 4 * place : befores + 4 * place + 4], "big"), amount


def changed_pages(accounts, bits):
    """Numbers of the pages of accounts, rising."""
    shift = 32 - bits
    return list(dict.fromkeys([int.from_bytes(account[:4], "big") >> shift for account in accounts]))


def page_sides(entry):
    """{page: sum and hash after the pulse} of what stands in an Entry: changed pages, and those in turn."""
    sides = entry.sides
    bits = page_bits(entry.levels)
    last = (1 << bits) - 1
    numbers = changed_pages(entry.accounts, bits)
    numbers += [step & last for step in range(entry.turn, entry.turn + entry.turns)]
    return dict(zip(numbers, [sides[at : at + SIDE_BYTES] for at in range(0, len(sides), SIDE_BYTES)], strict=True))


def write(tx, entry):
    """Append an Entry."""
    data = encode(entry)
    if len(data) > PART_BYTES * (PARTS_MAX - 1):
        raise ValueError(f"{len(entry.accounts)} changes are too many for one pulse")
    for part, at in enumerate(range(0, len(data), PART_BYTES)):
        tx.put(LOG, entry.pulse << 16 | part, data[at : at + PART_BYTES])


def read(tx, pulse):
    """The Entry of a pulse, None where there is none (any more). Raises Damaged."""
    data = read_bytes(tx, pulse)
    return None if data is None else decode(pulse, data)


def read_bytes(tx, pulse):
    """The bytes of an Entry, None where there is none (any more). Raises Damaged."""
    data = tx.get(LOG, pulse << 16)
    if data is None:
        return None
    parts = int.from_bytes(data[:2], "big")
    if parts > 1:
        pieces = [data]
        for part in range(1, parts):
            piece = tx.get(LOG, pulse << 16 | part)
            if piece is None:
                raise Damaged(f"Pulse {pulse} of the log is cut: part {part + 1} of {parts} is missing. Restore the book from an export.")
            pieces.append(piece)
        data = b"".join(pieces)
    return data


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
