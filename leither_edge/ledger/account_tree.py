"""The versioned tree of accounts: a base on disk, a log of pulses, what is pending between them, and the upper levels in memory.

A change is computed (``prepare``), written within the caller's transaction (``write``), and then kept (``done``) or taken back (``undo``).
Nothing here locks: one caller at a time.
"""

import struct
from collections import Counter, namedtuple
from itertools import repeat

from leither_edge.core.sum_tree import TOTAL_BOUND, TreeError
from leither_edge.ledger import log, run_path
from leither_edge.ledger.base import BASE, Reader
from leither_edge.ledger.chunk import bucket_of
from leither_edge.ledger.fold import WINDOW, fold
from leither_edge.ledger.heap import Heap
from leither_edge.ledger.history import History
from leither_edge.ledger.levels import levels_after, page_bits
from leither_edge.ledger.many_paths import proof_of_many
from leither_edge.ledger.opening import read_tree
from leither_edge.ledger.tree_hash import LEAF_BYTES, applied, merged, run_root, split

TABLES = (BASE, log.LOG)
PULSE_MAX = (1 << 32) - 1
# Chunks that one transaction writes at most, however much is pending.
CHUNKS_MAX = 16
# What may be pending, or an eighth of all accounts if that is more, before a second window is folded in one pulse.
PENDING_SOFT = 1 << 15
LEAF = struct.Struct(">QQ20s")
_TOP, _THEN = struct.Struct(">16xI16x"), struct.Struct(">QQ")
# Without history the log is dropped behind what a start needs: not in each pulse, since each time touches pages of the store.
DROP_EVERY = 8

# Of a pulse: accounts (rising), their new amounts, the pulses and amounts before; by bucket: runs as they will be, and leaf records
# that change; count of accounts.
Changed = namedtuple("Changed", ("accounts", "new", "before", "old", "runs", "fresh", "count"))


class Batch:
    """A change on its way: made by ``prepare``, given to ``write``, then to ``done`` or ``undo``. entry: its row of the log."""

    __slots__ = ("entry", "before", "state", "folded", "cursor")

    def __init__(self, entry, before, state):
        self.entry = entry
        # [(account, pulse, amount), ...] as it was, and (pulse, accounts, turn, bits of a page, replay, kept).
        self.before = before
        self.state = state
        self.folded = []
        self.cursor = bytes(20)


