"""Where a provider's connection gets what to ask for and puts what came: one desk for each provider of a fetch."""

from .blocks_wire import BadWire

# What one block's bytes may wait for those before them to be checked and kept.
WAITING_MAX_BYTES = 512 << 10
# So few wants on their way are added to at once.
FEW = 4


class Desk:
    """A provider's side of a fetch. Args: run (the fetch's _Run), source (its Source).

    For each want: an Entry from `entries`, then `open`, `add` for what came and `close`, or `missing`. What was opened and not closed
    when the connection ends goes on elsewhere.
    """

    def __init__(self, run, source):
        self._run, self.source = run, source
        self._open = {}
        # How many wants were on their way when more were added last.
        self._filled_to = 0

    def begin(self):
        """The provider is there and can be asked."""
        self._run.plan.begin(self.source, self._run.now())

    async def entries(self):
        """([(Entry, offset)], [number of a want that is given up]) once there is something to ask."""
        run = self._run
        while True:
            found = []
            # Many small ones are asked for together, when half of the last ones have come.
            if len(self.source.entries) <= max(FEW, self._filled_to // 2):
                while (entry := run.plan.take(self.source, run.now())) is not None:
                    found.append((entry, run.arriving.offset(entry.label)))
                self._filled_to = len(self.source.entries)
            cancels = run.plan.take_cancels(self.source)
            if found or cancels:
                return found, cancels
            await run.changed()

    async def one(self):
        """(Entry, offset) of one block to ask for, for those who ask for each by itself; what is given up shows by its is_live."""
        run = self._run
        while (entry := run.plan.take(self.source, run.now())) is None:
            run.plan.take_cancels(self.source)
            await run.changed()
        return entry, run.arriving.offset(entry.label)

    def open(self, entry, size, offset):
        """The Block that the bytes from an offset go into, None where they are of no use any more: `drop` them. Raises BadWire."""
        if offset > size:
            raise BadWire("A provider says that a block is shorter than what came of it.")
        run = self._run
        if not entry.is_live:
            return None
        run.plan.sized(entry, size - offset)
        block = run.arriving.begin(entry.label, size, offset)
        if block is None:
            # Another provider told another size; which of them is wrong shows when it came whole.
            entry.is_live = False
            run.plan.again(entry.label)
            return None
        block.add(self.source.key, 0)
        self._open[entry] = block
        return block

    def add(self, entry, block, count):
        """So many bytes of a block came into its room; block None: they were dropped."""
        run = self._run
        run.plan.heard(self.source, count, run.now())
        if block is None:
            run.arriving.dropped_bytes += count
        else:
            block.add(self.source.key, count)
            run.plan.sized(entry, len(block.data) - block.filled)
        run.received(self.source, count)

    async def close(self, entry, is_good=True):
        """A block has come whole. Args: is_good (False: its giver found that its medium spoilt it)."""
        run, block = self._run, self._open.pop(entry, None)
        run.plan.answered(entry)
        if block is None:
            run.wake()
            return
        if not is_good:
            run.arriving.dropped_bytes += len(block.data)
            run.plan.missing(entry)
            run.wake()
            return
        # Not this provider's silence, but our own disk.
        self.source.is_paused = True
        try:
            await run.came(block, self.source)
        finally:
            self.source.is_paused = False
            self.source.heard = run.now()

    def missing(self, entry):
        """The provider has not got a block. Returns whether to leave it alone for a while."""
        run = self._run
        run.plan.heard(self.source, 0, run.now())
        run.plan.answered(entry)
        is_enough = run.plan.missing(entry)
        run.wake()
        return is_enough

    def cancelled(self, entry):
        """The provider gave up a want as it was told. Raises BadWire: it was not told."""
        if entry.is_live:
            raise BadWire("A provider gave up a block that it was to give.")
        self._run.plan.answered(entry)

    def end(self, is_gone=False):
        """The connection has ended, or is_gone: the provider is not asked again."""
        run = self._run
        for block in self._open.values():
            if run.is_shunned(self.source):
                run.arriving.drop(block)
            else:
                run.arriving.cut(block)
        self._open.clear()
        run.plan.lost(self.source, run.now(), is_gone)
        run.wake()
