"""A database's counters, what changed since its last version, and its open transaction.

State row: keys, change, all_until, deadline (8 bytes each), halves (1: in the other one, 2: there are rows in the one not in use), owner;
an owner without a deadline is one whose transaction was rolled back because its time was over. Row r of CHANGED with number n says that
the canonical row r was changed, put or deleted, while `change` was n. Up to the change all_until everything counts as changed and no rows
are kept: so a database that has no version yet is filled without them.
"""

import struct
from itertools import islice

from ..errors import Busy, Conflict
from . import leftover
from .layout import CHANGED, DATA, OTHER_HALF, UNDO

_STATE = struct.Struct(">QQQQB")
_HALVES_AT = 32
# Above so many marks of all databases together, a database with most of them counts as changed as a whole.
MARKS_MAX = 100_000


class State:
    """keys: how many. change: its number. all_until: see above. deadline: ms, 0 without a transaction. owner: whose it is.

    in_other, other_is_used: see leftover.py.
    """

    __slots__ = ("keys", "change", "all_until", "deadline", "in_other", "other_is_used", "owner", "packed")

    def pack(self):
        return _STATE.pack(self.keys, self.change, self.all_until, self.deadline, self.in_other | self.other_is_used << 1) + self.owner


def read_state(packed):
    """Return the State of a row's value. packed: None for a database without one."""
    state = State()
    state.packed = packed
    if packed is None:
        state.keys = state.deadline = 0
        state.change = state.all_until = 1
        state.in_other = state.other_is_used = False
        state.owner = b""
    else:
        state.keys, state.change, state.all_until, state.deadline, halves = _STATE.unpack_from(packed)
        state.in_other, state.other_is_used = bool(halves & 1), bool(halves & 2)
        state.owner = packed[_STATE.size :]
    return state


def is_in_other(packed):
    """Return whether a state row's value names the other half."""
    return packed is not None and packed[_HALVES_AT] & 1 == 1


def track(database, row):
    """Mark a canonical row as changed."""
    tx = database.tx
    change = database.state.change
    if tx.get(CHANGED, row) != change:
        tx.put(CHANGED, row, change)


def key_count(database):
    """Return how many keys there are, those that have ended and were not cleared away yet among them."""
    return read_state(database.get(database.state_row)).keys


def begin(database, owner, life_ms):
    """Open a transaction of `owner` (bytes, not empty) that rolls back by itself after life_ms. Raises Busy, Conflict."""
    database.told = owner
    database.enter(owner)
    database.told = b""
    state = database.state
    try:
        if state.deadline:
            raise Conflict("A transaction is open already; commit it or roll it back.")
        database.tx.put(UNDO, database.state_row, b"\0" if state.packed is None else b"\x01" + state.packed)
        state.deadline = database.now_ms + life_ms
        state.owner = owner
    finally:
        database.leave()


def commit(database, owner):
    """Keep what the transaction changed. Raises Conflict when none of `owner` is open."""
    _need_own(database, owner)
    database.enter(owner)
    for row, _ in _undo_rows(database):
        database.tx.delete(UNDO, row)
    database.state.deadline = 0
    database.state.owner = b""
    database.leave()


def abandon(database, owner):
    """Undo what the transaction changed. Raises Conflict when none of `owner` is open."""
    _need_own(database, owner)
    roll_back(database)


def roll_back(database):
    """Undo the open transaction, whoever's it is; without one nothing is done."""
    tx = database.tx
    for row, old in _undo_rows(database):
        if old[:1] == b"\x01":
            tx.put(DATA, row, old[1:])
        else:
            tx.delete(DATA, row)
        tx.delete(UNDO, row)
    database.find_half()
    database.touch_all()


def time_out(database):
    """Roll back what is over its time; its owner is still to be told."""
    owner = read_state(database.get(database.state_row)).owner
    roll_back(database)
    state = read_state(database.get(database.state_row))
    state.owner = owner
    database.tx.put(DATA, database.state_row, state.pack())


def unfinished(tx):
    """Yield the numbers of databases with an open transaction: after a start each is to be rolled back."""
    position = b"\0"
    while True:
        row = next(tx.keys(UNDO, position), None)
        if row is None:
            return
        number = int.from_bytes(row[:4], "big")
        if number >= OTHER_HALF:
            # Its state row was there before.
            return
        yield number
        position = (number + 1).to_bytes(4, "big")


def mark(database):
    """Number what changes from now on anew; return the number up to which a version made now holds everything. Raises Busy.

    To be called, and to be durable, before the snapshot of which the version is made.
    """
    database.enter()
    state = database.state
    try:
        if state.deadline:
            raise Busy("A transaction is open in this database; commit it or roll it back before a backup.")
        while leftover.clear_some(database, leftover.AT_ONCE):
            pass
        until = state.change
        state.change += 1
    finally:
        database.leave()
    return until


def settled(database, until, limit=1000):
    """Forget changes up to the number `until`, as a version holds them; at most `limit` a call. Return whether all are forgotten."""
    database.enter()
    try:
        return _forget(database, until, limit)
    finally:
        database.leave()


def _forget(database, until, limit):
    tx, state = database.tx, database.state
    left = limit
    for row, change in _rows_from(database, CHANGED):
        if change <= until:
            if not left:
                return False
            left -= 1
            tx.delete(CHANGED, row)
    if state.all_until <= until:
        state.all_until = 0
    return True


def all_changed(database):
    """True while everything counts as changed: a version is then built of all rows."""
    return read_state(database.get(database.state_row)).all_until > 0


def is_unchanged(database):
    """Whether nothing changed since the last version, and no transaction is open."""
    state = read_state(database.get(database.state_row))
    return not state.all_until and not state.deadline and next(_rows_from(database, CHANGED), None) is None


def tidy(database, limit=200):
    """Where a database has very many marks, count everything as changed instead, and delete marks that say no more; `limit` a call."""
    tx = database.tx
    if tx.count(CHANGED) <= MARKS_MAX and not all_changed(database):
        return
    prefix = database.heads[:4]
    database.enter()
    try:
        if database.state.all_until < database.state.change:
            own = next(islice((row for row in tx.keys(CHANGED, prefix)), MARKS_MAX // 2, None), b"")
            if own[:4] != prefix:
                return
            database.count_all_as_changed()
        for row, change in islice(_rows_from(database, CHANGED), limit):
            if change <= database.state.all_until:
                tx.delete(CHANGED, row)
    finally:
        database.leave()


def _undo_rows(database):
    yield from _rows_from(database, UNDO, database.state_row[:4])
    yield from _rows_from(database, UNDO, (database.number | OTHER_HALF).to_bytes(4, "big"))


def _rows_from(database, table, prefix=None):
    prefix = prefix or database.heads[:4]
    for row, value in database.tx.scan(table, prefix):
        if row[:4] != prefix:
            return
        yield row, value


def _need_own(database, owner):
    state = read_state(database.get(database.state_row))
    if state.owner == owner and state.deadline and database.now_ms >= state.deadline:
        time_out(database)
        state.deadline = 0
    if not state.deadline or state.owner != owner:
        database.told = owner
        raise Conflict("No transaction of yours is open: it has ended, or its time was over and it was rolled back.")
