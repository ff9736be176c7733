"""Which rows of the database table are whose: each MiMei's cur, and each version that is open, has a number of its own.

A number is never used twice. One that is done with is retired: its rows are deleted in small steps, after a crash too.
"""

from .tables import DATABASES

_NEXT = b"next"
_OLD = b"old"


def new_number(tx):
    """A number (4 bytes at most) that no rows have."""
    number = tx.get(DATABASES, _NEXT, 1)
    tx.put(DATABASES, _NEXT, number + 1)
    return number


def retire(tx, number):
    """Gives the rows of a number up."""
    tx.put(DATABASES, _OLD + number.to_bytes(4, "big"), 0)


def retired(tx):
    """The first number that was given up and still may have rows, or None."""
    for key in tx.keys(DATABASES, start=_OLD):
        return int.from_bytes(key[len(_OLD) :], "big") if key.startswith(_OLD) else None
    return None


def emptied(tx, number):
    """Notes that a retired number has no rows any more."""
    tx.delete(DATABASES, _OLD + number.to_bytes(4, "big"))
