"""The one public face of the content store: everything a node, a command line or a gateway does with MiMei.

Calls may come from several worker threads at once; they wait for the disk, so the trio thread runs them in one. Only
DatabaseView.run is made for the trio thread itself. `Library.run` is what trio runs beside, and needs trio alone.
"""

import os
import time
from collections import OrderedDict
from threading import Lock, RLock

from leither_edge.crypto import sodium
from leither_edge.storage import StorageError, open_store
from leither_edge.storage.held import HeldWriter

from .accounts import Accounts
from .blocks import BlockLimits, BlockStore
from .car_calls import CarCalls
from .care import CareCalls
from .content import ContentCalls
from .cur_rows import CurRows
from .errors import MimeiError
from .file_calls import FileCalls
from .indexing import Indexing, put_mimei
from .numbers import clear_some
from .reference_calls import ReferenceCalls
from .session_calls import SessionCalls
from .sessions import Sessions
from .tables import MIMEI, TABLES, TO_INDEX
from .version_calls import VersionCalls

SCHEMA_VERSION = 1
# How often expired keys and due collections are looked for when nobody calls.
LOOK_S = 60
COLLECT_MIN_S, COLLECT_MAX_S = 600, 86400
# A pause between steps of the work beside, so that it takes half of a slow CPU at most.
_STEP_PAUSE_S = 0.02
_LOCKS = 64


class Library(SessionCalls, ContentCalls, FileCalls, VersionCalls, ReferenceCalls, CarCalls, CareCalls):
    """An open content store; made by open_library.

    Any call raises BadInput (not of the form), NotFound, Forbidden, NotSignedIn (a guest may not), and StorageError; others are named.
    Attributes: held (HeldWriter), blocks (BlockStore), store, node_key, epoch (a number that changes when a right may have), always_flush
    (whether a database command is durable when answered, and not a second later), labels_open (whether strangers may read by label alone),
    keepers (functions of a transaction: (user's id, label, whether all of it is here) of what others have this node keep), listeners
    (functions of a mid and a number, called in the thread that recorded a version of it, after it is durable).
    """

    def __init__(self, store, held, node_key, profile, counters, log, clock, random_bytes):
        self.store, self.held, self.node_key, self.limits = store, held, node_key, profile
        self.counters, self.log, self.clock, self.random_bytes = counters, log, clock, random_bytes
        self.value_max_bytes = profile.mimei.value_max_kib << 10
        self.epoch = self.changes = self._collected = 0
        self._collected_at = clock()
        self.always_flush = False
        self.labels_open = True
        self.keepers, self.listeners = [], []
        self.key_of = _nobody
        # Changes of one MiMei's root read the old one and write the new one: no two at a time.
        self._locks = [RLock() for _ in range(_LOCKS)]
        self._tickets, self._tickets_lock = OrderedDict(), Lock()
        self._indexing = Indexing(self)
        self._wake = None

    def lock_of(self, mid):
        """The lock that changes of a MiMei's root hold."""
        return self._locks[mid[0] % _LOCKS]

    def close(self):
        """Ends sessions, makes everything durable and lets the folder go; a second call does nothing."""
        self.sessions.close()
        self.held.close()
        self.store.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def index(self, tx, mid):
        """Has the search know a MiMei's words as they are now, and look at its content by and by; inside the transaction of a change."""
        if tx.get(MIMEI, mid) is not None:
            put_mimei(tx, mid, self.identity(tx, mid))
        tx.put(TO_INDEX, mid, b"")
        self.changes += 1

    def work_some(self):
        """Does a step of what runs beside: rows given up, files for the search. Returns whether there is more. For one thread."""
        self.rows.retire_some()
        if self.held.call(clear_some, durable=False):
            return True
        return self._indexing.step()

    def tell_version(self, mid, number):
        """Tells the listeners that a version was recorded, or released."""
        for listener in self.listeners:
            listener(mid, number)

    def wake(self):
        """Has `run` look for work at once."""
        if self._wake is not None:
            self._wake()

    async def run(self):
        """What runs beside, until cancelled (trio): flushes, expiry of keys, rows given up, the search, collection when due."""
        import trio

        token, event = trio.lowlevel.current_trio_token(), trio.Event()

        def wake():
            try:
                token.run_sync_soon(lambda: event.set())
            except trio.RunFinishedError:
                pass

        self._wake = wake
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.held.run)
                while True:
                    try:
                        await self._beside(trio)
                    except (MimeiError, StorageError) as error:
                        # A full or failing medium: what waits is tried again, and who writes hears of it himself.
                        if self.log is not None:
                            self.log.error("mimei-beside", reason=str(error))
                    with trio.move_on_after(LOOK_S):
                        await event.wait()
                    event = trio.Event()
        finally:
            self._wake = None

    async def _beside(self, trio):
        await trio.to_thread.run_sync(self.sessions.sweep)
        while await trio.to_thread.run_sync(self.work_some):
            await trio.sleep(_STEP_PAUSE_S)
        await trio.to_thread.run_sync(self._expire)
        if self._collection_is_due():
            await self._collect_beside(trio)
        self.counters.set("mimei_block_bytes", self.blocks.quota.used())
        self.counters.set("mimei_sessions", len(self.sessions))

    async def _collect_beside(self, trio):
        changes, steps = self.changes, self.collecting()
        try:
            while await trio.to_thread.run_sync(next, steps, None) is not None:
                await trio.sleep(_STEP_PAUSE_S)
        finally:
            steps.close()
        self._collected, self._collected_at = changes, self.clock()

    def _collection_is_due(self):
        past = self.clock() - self._collected_at
        if self.changes == self._collected or self.blocks.leases.is_collecting():
            return False
        full = self.blocks.quota.used() > self.blocks.limits.quota_bytes * 3 // 4
        return past > (COLLECT_MIN_S if full else COLLECT_MAX_S)

    def _expire(self):
        while self.held.call(self.rows.expire_some, durable=False):
            pass


def open_library(
    folder, profile, node_key, *, counters, log=None, clock=time.time, random_bytes=sodium.random_bytes, may_join=None, key_of=None,
    more_tables=(),
):  # fmt: skip
    """The Library in a folder, made if there is none.

    Args: profile (Profile), node_key (KeyPair), counters (Counters), clock (-> s since 1970), random_bytes (count -> bytes), may_join
    ((public key or None, Pass or None) -> whether that user may keep content here, None: who may register; without it everybody may),
    key_of (user's id -> public key or None, for issuers of passes who never signed in here), more_tables (of others, in the same store).
    Raises StorageError.
    """
    store = open_store(os.path.join(folder, "db"), profile.storage.data_map_mib << 20, (*TABLES, *more_tables), SCHEMA_VERSION)
    held = None
    try:
        free_min_bytes = profile.storage.data_free_min_mib << 20
        held = HeldWriter(store, changes_max_kib=profile.mimei.uncommitted_max_kib, free_min_bytes=free_min_bytes)
        library = Library(store, held, node_key, profile, counters, log, clock, random_bytes)
        limits = BlockLimits.of(profile.storage)
        library.key_of = key_of or _nobody
        library.blocks = BlockStore(os.path.join(folder, "blocks"), store, held, limits, counters, random_bytes)
        library.sessions = Sessions(profile.mimei, node_key.id, clock, random_bytes, may_join)
        library.accounts = Accounts(held, store, profile.mimei.password_memory_kib, clock, random_bytes)
        library.rows = CurRows(library)
        held.call(library.rows.recover)
        return library
    except BaseException:
        if held is not None:
            held.close()
        store.close()
        raise


def _nobody(id20):
    return None
