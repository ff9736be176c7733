"""One write transaction kept open over many changes and committed together.

A flush of the medium costs 5 to 50 ms, a change of pages in memory some microseconds. So changes gather in one transaction.
A thread of its own begins and commits it, since LMDB's lock of writers belongs to the thread that took it; in between any
thread may work in it, one at a time. There are two ways in:

    call()    from worker threads: a function, whole or not at all, run on that thread; those that wait together share a flush
    quick()   from the trio thread: a block that is undone if it fails, and that waits for nothing while is_committing is false

What quick() and call(durable=False) changed is durable within `period_s`. When a commit itself fails (the medium did), all that
it held is gone as by a power cut: `losses` counts it, and who waits for durability hears why.
"""

import threading
import time

from .errors import StorageError
from .held_transaction import HeldTransaction


class _Call:
    """A function on its way through the writing thread. done: what is set when it was run, and committed if durable."""

    __slots__ = ("fn", "durable", "reserve", "done", "result", "error")

    def __init__(self, fn, durable, reserve, done):
        self.fn = fn
        self.durable = durable
        self.reserve = reserve
        self.done = done
        self.result = None
        self.error = None

    def outcome(self):
        if self.error is not None:
            raise self.error
        return self.result


class _TaskEvent:
    """An event of trio that another thread may set."""

    __slots__ = ("_token", "_event", "wait")

    def __init__(self):
        import trio

        self._token = trio.lowlevel.current_trio_token()
        self._event = trio.Event()
        self.wait = self._event.wait

    def set(self):
        try:
            self._token.run_sync_soon(self._event.set)
        except Exception:
            # That loop has ended, and the task with it.
            pass


