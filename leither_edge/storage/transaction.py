"""What can be done inside a transaction."""

import binascii

import lmdb

from .table import CHECKSUM_BYTES, pack_key, pack_row, unpack_key, unpack_row
from .translate import from_lmdb_error, map_full


class ReadTransaction:
    """A snapshot of all tables. A table is given as Table or by name."""

    def __init__(self, txn, handles, folder):
        self._txn = txn
        self._handles = handles
        self._folder = folder
        self._changes = 0

    def close(self):
        """End the snapshot. LMDB's own object goes too: while it lives it keeps one of few readers' slots."""
        self._txn.abort()
        self._txn = None

    def get(self, table, key, default=None):
        """Return the value of a key, or `default`. Raises Damaged."""
        table, handle = self._find(table)
        packed_key = pack_key(table, key)
        try:
            row = self._txn.get(packed_key, db=handle)
        except lmdb.Error as error:
            raise self._translated(error, "read") from None
        return default if row is None else unpack_row(table, packed_key, row)

    def rows(self, table):
        """Return get(packed key) -> bytes or None, for many reads of a table of bytes: the same checks, fewer steps. Raises Damaged."""
        table, handle = self._find(table)
        get, crc32 = self._txn.get, binascii.crc32
        if table.value != "bytes":
            raise ValueError(f"values of table {table.name} are not bytes")

        def row_of(packed_key):
            row = get(packed_key, None, handle)
            if row is None:
                return None
            value = row[:-CHECKSUM_BYTES]
            if crc32(value, crc32(packed_key)) != int.from_bytes(row[-CHECKSUM_BYTES:], "big"):
                return unpack_row(table, packed_key, row)
            return value

        return row_of

    def floor(self, table, key):
        """Return (key, value) of the row with the greatest key that is not above `key`, None where there is none. Raises Damaged."""
        table, handle = self._find(table)
        try:
            found = _floor(self._txn.cursor(db=handle), pack_key(table, key))
        except lmdb.Error as error:
            raise self._translated(error, "read") from None
        return None if found is None else (unpack_key(table, found[0]), unpack_row(table, *found))

    def floors(self, table):
        """Return floor(key) as above for many of them, in a table of bytes keys and values, which must not be written meanwhile."""
        table, handle = self._find(table)
        if table.key != "bytes" or table.value != "bytes":
            raise ValueError(f"keys or values of table {table.name} are not bytes")
        cursor, crc32 = self._txn.cursor(db=handle), binascii.crc32

        def floor(key):
            found = _floor(cursor, key)
            if found is None:
                return None
            value = found[1][:-CHECKSUM_BYTES]
            if crc32(value, crc32(found[0])) != int.from_bytes(found[1][-CHECKSUM_BYTES:], "big"):
                unpack_row(table, *found)
            return found[0], value

        return floor

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

    def keys(self, table, start=None, reverse=False):
        """Yield keys as `scan` does, without reading values: a damaged one does not end it. Nothing may be written meanwhile."""
        table, handle = self._find(table)
        try:
            cursor = self._txn.cursor(db=handle)
            found = _seek(cursor, None if start is None else pack_key(table, start), reverse)
            while found:
                yield unpack_key(table, cursor.key())
                found = cursor.prev() if reverse else cursor.next()
        except lmdb.Error as error:
            raise self._translated(error, "read") from None

    def stored(self, table, key):
        """Return (packed key, stored bytes) of a row, its checksum included and not looked at; None for the bytes where there is none."""
        table, handle = self._find(table)
        packed_key = pack_key(table, key)
        try:
            return packed_key, self._txn.get(packed_key, db=handle)
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

    def __init__(self, environment, txn, handles, folder, room):
        super().__init__(txn, handles, folder)
        self._environment = environment
        self._room = room
        self._undo = None
        self.failed = None

    def put(self, table, key, value, append=False):
        """Set the value of a key. Raises MapFull; TypeError or ValueError if it does not fit the table.

        append: the key is above all others, and so will later ones be: pages are filled, where LMDB would split full ones of large rows.
        """
        table, handle = self._find(table)
        packed_key = pack_key(table, key)
        row = pack_row(table, packed_key, value)
        if not self._room.take(len(packed_key) + len(row)):
            self.failed = map_full(self._folder)
            raise self.failed
        if self._undo is not None:
            self._remember(handle, packed_key)
        self._changes += 1
        try:
            stored = self._txn.put(packed_key, row, db=handle, append=append)
        except lmdb.KeyExistsError:
            stored = False
        except lmdb.Error as error:
            raise self._translated(error, "write") from None
        if not stored:
            raise ValueError(f"a key appended to table {table.name} is not above all others")

    def delete(self, table, key):
        """Remove a key; return whether it was there. Works when the map is full, too."""
        table, handle = self._find(table)
        packed_key = pack_key(table, key)
        if self._undo is not None:
            self._remember(handle, packed_key)
        self._changes += 1
        try:
            return self._txn.delete(packed_key, db=handle)
        except lmdb.Error as error:
            raise self._translated(error, "write") from None

    def require(self, row_bytes, rows=1):
        """Raise MapFull unless so many rows of so many bytes together, keys included, can still be put."""
        if not self._room.has(row_bytes, rows):
            raise map_full(self._folder)

    def nested(self, reserve=False):
        """Return a context manager for a WriteTransaction inside this one, which can fail alone.

        It becomes durable with this one; this one must not be used meanwhile. reserve: see Store.write.
        """
        return _Nested(self, reserve)

    def end(self):
        """Commit. Raises StorageError, then nothing was changed."""
        if self.failed is not None:
            self._txn.abort()
            raise self.failed
        try:
            self._txn.commit()
        except lmdb.Error as error:
            raise self._translated(error, "commit") from None

    def give_up(self):
        """Leave all as it was."""
        self._txn.abort()

    def _translated(self, error, doing):
        self.failed = super()._translated(error, doing)
        return self.failed


