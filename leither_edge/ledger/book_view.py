"""The rows of a book as they would be with others in their place, so that a mend can be checked in full before it is written."""

from bisect import bisect_left, bisect_right
from heapq import merge

from leither_edge.ledger.base import BASE
from leither_edge.storage import Damaged
from leither_edge.storage.table import CHECKSUM_BYTES


class View:
    """Reads like a ReadTransaction, as far as fsck needs it.

    Args: tx (ReadTransaction), rows ({(table, key): value, or None for a row taken away}).
    """

    def __init__(self, tx, rows=None):
        self.tx = tx
        self.rows = rows or {}
        self._own = {}
        for (table, key), value in self.rows.items():
            self._own.setdefault(table, {})[key] = value
        self._base_keys = None

    def with_rows(self, rows):
        """A View with more rows in place."""
        return View(self.tx, {**self.rows, **rows})

    def get(self, table, key):
        """The value of a key, None where there is none. Raises Damaged."""
        own = self._own.get(table)
        return own[key] if own and key in own else self.tx.get(table, key)

    def stored(self, table, key):
        """The value of a key whatever its checksum is, None where there is none."""
        own = self._own.get(table)
        if own and key in own:
            return own[key]
        _, row = self.tx.stored(table, key)
        return row and row[:-CHECKSUM_BYTES]

    def is_damaged(self, table, key):
        """Whether a row does not match its checksum."""
        try:
            self.get(table, key)
        except Damaged:
            return True
        return False

    def has(self, table):
        """Whether the store was opened with a table, and something is in it."""
        try:
            return self.tx.count(table) > 0
        except ValueError:
            return False

    def keys(self, table, start=None):
        """Yields keys in order."""
        own = self._own.get(table, {})
        put = sorted(key for key, value in own.items() if value is not None and (start is None or key >= start))
        return merge((key for key in self.tx.keys(table, start) if key not in own), put)

    def newest_key(self, table):
        """The greatest key, None in an empty table."""
        own = self._own.get(table, {})
        there = next((key for key in self.tx.keys(table, reverse=True) if key not in own), None)
        return max([key for key, value in own.items() if value is not None] + ([] if there is None else [there]), default=None)

    def base_keys(self):
        """[key, ...] of the base, in order."""
        if self._base_keys is None:
            self._base_keys = list(self.keys(BASE))
        return self._base_keys

    def base_keys_of(self, low, high):
        """Keys of the chunks in which accounts from ``low`` to below ``high`` (None: to the end) may stand, in order."""
        keys = self.base_keys()
        return keys[max(bisect_right(keys, low) - 1, 0) : len(keys) if high is None else bisect_left(keys, high)]


class Rows(dict):
    """Takes what is put into a transaction: {(table, key): value}."""

    def put(self, table, key, value, append=False):
        self[table, key] = value


def groups(keys, shift):
    """Yields (number, [key, ...]) of keys in order that begin with the same number, shifted up by so many bits."""
    number, group = None, []
    for key in keys:
        if key >> shift != number:
            if group:
                yield number, group
            number, group = key >> shift, []
        group.append(key)
    if group:
        yield number, group
