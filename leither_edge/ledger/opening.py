"""Reading a tree from disk: buckets' roots from the base, the log's last pulses over it, and a check against the newest pulse."""

import struct
from collections import namedtuple

from leither_edge.ledger import log
from leither_edge.ledger.base import BASE, Reader, read_chunk
from leither_edge.ledger.chunk import bucket_of
from leither_edge.ledger.heap import Heap
from leither_edge.ledger.levels import LEVELS_MIN, page_bits
from leither_edge.ledger.overlay import Overlay
from leither_edge.ledger.tree_hash import merged, run_root
from leither_edge.storage import Damaged

# turn_bits: bits of the page whose turn is next, None where pages have to be written in full.
State = namedtuple("State", ("heap", "overlay", "pulse", "accounts", "turn", "turn_bits", "replay", "kept"))
_DROP_ROWS = 512
_LEAF = struct.Struct(">QQ20s")


def read_tree(store):
    """The State in a store. Raises StorageError, Damaged."""
    with store.read() as tx:
        newest = log.newest(tx)
        head = None if newest is None else log.read(tx, newest)
    if newest is None:
        drop_half_loaded(store)
        return State(Heap(LEVELS_MIN), Overlay(LEVELS_MIN), 0, 0, 0, None, 0, 0)
    if head is None:
        raise Damaged(f"Pulse {newest} of the log lacks its first part. Check the book: leither ledger fsck")
    with store.read() as tx:
        heap = Heap(head.levels)
        anew = bytearray(1 << head.levels)
        for key, data in tx.scan(BASE):
            _take_roots(heap, read_chunk(key, data), anew)
        _hash_marked(heap, anew, Reader(tx, head.levels))
        overlay = Overlay(head.levels)
        for pulse in range(max(head.replay, log.first(tx)), newest + 1):
            entry = log.read(tx, pulse)
            if entry is None:
                raise Damaged(f"Pulse {pulse} is missing from the log. Restore the book from an export.")
            for account, amount in zip(entry.accounts, entry.new, strict=True):
                overlay.put(bucket_of(account, head.levels), _LEAF.pack(pulse, amount, account), pulse)
        _hash_pending(heap, overlay, Reader(tx, head.levels))
    heap.climb(range(1 << head.levels))
    if heap.root() != (head.root, head.total):
        raise Damaged(
            f"The accounts on disk do not add up to the root of pulse {newest}. "
            "See what is wrong, and what can be restored: leither ledger fsck"
        )
    bits = page_bits(head.levels)
    return State(
        heap, overlay, newest, head.count, (head.turn + head.turns) % (1 << bits), None if head.before is None else bits, head.replay,
        head.kept,
    )  # fmt: skip


def _take_roots(heap, chunk, anew):
    for index, number in enumerate(chunk.numbers):
        if chunk.levels == heap.levels and chunk.is_whole(index):
            heap.set_bucket(number, chunk.held(index).to_bytes(8, "big") + chunk.root(index))
        else:
            # Written under another number of levels, or a bucket over several chunks: marked, to be gathered and hashed anew.
            more = heap.levels - chunk.levels
            first, end = (number << more, (number + 1) << more) if more >= 0 else (number >> -more, (number >> -more) + 1)
            anew[first:end] = b"\1" * (end - first)


def _hash_marked(heap, anew, reader):
    # Once each, however many chunks a bucket goes over.
    bucket = anew.find(1)
    while bucket >= 0:
        heap.set_bucket(bucket, run_root(merged(reader.run(bucket), b"", False)))
        bucket = anew.find(1, bucket + 1)


def _hash_pending(heap, overlay, reader):
    for bucket in overlay.buckets():
        heap.set_bucket(bucket, run_root(merged(reader.run(bucket), overlay.run(bucket), False)))


def drop_half_loaded(store):
    """A base without a log is a load that did not come to its end."""
    while True:
        with store.write(reserve=True) as tx:
            keys = [key for key, _ in tx.scan(BASE, limit=_DROP_ROWS)]
            for key in keys:
                tx.delete(BASE, key)
        if not keys:
            return
