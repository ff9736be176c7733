"""Changes that are in the log but not yet in the base, in memory: for each bucket of the tree a run of leaf records.

An amount of zero stands for an account that ended.
"""

import struct
from array import array

from leither_edge.ledger.tree_hash import LEAF_BYTES, merged, split

_LEAF = struct.Struct(">QQ20s")


class Overlay:
    """Pending changes. levels: K of the tree's 2^K buckets. count: of pending accounts."""

    __slots__ = ("levels", "count", "_runs", "_oldest")

    def __init__(self, levels):
        self.levels = levels
        self.count = 0
        self._runs = [b""] * (1 << levels)
        # Of each bucket: the pulse since which something of it waits; 0 for nothing.
        self._oldest = array("I", bytes(4 << levels))

    def get(self, account):
        """(pulse, amount) of a pending account (20 bytes), None for others."""
        run = self._runs[self._bucket(account)]
        at = run.find(account)
        while at >= 0 and at % LEAF_BYTES != 16:
            at = run.find(account, at + 1)
        if at < 0:
            return None
        return int.from_bytes(run[at - 16 : at - 8], "big"), int.from_bytes(run[at - 8 : at], "big")

    def run(self, bucket):
        """The leaf records (36 bytes each) of what is pending in a bucket, rising."""
        return self._runs[bucket]

    def put(self, bucket, run, pulse):
        """Remember changes of one bucket: a run of leaf records of a pulse; what was pending for the same accounts is forgotten."""
        before = self._runs[bucket]
        if before:
            run = merged(before, run, True)
        self._oldest[bucket] = min(self._oldest[bucket] or pulse, pulse)
        self._runs[bucket] = run
        self.count += (len(run) - len(before)) // LEAF_BYTES

    def clear(self, start, end):
        """Forget what is pending from the account ``start`` to below ``end`` (None: to the end)."""
        first = self._bucket(start)
        last = len(self._runs) - 1 if end is None else self._bucket(end)
        for bucket in range(first, last + 1):
            run = self._runs[bucket]
            if run:
                kept = b""
                if bucket == first or bucket == last:
                    kept = b"".join([leaf for leaf in split(run) if leaf[16:] < start or end is not None and leaf[16:] >= end])
                self.count -= (len(run) - len(kept)) // LEAF_BYTES
                self._runs[bucket] = kept
                self._oldest[bucket] = min([pulse for pulse, _, _ in _LEAF.iter_unpack(kept) if pulse], default=0)

    def buckets(self):
        """Numbers of the buckets in which something is pending, rising."""
        return [number for number, run in enumerate(self._runs) if run]

    def between(self, start, end):
        """[(account, pulse, amount), ...] pending from the account ``start`` to below ``end`` (None: to the end), rising."""
        first = self._bucket(start)
        last = len(self._runs) - 1 if end is None else self._bucket(end)
        return [
            (account, pulse, amount)
            for run in filter(None, self._runs[first : last + 1])
            for pulse, amount, account in _LEAF.iter_unpack(run)
            if account >= start and (end is None or account < end)
        ]

    def next_account(self, account):
        """The first pending account at or after one, round the end; None where nothing is pending."""
        if not self.count:
            return None
        bucket, runs = self._bucket(account), self._runs
        for leaf in split(runs[bucket]):
            if leaf[16:] >= account:
                return leaf[16:]
        number = next(filter(runs.__getitem__, range(bucket + 1, len(runs))), None)
        if number is None:
            number = next(filter(runs.__getitem__, range(bucket + 1)))
        return runs[number][16:LEAF_BYTES]

    def oldest(self):
        """The pulse since which the longest pending change waits, None where nothing is pending."""
        return min(filter(None, self._oldest), default=None)

    def resized(self, levels):
        """The same changes under another number of levels."""
        other = Overlay(levels)
        for run, oldest in zip(self._runs, self._oldest, strict=True):
            for leaf in split(run):
                other.put(other._bucket(leaf[16:]), leaf, oldest)
        return other

    def _bucket(self, account):
        return int.from_bytes(account[:4], "big") >> (32 - self.levels)