class _Nested:
    __slots__ = ("_outer", "_reserve", "_inner")

    def __init__(self, outer, reserve):
        self._outer = outer
        self._reserve = reserve

    def __enter__(self):
        outer = self._outer
        try:
            txn = outer._environment.begin(write=True, parent=outer._txn)
        except lmdb.Error as error:
            raise outer._translated(error, "begin a transaction") from None
        room = outer._room.share(self._reserve)
        self._inner = WriteTransaction(outer._environment, txn, outer._handles, outer._folder, room)
        return self._inner

    def __exit__(self, kind, error, traceback):
        self._outer._changes += 1 + self._inner._changes
        if kind is not None:
            self._inner.give_up()
        else:
            self._inner.end()
            self._outer._room.left = self._inner._room.left


class Room:
    """How much a transaction may still put before it would use up the reserve.

    left: bytes, an estimate: small rows share pages that are two thirds full, large ones take whole pages of their own.
    """

    __slots__ = ("left", "page_bytes", "_reserve_open")

    def __init__(self, left, page_bytes, reserve_open):
        self.left = left
        self.page_bytes = page_bytes
        self._reserve_open = reserve_open

    def take(self, row_bytes):
        if row_bytes * 2 < self.page_bytes:
            self.left -= row_bytes * 3 // 2
        else:
            self.left -= -(-row_bytes // self.page_bytes) * self.page_bytes
        return self.left >= 0 or self._reserve_open

    def has(self, row_bytes, rows):
        return self.left >= row_bytes * 3 // 2 + rows * self.page_bytes or self._reserve_open

    def share(self, reserve_open):
        return Room(self.left, self.page_bytes, reserve_open)


def _seek(cursor, packed_key, reverse):
    if packed_key is None:
        return cursor.last() if reverse else cursor.first()
    if not cursor.set_range(packed_key):
        return reverse and cursor.last()
    if reverse and cursor.key() != packed_key:
        return cursor.prev()
    return True


def _floor(cursor, packed_key):
    if cursor.set_range(packed_key):
        found = cursor.item()
        if found[0] == packed_key:
            return found
        return cursor.item() if cursor.prev() else None
    return cursor.item() if cursor.last() else None
