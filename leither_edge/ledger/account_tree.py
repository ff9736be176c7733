"""The versioned tree of accounts: a base on disk, a log of pulses, what is pending between them, and the upper levels in memory.

A change is computed (``prepare``), written within the caller's transaction (``write``), and then kept (``done``) or taken back (``undo``).
Nothing here locks: one caller at a time.
"""

from leither_edge.core.sum_tree import TOTAL_BOUND, TreeError
from leither_edge.ledger import log, run_path
from leither_edge.ledger.base import BASE, Reader
from leither_edge.ledger.chunk import bucket_of
from leither_edge.ledger.fold import fold
from leither_edge.ledger.heap import Heap
from leither_edge.ledger.history import History
from leither_edge.ledger.levels import levels_after, overlay_bits, page_bits
from leither_edge.ledger.many_paths import proof_of_many
from leither_edge.ledger.opening import read_tree
from leither_edge.ledger.tree_hash import LEAF_BYTES, run_root

TABLES = (BASE, log.LOG)
PULSE_MAX = (1 << 32) - 1
# Chunks that one transaction writes at most, however much is pending.
CHUNKS_MAX = 16
# What may be pending before a second window is folded in one pulse.
PENDING_SOFT = 1 << 15
_ZEROS = bytes(16)


class Batch:
    """A change on its way: made by ``prepare``, given to ``write``, then to ``done`` or ``undo``. entry: its row of the log."""

    __slots__ = ("entry", "before", "state", "folded", "fold_page")

    def __init__(self, entry, before, state):
        self.entry = entry
        # {account: (pulse, amount)} as it was, and (pulse, root, total, accounts, turn, turn bits).
        self.before = before
        self.state = state
        self.folded = []
        self.fold_page = None