class HeldWriter:
    """The one writer of an open Store: meanwhile nothing else may write there.

    period_s: longest time that a change stays undurable. changes_max_kib: changes held in memory, by estimate, before they
    are committed early. free_min_bytes: of the partition, which require() keeps free.
    losses: how often changes were given up because a commit failed. is_committing: quick() would have to wait.
    """

    def __init__(self, store, period_s=1.0, changes_max_kib=4096, free_min_bytes=0):
        self.losses = 0
        self.is_committing = False
        self._store = store
        self._period_s = period_s
        self._changes_max_bytes = changes_max_kib << 10
        self._free_min_bytes = free_min_bytes
        self._writing = self._tx = None
        self._use = threading.Lock()
        self._quick_by = None  # the thread that is inside quick()
        self._wake = threading.Condition(threading.Lock())
        self._calls = []  # wait to be run
        self._ran = []  # have been run, in the transaction that is open
        self._tasks = []  # wait in ready()
        self._due = None  # when what was changed must be committed; None: nothing was
        self._early = self._closing = False
        self._broken = None
        self._thread = threading.Thread(target=self._work, name="held writer", daemon=True)
        begun = _Call(_nothing, False, False, threading.Event())
        self._calls.append(begun)
        self._thread.start()
        begun.done.wait()
        if begun.error is not None:
            self.close()
            raise begun.error

    # -- from worker threads

    def call(self, fn, durable=True, reserve=False):
        """Run fn(tx) on the writing thread, whole or not at all; return its result.

        durable: return once it is on disk. reserve: may use what Store.write keeps back. Raises what fn raised, or
        StorageError where the commit failed.
        """
        call = _Call(fn, durable, reserve, threading.Event())
        self._take(call)
        call.done.wait()
        return call.outcome()

    def flush_now(self):
        """Return once everything changed until now is durable. Raises StorageError if it could not be."""
        self.call(_nothing)

    # -- from trio

    async def commit(self, fn, durable=True, reserve=False):
        """As call(), for a task. Not cut short by cancellation: what may be durable is never reported as not done."""
        import trio

        await trio.lowlevel.checkpoint_if_cancelled()
        call = _Call(fn, durable, reserve, _TaskEvent())
        self._take(call)
        with trio.CancelScope(shield=True):
            await call.done.wait()
        return call.outcome()

    async def flush(self, since=None):
        """Return once everything changed until now is durable. Raises StorageError if it could not be.

        since: `losses` as it was before the change; a commit that failed before this call began gave it up, too.
        """
        await self.commit(_nothing)
        if since not in (None, self.losses):
            raise StorageError(f"The store in {self._store.folder} could not keep what was changed last: it was given up. Try again.")

    async def ready(self):
        """Return when quick() need not wait."""
        while self.is_committing:
            event = _TaskEvent()
            self._tasks.append(event)
            if not self.is_committing:
                event.set()
            await event.wait()

    async def run(self):
        """Wait to be cancelled, then make what was changed durable: a task beside those that change."""
        import trio

        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await self.flush()

    def quick(self):
        """Return a context manager for a HeldTransaction: whole or not at all, durable with the next commit.

        Ask tx.require(bytes, rows) before the first change; no block and no call() may begin inside. Raises StorageError when
        an earlier failure has not been mended.
        """
        return _Quick(self)

    # -- from any thread

    def close(self):
        """Commit what there is and end the thread; a second call does nothing. Raises StorageError if the commit failed."""
        with self._wake:
            if self._closing:
                return
            self._closing = True
            self._wake.notify()
        self._thread.join()
        if self._broken is not None:
            raise self._broken

    def _take(self, call):
        own = threading.get_ident()
        if own == self._thread.ident:
            raise RuntimeError("a function inside call() may not call again")
        if own == self._quick_by:
            raise RuntimeError("what runs inside quick() may not call: it would wait for itself")
        with self._wake:
            if self._closing:
                raise StorageError(f"The store in {self._store.folder} is closed.")
            self._calls.append(call)
            self._wake.notify()

    def _changed(self, tx):
        """After a block that changed something; the thread has to know when to commit."""
        if self._due is None or tx is None or tx.is_large(self._changes_max_bytes):
            with self._wake:
                self._note_change()
                if tx is None or tx.is_large(self._changes_max_bytes):
                    self._early = self.is_committing = True
                self._wake.notify()

    def _note_change(self):
        if self._due is None:
            self._due = time.monotonic() + self._period_s

    # -- the writing thread

    def _work(self):
        self._store.hold(threading.get_ident())
        last = False
        while not last:
            calls, commit, last = self._next_work()
            self.is_committing = True
            with self._use:
                self._do(calls, commit, last)
                self._early = False
                self.is_committing = False
            tasks, self._tasks = self._tasks, []
            for waiting in tasks:
                waiting.set()
            for call in calls:
                call.done.set()
        self._store.hold(None)

    def _next_work(self):
        """Wait for something to do; return (calls, whether to commit in any case, whether it is the end)."""
        with self._wake:
            while not (self._calls or self._early or self._closing):
                left = None if self._due is None else self._due - time.monotonic()
                if left is not None and left <= 0:
                    break
                self._wake.wait(left)
            calls, self._calls = self._calls, []
            due = self._early or (self._due is not None and self._due <= time.monotonic())
            return calls, due, self._closing

    def _do(self, calls, commit, last):
        if self._broken is not None:
            self._give_up(self._broken)
        for call in calls:
            commit = commit or call.durable
            try:
                if self._tx is not None and self._tx.is_large(self._changes_max_bytes):
                    self._commit()
                self._begin()
                self._run(call)
            except BaseException as error:
                call.error = error
        try:
            if last or commit and self._due is not None:
                self._commit()
        except BaseException as error:
            self._broken = error if last else None
        self._ran = []
        try:
            # After a commit that failed, too: else quick() would be refused until somebody calls.
            if not last:
                self._begin()
        except BaseException:
            # The next call tries again, and is told.
            pass

    def _run(self, call):
        mark = self._tx.begin_block()
        try:
            with self._tx.nested(call.reserve) as inner:
                call.result = call.fn(inner)
        except BaseException as error:
            if self._tx.failed is not None:
                self._give_up(error)
            raise
        self._ran.append(call)
        if self._tx.has_changed(mark + 1):
            # The nested transaction counts as a change of its own.
            self._note_change()

    def _begin(self):
        if self._tx is None:
            writing = self._store.write(kind=HeldTransaction)
            self._tx = writing.__enter__()
            self._writing = writing
            self._tx.keep_free(self._free_min_bytes)

    def _commit(self):
        if self._tx is None:
            return
        self._tx = None
        try:
            self._writing.__exit__(None, None, None)
        except BaseException as error:
            self._lost(error)
            raise
        self._due, self._ran = None, []

    def _give_up(self, error):
        self._tx = self._broken = None
        self._writing.__exit__(StorageError, None, None)
        self._lost(error)

    def _lost(self, error):
        self.losses += self._due is not None
        self._due = None
        for call in self._ran:
            # One instance each: a raised exception collects the traceback of its task.
            call.error = type(error)(*error.args) if isinstance(error, StorageError) else error
        self._ran = []


class _Quick:
    __slots__ = ("_held", "_tx", "_mark")

    def __init__(self, held):
        self._held = held

    def __enter__(self):
        held = self._held
        held._use.acquire()
        self._tx = held._tx
        if self._tx is None or held._broken is not None:
            held._use.release()
            raise StorageError(
                f"The store in {held._store.folder} takes no changes at this moment: the last could not be written. Try again."
            )
        self._mark = self._tx.begin_block()
        held._quick_by = threading.get_ident()
        return self._tx

    def __exit__(self, kind, error, traceback):
        held, tx = self._held, self._tx
        try:
            error = error or tx.failed
            if tx.failed is None and not tx.has_changed(self._mark):
                return
            if error is not None and not tx.undo_block():
                # Half a block must never be committed; only the writing thread can end the transaction.
                held._broken, tx = error, None
            held._changed(tx)
            if kind is None and error is not None:
                raise error
        finally:
            held._quick_by = None
            held._use.release()


def _nothing(tx):
    pass