class AccountTree:
    """The accounts of a book and their past. Made over an open store whose tables include TABLES.

    Args: store, history (pulses whose state can be asked for; 0 for none). Attributes: pulse, root (20 bytes), total, accounts, hashes.
    Raises StorageError, Damaged.
    """

    def __init__(self, store, history=0):
        self.store = store
        self.history_pulses = history
        self._cursor = bytes(20)
        state = read_tree(store)
        self.heap, self.overlay = state.heap, state.overlay
        self.pulse, self.accounts = state.pulse, state.accounts
        self._turn, self._turn_bits = state.turn, state.turn_bits
        # First pulse that a start has to read; followed from time to time.
        self._replay = state.replay
        # Rows of the log written since some were dropped.
        self._rows = 0
        # What only older pulses need may be forgotten, or was never kept: the number of pulses may be another one at each start.
        self._kept = state.kept
        self.root, self.total = self.heap.root()

    @property
    def hashes(self):
        """Hashes computed so far."""
        return self.heap.hashes

    # -- now

    def get(self, account):
        """(pulse of the last change, amount) of an account (20 bytes), (None, 0) where it holds nothing. Raises Damaged."""
        pulse, amount = self.record(account) or (None, 0)
        return (pulse, amount) if amount else (None, 0)

    def proof(self, account):
        """Bytes of the proof of what an account holds, or that it holds nothing (core/proof.py). Raises Damaged."""
        if not self.total:
            return b""
        bucket, steps = self.heap.path(account)
        with self.store.read() as tx:
            run = self.run(Reader(tx, self.heap.levels), bucket)
        leaf, below = run_path.path(split(run), account)
        return leaf + below + steps

    def proof_many(self, accounts):
        """Bytes of one proof of many accounts (core/multi_proof.py). Raises Damaged."""
        if not self.total:
            return b""
        with self.store.read() as tx:
            reader = Reader(tx, self.heap.levels)
            return proof_of_many(self.heap, accounts, lambda bucket: split(self.run(reader, bucket)))

    def records(self, start=bytes(20)):
        """Yields (account, pulse, amount) in rising order from an account on. Reads a bucket at a time. Raises Damaged."""
        for bucket in range(bucket_of(start, self.heap.levels), 1 << self.heap.levels):
            if self.heap.held((1 << self.heap.levels) + bucket):
                with self.store.read() as tx:
                    run = self.run(Reader(tx, self.heap.levels), bucket)
                for pulse, amount, account in LEAF.iter_unpack(run):
                    if account >= start:
                        yield account, pulse, amount

    def run(self, reader, bucket, graves=False):
        """The leaf records of a bucket in rising order, what is pending included; graves: with accounts that ended, too."""
        return merged(reader.run(bucket), self.overlay.run(bucket), graves)

    # -- then

    def at(self, pulse):
        """The tree as it was after a pulse: root, total, accounts, get(account), proof(account). Raises HistoryError, Damaged."""
        return History(self).at(pulse)

    def history(self, account):
        """Yields (pulse, amount) of an account's changes, newest first, within the window. Raises Damaged."""
        return History(self).changes(account)

    def kept_from(self):
        """The oldest pulse whose state can be asked for."""
        return max(self.pulse - self.history_pulses, self._kept)

    # -- a change

    def prepare(self, pulse, changes):
        """Compute the tree after a pulse; pulse, root, total and accounts are the new ones from then on.

        Args: pulse (the last one's and 1; any for the first), changes ({account 20: new amount; 0 ends it}). Returns a Batch for
        ``write``. Raises TreeError (then nothing changed), Damaged.
        """
        if not self.pulse < pulse <= PULSE_MAX or self.pulse and pulse > self.pulse + 1:
            raise TreeError("pulse", f"pulse {pulse} does not follow pulse {self.pulse}")
        changed = self._gathered(pulse, changes)
        state = (self.pulse, self.accounts, self._turn, self._turn_bits, self._replay, self._kept)
        for bucket, run in changed.runs.items():
            self._set_bucket(bucket, run)
        self.heap.climb(changed.runs)
        for bucket, leaves in changed.fresh.items():
            self.overlay.put(bucket, leaves, pulse)
        self.root, self.total = self.heap.root()
        self.pulse, self.accounts = pulse, changed.count
        self._kept = self.kept_from()
        batch = Batch(None, zip(changed.accounts, changed.before, changed.old, strict=True), state)
        try:
            # Other levels need all chunks, of which one may be damaged.
            self._fit_levels()
        except BaseException:
            self.undo(batch)
            raise
        batch.entry = self._entry(pulse, changed)
        return batch

    def write(self, tx, batch):
        """Append a Batch to the log and fold a few chunks, within the caller's transaction. Raises StorageError."""
        self._rows += log.write(tx, batch.entry)
        horizon = self.kept_from() + 1 if self.history_pulses else PULSE_MAX
        first = cursor = self._cursor
        chunks, folded = 0, []
        most = CHUNKS_MAX if self.overlay.count > max(PENDING_SOFT, self.accounts >> 3) else 1
        while True:
            done = fold(tx, self.heap, self.overlay, cursor, horizon)
            if done is None:
                break
            folded.append((done.start, done.end))
            chunks += done.chunks
            cursor = done.cursor
            # Enough, or round the end: the rest waits for the next pulse.
            if chunks + WINDOW + 1 > most or cursor <= first or done.start <= first < (done.end or b"\xff" * 21):
                break
        batch.folded, batch.cursor = folded, cursor
        if not self.history_pulses and not self.pulse % DROP_EVERY:
            log.drop(tx, self._replay_from(), self._drop_rows(16 * DROP_EVERY))

    def done(self, batch):
        """The transaction that took a Batch is durable."""
        for start, end in batch.folded:
            self.overlay.clear(start, end)
        self._cursor = batch.cursor

    def undo(self, batch):
        """The transaction that took a Batch failed: the tree is as it was before ``prepare``. Raises Damaged."""
        self.pulse, self.accounts, self._turn, self._turn_bits, self._replay, self._kept = batch.state
        buckets = {}
        for account, pulse, amount in batch.before:
            bucket = bucket_of(account, self.heap.levels)
            self.overlay.put(bucket, LEAF.pack(pulse, amount, account), self.pulse + 1)
            buckets[bucket] = None
        with self.store.read() as tx:
            reader = Reader(tx, self.heap.levels)
            for bucket in buckets:
                self._set_bucket(bucket, self.run(reader, bucket))
        self.heap.climb(buckets)
        self.root, self.total = self.heap.root()

    def prune(self, tx, before, rows_max=None):
        """Drop old pulses from the log, as far as nothing needs them; returns how many rows went. Raises StorageError.

        rows_max: about how many at most; None: 1,024, or more where more came since the last time.
        """
        # What the newest pulse on disk promises, whatever this start would keep; an older pulse may lack its pages after earlier drops.
        needed = History(self).needed_from(tx, self._kept)
        return log.drop(tx, min(before, needed, self._replay_from()), rows_max or self._drop_rows(1024))

    # -- inside

    def record(self, account):
        """(pulse, amount) of an account's record, also of its grave (amount 0), None where it has none. Raises Damaged."""
        pending = self.overlay.get(account)
        if pending is not None:
            return pending
        with self.store.read() as tx:
            return Reader(tx, self.heap.levels).find(account)

    def _gathered(self, pulse, changes):
        """The Changed of a pulse; nothing in memory is touched. Raises TreeError, Damaged."""
        accounts = sorted(changes)
        amounts = list(map(changes.__getitem__, accounts))
        if len(accounts) > log.CHANGES_MAX:
            raise TreeError("changes", f"{len(accounts)} changes are more than the {log.CHANGES_MAX} that one pulse can have")
        if set(map(len, accounts)) - {20}:
            raise TreeError("account", "an account id has 20 bytes")
        if amounts and not 0 <= min(amounts) <= max(amounts) < TOTAL_BOUND:
            raise TreeError("amount", "an amount in a tree is below 2^56 and not negative")
        levels = self.heap.levels
        shift = 32 - levels
        leaves = b"".join(map(LEAF.pack, repeat(pulse), amounts, accounts))
        runs, fresh, before = {}, {}, []
        at = 0
        with self.store.read() as tx:
            reader = Reader(tx, levels)
            for bucket, many in Counter([top >> shift for (top,) in _TOP.iter_unpack(leaves)]).items():
                fresh[bucket] = leaves[at : at + LEAF_BYTES * many]
                at += LEAF_BYTES * many
                runs[bucket], then = applied(self.run(reader, bucket, graves=True), fresh[bucket])
                before.append(then)
        then = list(_THEN.iter_unpack(b"".join(before)))
        held = [amount for _, amount in then]
        total = self.total + sum(amounts) - sum(held)
        if total >= TOTAL_BOUND:
            raise TreeError("total", "the amounts would add up to 2^56 or more")
        count = self.accounts + held.count(0) - amounts.count(0)
        return Changed(accounts, amounts, [pulse for pulse, _ in then], held, runs, fresh, count)

    def _set_bucket(self, bucket, run):
        self.heap.set_bucket(bucket, run_root(run))
        self.heap.hashes += max(2 * (len(run) // LEAF_BYTES) - 1, 0)

    def _entry(self, pulse, changed):
        accounts, new = changed.accounts, changed.new
        if not self.history_pulses:
            return log.Entry(
                pulse, self.root, self.total, self.accounts, accounts, new, None, None, self._replay_from(), self._kept,
                self.heap.levels, 0, 0, b"",
            )  # fmt: skip
        bits = page_bits(self.heap.levels)
        pages = log.changed_pages(accounts, bits)
        turn, turns = (self._turn, min(-(-len(pages) // 2), 1 << bits)) if bits == self._turn_bits else (0, 1 << bits)
        self._turn, self._turn_bits = (turn + turns) % (1 << bits), bits
        numbers = pages + [(turn + step) % (1 << bits) for step in range(turns)]
        sides = b"".join([self.heap.side(number + (1 << bits)) for number in numbers])
        return log.Entry(
            pulse, self.root, self.total, self.accounts, accounts, new, changed.before, changed.old, self._replay_from(), self._kept,
            self.heap.levels, turn, turns, sides,
        )  # fmt: skip

    def _replay_from(self):
        # What waits longest is looked for now and then: an older answer is only less good.
        if self.pulse % 16 == 0 or not self._replay:
            self._replay = self.overlay.oldest() or self.pulse
        return self._replay

    def _drop_rows(self, least):
        # Twice what was written since the last time: the log does not outgrow what is dropped, however full the pulses are.
        rows, self._rows = max(least, 2 * self._rows), 0
        return rows

    def _fit_levels(self):
        levels = levels_after(self.heap.levels, self.accounts)
        if levels == self.heap.levels:
            return
        if levels < self.heap.levels:
            heap = self.heap.halved()
        else:
            heap = Heap(levels)
            heap.hashes = self.heap.hashes
            old = self.heap.levels
            with self.store.read() as tx:
                reader = Reader(tx, old)
                for bucket in range(1 << old):
                    runs = {}
                    for leaf in split(self.run(reader, bucket)):
                        runs.setdefault(bucket_of(leaf[16:], levels), []).append(leaf)
                    for number, leaves in runs.items():
                        heap.set_bucket(number, run_root(b"".join(leaves)))
                        heap.hashes += 2 * len(leaves) - 1
            heap.climb(range(1 << levels))
        self.heap, self.overlay = heap, self.overlay.resized(levels)
        self._cursor = bytes(20)
