"""Commits of many trio tasks, off the event loop, several in one flush of the medium.

A flush costs 5 to 50 ms on an SD card and writes whole pages. So what arrives while one flush runs goes into the next
one together: each fn in a nested transaction of its own, which fails alone, and all durable at once.

Whoever finds the writer idle leads: it takes what waits, itself included, and runs it in a worker thread. When done it
wakes those it served and hands the lead to the first that still waits, so nobody works for others for long.
"""

import trio

from .errors import StorageError

# Keeps one transaction, and the wait for it, short.
BATCH_MAX = 64


class _Waiting:
    """One commit on its way. turn is set when it is done or shall lead."""

    __slots__ = ("fn", "reserve", "turn", "done", "result", "error")

    def __init__(self, fn, reserve):
        self.fn = fn
        self.reserve = reserve
        self.turn = trio.Event()
        self.done = False
        self.result = None
        self.error = None


class Writer:
    """Gathers the commits of one store."""

    def __init__(self, store):
        self._store = store
        self._queue = []
        self._busy = False

    async def commit(self, fn, reserve):
        """Run fn(tx) in a transaction; return its result once durable, or raise what it raised."""
        await trio.lowlevel.checkpoint_if_cancelled()
        mine = _Waiting(fn, reserve)
        self._queue.append(mine)
        # From here on it may become durable, so the caller must hear the outcome; the wait is as long as a flush.
        with trio.CancelScope(shield=True):
            if self._busy:
                await mine.turn.wait()
            if not mine.done:
                await self._lead()
        if mine.error is not None:
            raise mine.error
        return mine.result

    async def _lead(self):
        self._busy = True
        batch = self._queue[:BATCH_MAX]
        del self._queue[:BATCH_MAX]
        try:
            await trio.to_thread.run_sync(self._run, batch)
        except BaseException as error:
            for waiting in batch:
                if waiting.error is None:
                    # One instance each: a raised exception collects the traceback of its task.
                    waiting.error = type(error)(*error.args) if isinstance(error, StorageError) else error
        finally:
            for waiting in batch:
                waiting.done = True
                waiting.turn.set()
            self._busy = bool(self._queue)
            if self._queue:
                self._queue[0].turn.set()

    def _run(self, batch):
        if len(batch) == 1:
            with self._store.write(batch[0].reserve) as tx:
                batch[0].result = batch[0].fn(tx)
            return
        with self._store.write() as tx:
            for waiting in batch:
                try:
                    with tx.nested(waiting.reserve) as inner:
                        waiting.result = waiting.fn(inner)
                except BaseException as error:
                    waiting.error = error
