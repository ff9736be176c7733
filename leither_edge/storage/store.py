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
from .lmdb_file import BadFile, count_free_pages
from .schema import SCHEMA_TABLE, migrate, write_first_version
from .table import CHECKSUM_BYTES
from .transaction import ReadTransaction, Room, WriteTransaction
from .translate import damaged, from_lmdb_error, from_os_error

# Pages looked into before a store is opened: all of a small board's state, a bounded start of a large store.
CHECK_PAGES_MAX = 4096

# Pages kept back for deleting and for what must work in a full store: LMDB copies pages to free pages.
RESERVE_PAGES_MIN, RESERVE_PAGES_MAX = 32, 256


def open_store(folder, map_bytes, tables, schema_version=1, migrations=None, check_rows=True):
    """Open the store in `folder`, creating it if there is none.

    map_bytes: most bytes it may take. tables: all Tables, by which rows become bytes. schema_version: of these tables;
    an older store is brought up by migrations {from_version: fn(tx)} in one transaction. check_rows: false for a program that
    mends rows, which are refused one by one then.
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
        check_file(folder, CHECK_PAGES_MAX, _row_is_good if check_rows else None)
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
                write_first_version(WriteTransaction(environment, txn, handles, folder, Room(0, 4096, True)), schema_version)
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
        self._held_by = None
        self._writer = None
        self._environment, self.map_bytes = open_environment(folder, DATA_NAME, map_bytes, len(tables))
        try:
            self._handles = self._open_tables(tables)
            self._file = os.open(os.path.join(folder, DATA_NAME), os.O_RDONLY | os.O_CLOEXEC)
        except BaseException:
            self._environment.close()
            raise
        self._page_bytes = self._environment.stat()["psize"]
        self._map_pages = self.map_bytes // self._page_bytes
        self._reserve_pages = min(max(self._map_pages // 16, RESERVE_PAGES_MIN), RESERVE_PAGES_MAX)

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

    def write(self, reserve=False, kind=WriteTransaction):
        """Return a context manager for a WriteTransaction: whole or not at all, durable when the block ends.

        reserve: may use the last sixteenth of the map, kept back for making room and for what must never fail. kind: its class.
        Blocks while another thread writes, and for the disk; in trio use commit(). An exception leaves all as it was.
        """
        return _Writing(self, reserve, kind)

    async def commit(self, fn, reserve=False):
        """Run fn(tx) in a worker thread and return its result once it is durable (trio). reserve: as for write().

        An exception of fn leaves all as it was and is raised here. Commits that wait together share one flush; each
        still stands or falls alone. Not cut short by cancellation: what may have become durable is never reported as
        not done.
        """
        if self._writer is None:
            from .writer import Writer  # trio is loaded only by programs that use it

            self._writer = Writer(self)
        return await self._writer.commit(fn, reserve)

    def stat(self):
        """Return sizes: map_bytes, used_bytes (pages in use), file_bytes, commits (flushes), rows ({table: rows})."""
        # The snapshot also keeps the pages from being reused while they are counted.
        with self.read() as tx:
            rows = {name: tx.count(name) for name in self._handles if name != SCHEMA_TABLE.name}
            unused = self._unused_pages()
        return {
            "map_bytes": self.map_bytes,
            "used_bytes": (self._map_pages - unused) * self._page_bytes,
            "file_bytes": os.fstat(self._file).st_size,
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
            os.close(self._file)
            self._lock.release()
            self._lock = None
        finally:
            self._let_writing()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def hold(self, thread):
        """Let only this thread (its identifier) write from now on, any with None: for a HeldWriter."""
        self._held_by = thread

    def _begin(self, write):
        if self._lock is None:
            raise StorageError(f"The store in {self.folder} is closed.")
        try:
            return self._environment.begin(write=write)
        except lmdb.Error as error:
            raise from_lmdb_error(error, self.folder, "begin a transaction") from None

    def _room(self, reserve):
        # Looking at the list of free pages costs reads, so only when the part never used is nearly gone.
        pages = self._map_pages - self._environment.info()["last_pgno"] - 1
        if pages < 2 * self._reserve_pages:
            pages = self._unused_pages()
        return Room((pages - self._reserve_pages) * self._page_bytes, self._page_bytes, reserve)

    def _unused_pages(self):
        for attempts_left in (2, 1, 0):
            try:
                last_page, free = count_free_pages(self._file)
                return self._map_pages - last_page - 1 + free
            except BadFile as error:
                # A commit may write the head while it is read.
                if not attempts_left:
                    raise damaged(self.folder, str(error)) from None
            except OSError as error:
                raise from_os_error(error, self.folder, "be read") from None

    def _take_writing(self):
        if self._writing_thread == threading.get_ident():
            # LMDB would wait for itself for ever.
            raise RuntimeError("this thread is in a write transaction already")
        if self._held_by not in (None, threading.get_ident()):
            # Its transaction is open for as long as the writer is: another one would wait for ever.
            raise RuntimeError("this store is written through its HeldWriter, which is to be closed first")
        self._writing.acquire()
        self._writing_thread = threading.get_ident()

    def _let_writing(self):
        self._writing_thread = None
        self._writing.release()


class _Reading:
    __slots__ = ("_store", "_tx")

    def __init__(self, store):
        self._store = store

    def __enter__(self):
        self._tx = ReadTransaction(self._store._begin(False), self._store._handles, self._store.folder)
        return self._tx

    def __exit__(self, *exc_info):
        self._tx.close()


class _Writing:
    __slots__ = ("_store", "_reserve", "_kind", "_tx")

    def __init__(self, store, reserve, kind):
        self._store = store
        self._reserve = reserve
        self._kind = kind

    def __enter__(self):
        store = self._store
        store._take_writing()
        try:
            txn = store._begin(True)
            try:
                room = store._room(self._reserve)
            except BaseException:
                txn.abort()
                raise
        except BaseException:
            store._let_writing()
            raise
        self._tx = self._kind(store._environment, txn, store._handles, store.folder, room)
        return self._tx

    def __exit__(self, kind, error, traceback):
        try:
            if kind is not None:
                self._tx.give_up()
            else:
                self._tx.end()
                self._store.commits += 1
        finally:
            self._store._let_writing()
