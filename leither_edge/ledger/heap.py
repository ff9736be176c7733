"""The upper levels of the tree in memory: one flat heap of values, hashed again level by level above the buckets that changed."""

from array import array

from leither_edge.ledger.tree_hash import VALUE_BYTES, climb


class Heap:
    """2^K buckets and what stands above them. levels: K. hashes: computed so far. The formats are those of tree_hash.py."""

    __slots__ = ("levels", "values", "hashes")

    def __init__(self, levels):
        self.levels = levels
        self.values = bytearray(VALUE_BYTES << (levels + 1))
        self.hashes = 0

    def set_bucket(self, number, value):
        """Put a bucket's value (28 bytes, see tree_hash.run_root); ``climb`` brings it up."""
        node = number + (1 << self.levels)
        at = VALUE_BYTES * node
        self.values[at : at + VALUE_BYTES] = value
        if node & 1 and self.levels:
            self.values[at] = self.levels - 1

    def fill(self, sides):
        """Put sum and hash (27 bytes) of all buckets, and hash what is above."""
        mark = bytes((max(self.levels - 1, 0),))
        values = b"".join([(mark if number & 1 else b"\0") + side for number, side in enumerate(sides)])
        self.values[VALUE_BYTES << self.levels :] = values
        self.climb(range(1 << self.levels))

    def climb(self, buckets):
        """Hash again what is above changed buckets (numbers in rising order)."""
        self.hashes += climb(self.values, self.levels, array("I", buckets))

    def held(self, node):
        """What the accounts below a node hold."""
        return int.from_bytes(self.values[VALUE_BYTES * node + 1 : VALUE_BYTES * node + 8], "big")

    def side(self, node):
        """Sum (7 bytes) and hash (20) of a node, as they stand in a branch record and in a proof."""
        return bytes(self.values[VALUE_BYTES * node + 1 : VALUE_BYTES * (node + 1)])

    def value(self, node):
        """The value (28 bytes) of a node."""
        return b"\0" + self.side(node)

    def root(self):
        """(root hash, total)."""
        return self.side(1)[7:], self.held(1)

    def path(self, account):
        """(number of the bucket at which the search for an account ends, steps of a proof from there to the root as bytes).

        account: 20 bytes. The tree must not be empty. Where a side is empty the search goes to the other, which stands in its place.
        """
        node, steps = 1, []
        bits = int.from_bytes(account, "big")
        for depth in range(self.levels):
            node *= 2
            left, right = self.held(node), self.held(node + 1)
            if left and right:
                side = bits >> (159 - depth) & 1
                steps.append(bytes((depth, side)) + self.side(node + 1 - side))
                node += side
            elif right:
                node += 1
        steps.reverse()
        return node - (1 << self.levels), b"".join(steps)

    def halved(self):
        """The same tree with one level less: what was above the buckets become the buckets."""
        heap = Heap(self.levels - 1)
        heap.values[:] = self.values[: len(heap.values)]
        heap.hashes = self.hashes
        return heap
