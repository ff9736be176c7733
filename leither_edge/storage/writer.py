"""One writer at a time under trio, off the event loop."""

import trio


class Writer:
    """Serialises commits of one store through one worker thread."""

    def __init__(self, store):
        self._store = store
        self._limiter = trio.CapacityLimiter(1)

    async def commit(self, fn):
        """Run fn(tx) in a transaction; return its result once durable."""
        return await trio.to_thread.run_sync(self._run, fn, limiter=self._limiter)

    def _run(self, fn):
        with self._store.write() as tx:
            return fn(tx)
