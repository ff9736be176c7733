"""What can be done inside a transaction."""

import lmdb

from .table import pack_key, pack_row, unpack_key, unpack_row
from .translate import from_lmdb_error


class ReadTransaction:
    """A snapshot of all tables. A table is given as Table or by name."""

    def __init__(self, txn, handles, folder):
        self._txn = txn
        self._handles = handles
        self._folder = folder
        self._changes = 0

    def get(self, table, key, default=None):
        """Return the value of a key, or `default`. Raises Damaged."""
        table, handle = self._find(table)
        packed_key = pack_key(table, key)
        try:
            row = self._txn.get(packed_key, db=handle)
        except lmdb.Error as error:
            raise self._translated(error, "read") from None
        return default if row is None else unpack_row(table, packed_key, row)

    def scan(self, table, start=None, reverse=False, limit=None):
        """Yield (key, value) in the order of keys, from `start` (included, or the next there is), at most `limit`.

        In a write transaction rows may be put and deleted meanwhile; later ones are seen, earlier ones not.
        Raises Damaged.
        """
        table, handle = self._find(table)
        position = None if start is None else pack_key(table, start)
        left = -1 if limit is None else limit
        try:
            cursor = self._txn.cursor(db=handle)
            found = _seek(cursor, position, reverse)
            while found and left:
                packed_key = cursor.key()
                row = cursor.value()
                changes = self._changes
                yield unpack_key(table, packed_key), unpack_row(table, packed_key, row)
                left -= 1
                if self._changes == changes:
                    found = cursor.prev() if reverse else cursor.next()
                else:
                    # The row under the cursor may be gone: start again behind its key.
                    found = _seek(cursor, packed_key, reverse)
                    if found and cursor.key() == packed_key:
                        found = cursor.prev() if reverse else cursor.next()
        except lmdb.Error as error:
            raise self._translated(error, "read") from None

    def count(self, table):
        """Return the number of rows."""
        _, handle = self._find(table)
        try:
            return self._txn.stat(handle)["entries"]
        except lmdb.Error as error:
            raise self._translated(error, "read") from None

    def _find(self, table):
        name = table if isinstance(table, str) else table.name
        try:
            return self._handles[name]
        except KeyError:
            raise ValueError(f"the store was opened without a table {name}") from None

    def _translated(self, error, doing):
        return from_lmdb_error(error, self._folder, doing)


class WriteTransaction(ReadTransaction):
    """Changes that become durable together when the transaction ends, or not at all.

    failed: the StorageError of a change that could not be made, after which the whole is given up.
    """

    def __init__(self, txn, handles, folder):
        super().__init__(txn, handles, folder)
        self.failed = None

    def put(self, table, key, value):
        """Set the value of a key. Raises MapFull; TypeError or ValueError if it does not fit the table."""
        table, handle = self._find(table)
        packed_key = pack_key(table, key)
        row = pack_row(table, packed_key, value)
        self._changes += 1
        try:
            self._txn.put(packed_key, row, db=handle)
        except lmdb.Error as error:
            raise self._translated(error, "write") from None

    def delete(self, table, key):
        """Remove a key; return whether it was there. Raises MapFull."""
        table, handle = self._find(table)
        packed_key = pack_key(table, key)
        self._changes += 1
        try:
            return self._txn.delete(packed_key, db=handle)
        except lmdb.Error as error:
            raise self._translated(error, "write") from None

    def _translated(self, error, doing):
        self.failed = super()._translated(error, doing)
        return self.failed


def _seek(cursor, packed_key, reverse):
    if packed_key is None:
        return cursor.last() if reverse else cursor.first()
    if not cursor.set_range(packed_key):
        return reverse and cursor.last()
    if reverse and cursor.key() != packed_key:
        return cursor.prev()
    return True
