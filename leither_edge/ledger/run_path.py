"""Proofs inside a run: the leaf records of one bucket or page in rising order, of which no branch is kept."""

from leither_edge.ledger.tree_hash import LEAF_BYTES, run_root


def path(leaves, account):
    """(leaf record at which the search for an account ends, steps of a proof from it to the run's root as bytes).

    leaves: [leaf record of 36 bytes, ...] in rising order, at least one; account: 20 bytes.
    """
    steps = []
    low, high = 0, len(leaves)
    while high - low > 1:
        depth, middle = parting(leaves, low, high)
        side = account[depth >> 3] >> (7 - (depth & 7)) & 1
        there = run_root(b"".join(leaves[low:middle] if side else leaves[middle:high]))
        steps.append(bytes((depth, side)) + there[1:])
        low, high = (middle, high) if side else (low, middle)
    steps.reverse()
    return leaves[low], b"".join(steps)


def parting(leaves, low, high):
    """(bit at which leaves low to high - 1 part, number of the first one on its right side)."""
    first = int.from_bytes(leaves[low][16:LEAF_BYTES], "big")
    depth = 160 - (first ^ int.from_bytes(leaves[high - 1][16:LEAF_BYTES], "big")).bit_length()
    at, bit = 16 + (depth >> 3), 7 - (depth & 7)
    left, right = low, high
    while right - left > 1:
        middle = (left + right) // 2
        if leaves[middle][at] >> bit & 1:
            right = middle
        else:
            left = middle
    return depth, right
