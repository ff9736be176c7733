"""Which rows of databases and streams are whose: each cur, and each version that somebody has open, has a number of its own.

A number is never used twice. One that is done with is retired: its rows are deleted in small steps, after a crash too. One that
is lent is retired when the store is opened again, unless it was settled before.
"""

from itertools import product

from .database import layout
from .stream import RECORDS
from .tables import DATABASES

_NEXT = b"next"
_OLD = b"old"
_LENT = b"lent"
_TABLES = (layout.DATA, layout.CHANGED, layout.UNDO, RECORDS)


def new_number(tx, lent=False):
    """A number (4 bytes at most) that no rows have. Args: lent (until `settle`)."""
    number = tx.get(DATABASES, _NEXT, 1)
    tx.put(DATABASES, _NEXT, number + 1)
    if lent:
        tx.put(DATABASES, _LENT + number.to_bytes(4, "big"), 0)
    return number


def settle(tx, number):
    """A lent number stays."""
    tx.delete(DATABASES, _LENT + number.to_bytes(4, "big"))


def retire(tx, number):
    """Gives the rows of a number up."""
    settle(tx, number)
    tx.put(DATABASES, _OLD + number.to_bytes(4, "big"), 0)


def retire_if_lent(tx, number):
    """Gives the rows of a number up, unless it was settled."""
    if tx.get(DATABASES, _LENT + number.to_bytes(4, "big")) is not None:
        retire(tx, number)


def retire_lent(tx):
    """Gives up what was lent when the process ended."""
    for number in list(_noted(tx, _LENT)):
        retire(tx, number)


def clear_some(tx, most=1000):
    """Deletes at most `most` rows of retired numbers; returns whether there are more."""
    number = next(_noted(tx, _OLD), None)
    if number is None:
        return False
    for half, table in product((number, number | layout.OTHER_HALF), _TABLES):
        prefix = half.to_bytes(4, "big")
        keys = []
        for key in tx.keys(table, start=prefix):
            if key[:4] != prefix:
                break
            if not most:
                break
            keys.append(key)
            most -= 1
        for key in keys:
            tx.delete(table, key)
    if most:
        tx.delete(DATABASES, _OLD + number.to_bytes(4, "big"))
    return True


def _noted(tx, mark):
    for key in tx.keys(DATABASES, start=mark):
        if not key.startswith(mark):
            return
        yield int.from_bytes(key[len(mark) :], "big")
