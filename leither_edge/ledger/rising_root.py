"""The root of a tree from its accounts in rising order, one by one: what is held is one path, whatever the number of accounts.

A branch is finished as soon as an account comes that parts from the newest one above it.
"""

from leither_edge.core.sum_tree import ACCOUNT_BYTES, DEPTHS, EMPTY_HASH, TreeError, branch, leaf, synopsis


class RisingRoot:
    """add() each account, then root, total and accounts are those of the tree."""

    def __init__(self):
        # Finished sides, left of the path to the newest account: depth at which they part from it, sum, hash.
        self._sides = []
        self._newest = None
        self._last = -1
        self.accounts = 0

    def add(self, account, pulse, amount):
        """Args: account (20 bytes, above the one before), pulse (of its last change), amount. Raises TreeError."""
        number = int.from_bytes(account, "big")
        if len(account) != ACCOUNT_BYTES or number <= self._last:
            raise TreeError("account", "accounts of 20 bytes come in rising order, each once")
        record = leaf(pulse, amount, account)
        if self._newest is not None:
            depth = DEPTHS - (number ^ self._last).bit_length()
            self._join_below(depth)
            self._sides.append((depth, *self._newest))
        self._newest = amount, synopsis(record)
        self._last = number
        self.accounts += 1

    def finish(self):
        """(root, total)."""
        if self._newest is None:
            return EMPTY_HASH, 0
        self._join_below(-1)
        total, root = self._newest
        return root, total

    def _join_below(self, depth):
        """Finishes the branches that part deeper than a depth."""
        total, short = self._newest
        while self._sides and self._sides[-1][0] > depth:
            at, left_sum, left_hash = self._sides.pop()
            record = branch(at, left_sum, left_hash, total, short)
            total, short = left_sum + total, synopsis(record)
        self._newest = total, short
