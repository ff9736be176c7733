"""Records that stand over those of the base, put one by one in any order: fsck's own, on purpose apart from what the tree itself uses."""

import struct

from leither_edge.ledger.tree_hash import LEAF_BYTES, split

_LEAF = struct.Struct(">QQ20s")
_BITS = 12


class Changes:
    """36 bytes a record. bits: of an account that choose its bucket. count: of records."""

    def __init__(self, bits=_BITS):
        self.bits = bits
        self.count = 0
        # {bucket: leaf records in any order}
        self._runs = {}

    def get(self, account):
        """(pulse, amount) of an account (20 bytes), None where it has none here."""
        run = self._runs.get(self._bucket(account), b"")
        at = _find(run, account)
        return None if at < 0 else _LEAF.unpack_from(run, at)[:2]

    def put(self, account, pulse, amount):
        """Put a record in the place of an older one, if there is one; an amount of zero: it holds nothing."""
        bucket = self._bucket(account)
        run = self._runs.get(bucket, b"")
        leaf = _LEAF.pack(pulse, amount, account)
        at = _find(run, account)
        if at < 0:
            self.count += 1
            self._runs[bucket] = run + leaf
        else:
            self._runs[bucket] = run[:at] + leaf + run[at + LEAF_BYTES :]

    def run(self, bucket):
        """The leaf records of a bucket in rising order."""
        return b"".join(sorted(split(self._runs.get(bucket, b"")), key=_account))

    def buckets(self):
        """Numbers of the buckets with records, rising."""
        return sorted(self._runs)

    def between(self, low, high):
        """Yields (account, pulse, amount) from an account on to below another (None: to the end), rising."""
        last = (1 << self.bits) - 1 if high is None else self._bucket(high)
        for bucket in range(self._bucket(low), last + 1):
            if bucket in self._runs:
                for pulse, amount, account in _LEAF.iter_unpack(self.run(bucket)):
                    if account >= low and (high is None or account < high):
                        yield account, pulse, amount

    def copy(self, bits):
        """The same records under another number of bits."""
        other = Changes(bits)
        if bits == self.bits:
            other.count, other._runs = self.count, dict(self._runs)
            return other
        for bucket in self.buckets():
            for leaf in split(self._runs[bucket]):
                number = other._bucket(leaf[16:])
                other._runs[number] = other._runs.get(number, b"") + leaf
        other.count = self.count
        return other

    def _bucket(self, account):
        return int.from_bytes(account[:4], "big") >> (32 - self.bits)


def _account(leaf):
    return leaf[16:]


def _find(run, account):
    """Offset of an account's record, below 0 where there is none."""
    at = run.find(account)
    while at >= 0 and at % LEAF_BYTES != 16:
        at = run.find(account, at + 1)
    return at - 16
