"""Loading a whole book: records that arrive in rising order are hashed and written as they come, in bounded memory.

Until the load's own pulse stands in the log there is no book: what a crash leaves is dropped when the store is opened.
"""

from leither_edge.core.sum_tree import ACCOUNT_BYTES, TOTAL_BOUND, TreeError
from leither_edge.ledger import log
from leither_edge.ledger.base import BASE, FIRST_KEY, bucket_entry, key_of, pack
from leither_edge.ledger.chunk import bucket_of
from leither_edge.ledger.heap import Heap
from leither_edge.ledger.levels import levels_for, page_bits
from leither_edge.ledger.opening import drop_half_loaded
from leither_edge.ledger.tree_hash import run_root

# Buckets that are packed together: some hundred chunks, a few megabytes, one transaction.
STRETCH_BUCKETS = 1 << 11


def load(store, records, pulse, accounts, history=0, finish=None):
    """Fill an empty book; yields the number of records so far from time to time, and does nothing unless it is iterated to the end.

    Args: store (open, with the tree's TABLES), records (iterable of (account 20, pulse of its last change, amount), rising), pulse (of the
    state as a whole), accounts (how many records there will be), history (as for AccountTree), finish ((tx, root, total) called within the
    last transaction). Raises TreeError (what is wrong with a record), StorageError.
    """
    with store.read() as tx:
        if log.newest(tx) is not None:
            raise TreeError("book", "the book is not empty")
    drop_half_loaded(store)
    heap = Heap(levels_for(accounts))
    writer = _Writer(store, heap)
    done = 0
    for bucket, run in _runs(records, heap.levels, pulse):
        done += len(run)
        if writer.take(bucket, run):
            yield done
    writer.flush()
    if done != accounts:
        raise TreeError("accounts", f"{accounts} accounts were announced, {done} came")
    heap.climb(range(1 << heap.levels))
    root, total = heap.root()
    bits = page_bits(heap.levels)
    pages = 1 << bits if history else 0
    entry = log.Entry(
        pulse, root, total, done, [], [], [] if history else None, [] if history else None, pulse, pulse, heap.levels, 0, pages,
        b"".join([heap.side(pages + number) for number in range(pages)]),
    )  # fmt: skip
    with store.write() as tx:
        log.write(tx, entry)
        if finish is not None:
            finish(tx, root, total)
    yield done


class _Writer:
    """Turns buckets into chunks, some hundred at a time."""

    def __init__(self, store, heap):
        self._store = store
        self._heap = heap
        self._held = []
        self._last = None
        self._total = 0

    def take(self, bucket, run):
        """Hash a bucket's records and keep them for writing; returns whether some were written."""
        self._total += sum([amount for _, _, amount in run])
        if self._total >= TOTAL_BOUND:
            raise TreeError("total", "the amounts add up to 2^56 or more")
        leaves = b"".join([pulse.to_bytes(8, "big") + amount.to_bytes(8, "big") + account for account, pulse, amount in run])
        value = run_root(leaves)
        self._heap.set_bucket(bucket, value)
        self._heap.hashes += 2 * len(run) - 1
        self._held.append(bucket_entry(bucket, value[8:], run, self._heap.levels))
        if len(self._held) < STRETCH_BUCKETS:
            return False
        self.flush()
        return True

    def flush(self):
        """Write what is held."""
        with self._store.write() as tx:
            for first, last, data in pack(self._heap.levels, self._held, even=False):
                tx.put(BASE, FIRST_KEY if self._last is None else key_of(first, self._last), data)
                self._last = last
        self._held = []


def _runs(records, levels, newest):
    """Yields (bucket, [record, ...]) of records in rising order."""
    run, bucket = [], None
    last = b""
    for record in records:
        account, pulse, amount = record
        if len(account) != ACCOUNT_BYTES or account <= last:
            raise TreeError("account", "the accounts do not come in rising order, 20 bytes each")
        if not 0 < amount < TOTAL_BOUND:
            raise TreeError("amount", "an amount in a tree is 1 or more, and below 2^56")
        if not 0 < pulse <= newest:
            raise TreeError("pulse", "the last change of an account is at pulse 1 or later, and not after the pulse of the book")
        last = account
        number = bucket_of(account, levels)
        if number != bucket:
            if run:
                yield bucket, run
            run, bucket = [], number
        run.append(record)
    if run:
        yield bucket, run
