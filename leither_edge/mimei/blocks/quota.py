"""How much the store may take: a sum of all blocks, kept in a row, and what the partition must keep free.

Blocks on their way are reserved, so that several writers together stay below, too.
"""

import threading

from leither_edge.mimei.errors import QuotaReached

from .rows import BLOCK_SUMS, SUM, charge_of


class Quota:
    """Charges of one store. Args: store, held (its HeldWriter), limits (BlockLimits), room_bytes (() -> bytes free on the partition)."""

    def __init__(self, store, held, limits, room_bytes):
        self._store = store
        self._held = held
        self.limits = limits
        self._room_bytes = room_bytes
        self._lock = threading.Lock()
        self._reserved = 0
        self._losses = None

    def used(self):
        """Bytes charged, those on their way included."""
        with self._lock:
            return self._used()

    def reservation(self):
        """Return a Reservation for one writer."""
        return Reservation(self)

    def _used(self):
        if self._losses != self._held.losses:
            self._losses = self._held.losses
            with self._store.read() as tx:
                self._sum = tx.get(BLOCK_SUMS, SUM, 0)
        return self._sum + self._reserved

    def _reserve(self, size):
        limits, charge = self.limits, charge_of(size)
        if size > self._room_bytes() - limits.free_min_bytes:
            raise QuotaReached(
                f"The disk has less than {limits.free_min_bytes >> 20} MiB left, which are kept free. "
                "Nothing was changed; free some space, or use a larger card."
            )
        with self._lock:
            used = self._used()
            if used + charge > limits.quota_bytes:
                raise QuotaReached(
                    f"The quota of this node is reached: {used >> 20} of {limits.quota_bytes >> 20} MiB are taken. "
                    "Nothing was changed; delete something and collect, or let the node use more storage "
                    "(storage_share_mib of a device's settings, data_quota_mib of the profile)."
                )
            self._reserved += charge
        return charge

    def _settle(self, reserved, change):
        with self._lock:
            self._used()
            self._reserved -= reserved
            self._sum += change

    def forget(self):
        """Read the sum anew: its row was changed by other ways than these."""
        with self._lock:
            self._losses = None

    def changed(self, change):
        """The row has changed by so many bytes (see change_sum), and the transaction went through."""
        self._settle(0, change)


class Reservation:
    """What one writer has reserved."""

    __slots__ = ("_quota", "_left", "_lock")

    def __init__(self, quota):
        self._quota = quota
        self._left = 0
        self._lock = threading.Lock()

    def add(self, size):
        """Reserve room for a block. Raises QuotaReached, then nothing is reserved."""
        charge = self._quota._reserve(size)
        with self._lock:
            self._left += charge

    def settle(self, reserved, change):
        """Rows of what was reserved went through, and changed the sum by so many bytes."""
        with self._lock:
            self._left -= reserved
        self._quota._settle(reserved, change)

    def end(self):
        """Let go what is left."""
        self.settle(self._left, 0)


def change_sum(tx, change):
    """Change the row of the sum inside a transaction; bytes, negative when blocks go."""
    tx.put(BLOCK_SUMS, SUM, max(0, tx.get(BLOCK_SUMS, SUM, 0) + change))