class AccountTree:
    """The accounts of a book and their past. Made over an open store whose tables include TABLES.

    Args: store, history (pulses whose state can be asked for; 0 for none). Attributes: pulse, root (20 bytes), total, accounts, hashes.
    Raises StorageError, Damaged.
    """

    def __init__(self, store, history=0):
        self.store = store
        self.history_pulses = history
        self._fold_page = 0
        state = read_tree(store)
        self.heap, self.overlay = state.heap, state.overlay
        self.pulse, self.accounts = state.pulse, state.accounts
        self._turn, self._turn_bits = state.turn, state.turn_bits
        # First pulse that a start has to read; followed from time to time.
        self._replay = state.replay
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
            leaves = self.leaves(Reader(tx, self.heap.levels), bucket)
        leaf, below = run_path.path(list(leaves.values()), account)
        return leaf + below + steps

    def proof_many(self, accounts):
        """Bytes of one proof of many accounts (core/multi_proof.py). Raises Damaged."""
        if not self.total:
            return b""
        with self.store.read() as tx:
            reader = Reader(tx, self.heap.levels)
            return proof_of_many(self.heap, accounts, lambda bucket: list(self.leaves(reader, bucket).values()))

    def records(self, start=bytes(20)):
        """Yields (account, pulse, amount) in rising order from an account on. Reads a bucket at a time. Raises Damaged."""
        number = int.from_bytes
        for bucket in range(bucket_of(start, self.heap.levels), 1 << self.heap.levels):
            if self.heap.held((1 << self.heap.levels) + bucket):
                with self.store.read() as tx:
                    leaves = self.leaves(Reader(tx, self.heap.levels), bucket)
                for account, leaf in leaves.items():
                    if account >= start:
                        yield account, number(leaf[:8], "big"), number(leaf[8:16], "big")

    def leaves(self, reader, bucket, graves=False):
        """{account: leaf record} of a bucket in rising order, what is pending included; graves: with accounts that ended, too."""
        found = reader.leaves(bucket)
        pending = self.overlay.bucket(bucket, self.heap.levels)
        if pending:
            found = dict(sorted((found | pending).items()))
        if not graves:
            found = {account: leaf for account, leaf in found.items() if leaf[9:16] != b"\0\0\0\0\0\0\0"}
        return found

    # -- then

    def at(self, pulse):
        """The tree as it was after a pulse: root, total, accounts, get(account), proof(account). Raises HistoryError, Damaged."""
        return History(self).at(pulse)

    def history(self, account):
        """Yields (pulse, amount) of an account's changes, newest first, within the window. Raises Damaged."""
        return History(self).changes(account)

    def kept_from(self):
        """The oldest pulse whose state can be asked for."""
        return max(self.pulse - self.history_pulses, 0)

    # -- a change

    def prepare(self, pulse, changes):
        """Compute the tree after a pulse; pulse, root, total and accounts are the new ones from then on.

        Args: pulse (above the last one), changes ({account 20: new amount; 0 ends it}). Returns a Batch for ``write``.
        Raises TreeError (then nothing changed), Damaged.
        """
        if not self.pulse < pulse <= PULSE_MAX:
            raise TreeError("pulse", f"pulse {pulse} does not follow pulse {self.pulse}")
        before, leaves_of, total, count = self._gathered(changes)
        state = (self.pulse, self.root, self.total, self.accounts, self._turn, self._turn_bits)
        head = pulse.to_bytes(8, "big")
        for bucket, leaves in leaves_of.items():
            added = False
            for account in leaves.pop(None):
                amount = changes[account]
                if amount:
                    added = added or account not in leaves
                    leaves[account] = head + amount.to_bytes(8, "big") + account
                else:
                    leaves.pop(account, None)
            self._set_bucket(bucket, [leaves[account] for account in sorted(leaves)] if added else leaves.values())
        self.heap.climb(sorted(leaves_of))
        for account, amount in changes.items():
            self.overlay.put(account, pulse, amount)
        self.root, self.total = self.heap.root()
        assert self.total == total
        self.pulse, self.accounts = pulse, count
        self._fit_levels()
        return Batch(self._entry(pulse, changes, before), before, state)

    def write(self, tx, batch):
        """Append a Batch to the log and fold a few chunks, within the caller's transaction. Raises StorageError."""
        log.write(tx, batch.entry)
        horizon = self.kept_from() + 1 if self.history_pulses else PULSE_MAX
        first = page = self._fold_page
        chunks, folded = 0, []
        most = CHUNKS_MAX if self.overlay.count > PENDING_SOFT else CHUNKS_MAX // 2
        while chunks < most:
            done = fold(tx, self.heap, self.overlay, page, horizon, min(most - chunks, 7))
            if done is None:
                break
            accounts, page, written = done
            folded += accounts
            chunks += written
            # Round the end, or nothing left: the rest waits for the next pulse.
            if chunks + 5 > most or page <= first or len(folded) >= self.overlay.count:
                break
        batch.folded, batch.fold_page = folded, page

    def done(self, batch):
        """The transaction that took a Batch is durable."""
        for account in batch.folded:
            self.overlay.remove(account)
        if batch.fold_page is not None:
            self._fold_page = batch.fold_page

    def undo(self, batch):
        """The transaction that took a Batch failed: the tree is as it was before ``prepare``. Raises Damaged."""
        pulse, _, _, self.accounts, self._turn, self._turn_bits = batch.state
        buckets = {}
        for account, (then, amount) in batch.before.items():
            self.overlay.put(account, then or 0, amount)
            buckets[bucket_of(account, self.heap.levels)] = None
        with self.store.read() as tx:
            reader = Reader(tx, self.heap.levels)
            for bucket in buckets:
                self._set_bucket(bucket, self.leaves(reader, bucket).values())
        self.heap.climb(sorted(buckets))
        self.pulse = pulse
        self.root, self.total = self.heap.root()

    def prune(self, tx, before, rows_max=1024):
        """Drop old pulses from the log, as far as nothing needs them; returns how many rows went. Raises StorageError."""
        before = min(before, self.kept_from(), self._replay_from())
        if self.history_pulses:
            before = History(self).needed_from(tx, before)
        return log.drop(tx, before, rows_max)

    # -- inside

    def record(self, account):
        """(pulse, amount) of an account's record, also of its grave (amount 0), None where it has none. Raises Damaged."""
        pending = self.overlay.get(account)
        if pending is not None:
            return pending
        with self.store.read() as tx:
            return Reader(tx, self.heap.levels).find(account)

    def _gathered(self, changes):
        """({account: (pulse, amount) before}, {bucket: its leaves, under None the accounts that change}, total, accounts) of a change."""
        before, leaves_of = {}, {}
        total, count = self.total, self.accounts
        levels = self.heap.levels
        number = int.from_bytes
        with self.store.read() as tx:
            reader = Reader(tx, levels)
            for account in sorted(changes):
                amount = changes[account]
                if len(account) != 20:
                    raise TreeError("account", "an account id has 20 bytes")
                if not 0 <= amount < TOTAL_BOUND:
                    raise TreeError("amount", "an amount in a tree is below 2^56 and not negative")
                bucket = bucket_of(account, levels)
                leaves = leaves_of.get(bucket)
                if leaves is None:
                    leaves = leaves_of[bucket] = self.leaves(reader, bucket)
                    leaves[None] = []
                leaves[None].append(account)
                leaf = leaves.get(account)
                if leaf is None:
                    # A grave keeps the pulse in which the account ended.
                    before[account] = (self.record(account) or (0, 0)) if self.history_pulses else (0, 0)
                    count += amount > 0
                else:
                    held = number(leaf[8:16], "big")
                    before[account] = number(leaf[:8], "big"), held
                    total -= held
                    count -= not amount
                total += amount
        if total >= TOTAL_BOUND:
            raise TreeError("total", "the amounts would add up to 2^56 or more")
        return before, leaves_of, total, count

    def _set_bucket(self, bucket, leaves):
        run = b"".join(leaves)
        self.heap.set_bucket(bucket, run_root(run))
        self.heap.hashes += max(2 * (len(run) // LEAF_BYTES) - 1, 0)

    def _entry(self, pulse, changes, before):
        accounts = sorted(changes)
        new = [changes[account] for account in accounts]
        if not self.history_pulses:
            return log.Entry(
                pulse, self.root, self.total, self.accounts, accounts, new, None, None, self._replay_from(), self.heap.levels, 0, 0, b""
            )
        bits = page_bits(self.heap.levels)
        pages = log.changed_pages(accounts, bits)
        turn, turns = (self._turn, min(-(-len(pages) // 2), 1 << bits)) if bits == self._turn_bits else (0, 1 << bits)
        self._turn, self._turn_bits = (turn + turns) % (1 << bits), bits
        numbers = pages + [(turn + step) % (1 << bits) for step in range(turns)]
        sides = b"".join([self.heap.side(number + (1 << bits)) for number in numbers])
        return log.Entry(
            pulse, self.root, self.total, self.accounts, accounts, new, [before[account][0] for account in accounts],
            [before[account][1] for account in accounts], self._replay_from(), self.heap.levels, turn, turns, sides,
        )  # fmt: skip

    def _replay_from(self):
        # What waits longest is looked for now and then: an older answer is only less good.
        if self.pulse % 16 == 0 or not self._replay:
            self._replay = self.overlay.oldest() or self.pulse
        return self._replay

    def _fit_levels(self):
        levels = levels_after(self.heap.levels, self.accounts)
        if levels == self.heap.levels:
            return
        if levels < self.heap.levels:
            self.heap = self.heap.halved()
        else:
            heap = Heap(levels)
            heap.hashes = self.heap.hashes
            old = self.heap.levels
            with self.store.read() as tx:
                reader = Reader(tx, old)
                for bucket in range(1 << old):
                    runs = {}
                    for account, leaf in self.leaves(reader, bucket).items():
                        runs.setdefault(bucket_of(account, levels), []).append(leaf)
                    for number, leaves in runs.items():
                        heap.set_bucket(number, run_root(b"".join(leaves)))
                        heap.hashes += 2 * len(leaves) - 1
            heap.climb(range(1 << levels))
            self.heap = heap
        self.overlay = self.overlay.resized(overlay_bits(levels))
        self._fold_page = 0
