"""The store: typed tables in one LMDB environment, one writer at a time, durable when acknowledged.

A folder holds `data.mdb` (LMDB) and `lock` (who has it open). A new store is made under another name and renamed when
it is whole, so a power cut never leaves half a store.
"""

import binascii
import os
import threading

import lmdb

from .environment import DATA_NAME, NEW_NAME, check_file, make_folder, open_environment, sync_folder
from .errors import StorageError
from .folder_lock import FolderLock
from .lmdb_file import count_free_pages
from .schema import SCHEMA_TABLE, migrate, write_first_version
from .table import CHECKSUM_BYTES
from .transaction import ReadTransaction, WriteTransaction
from .translate import from_lmdb_error, from_os_error

# Pages looked into before a store is opened: all of a small board's state, a bounded start of a large store.
CHECK_PAGES_MAX = 4096


def open_store(folder, map_bytes, tables, schema_version=1, migrations=None):
    """Open the store in `folder`, creating it if there is none.

    map_bytes: most bytes it may take. tables: all Tables, by which rows become bytes. schema_version: of these tables;
    an older store is brought up by migrations {from_version: fn(tx)} in one transaction.
    Raises InUse, ReadOnly, DiskFull, MapFull, Damaged, SchemaTooNew or StorageError, each with a sentence for people.
    """
    folder = os.fspath(folder)
    tables = (SCHEMA_TABLE, *tables)
    if len({table.name for table in tables}) != len(tables):
        raise ValueError("two tables have the same name")
    make_folder(folder)
    lock = FolderLock(folder)
    try:
        if not os.path.lexists(os.path.join(folder, DATA_NAME)):
            _create(folder, map_bytes, tables, schema_version)
        check_file(folder, CHECK_PAGES_MAX, _row_is_good)
        store = Store(folder, lock, map_bytes, tables)
        try:
            migrate(store, schema_version, migrations or {})
        except BaseException:
            store.close()
            raise
        return store
    except BaseException:
        lock.release()
        raise


def _create(folder, map_bytes, tables, schema_version):
    new = os.path.join(folder, NEW_NAME)
    try:
        if os.path.lexists(new):
            os.unlink(new)
        environment, _ = open_environment(folder, NEW_NAME, map_bytes, len(tables))
        try:
            with environment.begin(write=True) as txn:
                handles = _open_tables(environment, tables, txn)
                write_first_version(WriteTransaction(txn, handles, folder), schema_version)
        finally:
            environment.close()
        os.rename(new, os.path.join(folder, DATA_NAME))
        sync_folder(folder)
    except lmdb.Error as error:
        raise from_lmdb_error(error, folder, "be created") from None
    except OSError as error:
        raise from_os_error(error, folder, "be created") from None


def _open_tables(environment, tables, txn):
    return {table.name: (table, environment.open_db(table.name.encode(), txn=txn)) for table in tables}


def _row_is_good(key, row):
    # As table.unpack_row, on views, without knowing the table.
    size = len(row) - CHECKSUM_BYTES
    return size >= 0 and binascii.crc32(row[:size], binascii.crc32(key)) == int.from_bytes(row[size:], "big")


class Store:
    """An open store; made by open_store.

    folder: its path. map_bytes: granted size of the map, less than asked for where address space is short.
    """

    def __init__(self, folder, lock, map_bytes, tables):
        self.folder = folder
        self.commits = 0
        self._lock = lock
        self._writing = threading.Lock()
        self._writing_thread = None
        self._writer = None
        self._environment, self.map_bytes = open_environment(folder, DATA_NAME, map_bytes, len(tables))
        try:
            self._handles = self._open_tables(tables)
        except BaseException:
            self._environment.close()
            raise

    def _open_tables(self, tables):
        # A write transaction, since py-lmdb drops handles that a reading one opened; it writes nothing when all are there.
        try:
            with self._environment.begin(write=True) as txn:
                return _open_tables(self._environment, tables, txn)
        except lmdb.Error as error:
            raise from_lmdb_error(error, self.folder, "open its tables") from None

    def read(self):
        """Return a context manager for a ReadTransaction: a snapshot that no write changes. Keep it short."""
        return _Reading(self)

    def write(self):
        """Return a context manager for a WriteTransaction: whole or not at all, durable when the block ends.

        Blocks while another thread writes, and for the disk; in trio use commit(). An exception leaves all as it was.
        """
        return _Writing(self)

    async def commit(self, fn):
        """Run fn(tx) in a worker thread, one at a time, and return its result once it is durable (trio).

        An exception of fn leaves all as it was and is raised here. Not cut short by cancellation: what may have become
        durable is never reported as not done.
        """
        if self._writer is None:
            from .writer import Writer  # trio is loaded only by programs that use it

            self._writer = Writer(self)
        return await self._writer.commit(fn)

    def stat(self):
        """Return sizes: map_bytes, used_bytes (pages in use), file_bytes, commits, rows ({table: rows})."""
        with self.read() as tx:
            rows = {name: tx.count(name) for name in self._handles if name != SCHEMA_TABLE.name}
        page_bytes = self._environment.stat()["psize"]
        handle = os.open(os.path.join(self.folder, DATA_NAME), os.O_RDONLY | os.O_CLOEXEC)
        try:
            free = count_free_pages(handle)
            file_bytes = os.fstat(handle).st_size
        finally:
            os.close(handle)
        used = self._environment.info()["last_pgno"] + 1 - free
        return {
            "map_bytes": self.map_bytes,
            "used_bytes": used * page_bytes,
            "file_bytes": file_bytes,
            "commits": self.commits,
            "rows": rows,
        }

    def close(self):
        """Close the store and let the folder go; a second call does nothing. Waits for a write in another thread."""
        if self._lock is None:
            return
        self._take_writing()
        try:
            self._environment.close()
            self._lock.release()
            self._lock = None
        finally:
            self._let_writing()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def _begin(self, write):
        if self._lock is None:
            raise StorageError(f"The store in {self.folder} is closed.")
        try:
            return self._environment.begin(write=write)
        except lmdb.Error as error:
            raise from_lmdb_error(error, self.folder, "begin a transaction") from None

    def _take_writing(self):
        if self._writing_thread == threading.get_ident():
            # LMDB would wait for itself for ever.
            raise RuntimeError("this thread is in a write transaction already")
        self._writing.acquire()
        self._writing_thread = threading.get_ident()

    def _let_writing(self):
        self._writing_thread = None
        self._writing.release()


class _Reading:
    __slots__ = ("_store", "_txn")

    def __init__(self, store):
        self._store = store

    def __enter__(self):
        self._txn = self._store._begin(False)
        return ReadTransaction(self._txn, self._store._handles, self._store.folder)

    def __exit__(self, *exc_info):
        self._txn.abort()


class _Writing:
    __slots__ = ("_store", "_transaction", "_txn")

    def __init__(self, store):
        self._store = store

    def __enter__(self):
        store = self._store
        store._take_writing()
        try:
            self._txn = store._begin(True)
        except BaseException:
            store._let_writing()
            raise
        self._transaction = WriteTransaction(self._txn, store._handles, store.folder)
        return self._transaction

    def __exit__(self, kind, error, traceback):
        store = self._store
        try:
            if kind is not None:
                self._txn.abort()
                return
            failed = self._transaction.failed
            if failed is not None:
                self._txn.abort()
                raise failed
            try:
                self._txn.commit()
            except lmdb.Error as problem:
                raise from_lmdb_error(problem, store.folder, "commit") from None
            store.commits += 1
        finally:
            store._let_writing()
