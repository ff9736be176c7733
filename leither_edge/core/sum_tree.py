"""Hash rules of the sparse Merkle sum tree: leaf and branch records and their synopsis (white paper part II, section VIII).

The tree is path compressed: a branch stands where the ids below it first differ, and there is no node with one child. So its
shape, and its root, depend on the set of accounts alone.
"""

import struct

from leither_edge.core.sha256 import sha256

ACCOUNT_BYTES = 20
HASH_BYTES = 20
LEAF_BYTES = 36
BRANCH_BYTES = 55
DEPTHS = 160
# What the amounts of one tree add up to stays below this, so that a sum takes seven bytes.
TOTAL_BOUND = 1 << 56
EMPTY_HASH = bytes(HASH_BYTES)


class TreeError(ValueError):
    """A record, sum or proof is not what a tree can hold.

    Args: field (name of what is wrong, for programs), sentence (for people).
    """

    def __init__(self, field, sentence):
        super().__init__(sentence)
        self.field = field


def leaf(pulse, amount, account):
    """The 36-byte record of an account: pulse of its last change, amount (1 or more), id (20 bytes). Raises TreeError."""
    if len(account) != ACCOUNT_BYTES:
        raise TreeError("account", "an account id has 20 bytes")
    if not 0 <= pulse < 1 << 64:
        raise TreeError("pulse", "a pulse is a number of 64 bits")
    if not 0 < amount < TOTAL_BOUND:
        raise TreeError("amount", "an amount in a tree is 1 or more, and below 2^56")
    return struct.pack(">QQ", pulse, amount) + account


def read_leaf(record):
    """(pulse, amount, account) of a 36-byte record. Raises TreeError."""
    if len(record) != LEAF_BYTES:
        raise TreeError("leaf", "a leaf record has 36 bytes")
    pulse, amount = struct.unpack(">QQ", record[:16])
    if not 0 < amount < TOTAL_BOUND:
        raise TreeError("amount", "an amount in a tree is 1 or more, and below 2^56")
    return pulse, amount, record[16:]


def branch(depth, left_sum, left_hash, right_sum, right_hash):
    """The 55-byte record of a branch; depth: the bit at which its sides part, 0 to 159. Raises TreeError."""
    if not 0 <= depth < DEPTHS:
        raise TreeError("depth", "a branch stands at depth 0 to 159")
    if left_sum + right_sum >= TOTAL_BOUND:
        raise TreeError("sum", "the amounts add up to 2^56 or more")
    # The first byte of a sum of eight is zero; the depth takes the place of the right one's.
    return struct.pack(">Q", left_sum)[1:] + left_hash + struct.pack(">Q", depth << 56 | right_sum) + right_hash


def synopsis(record):
    """The 20-byte hash of a leaf or branch record."""
    return sha256(record).digest()[:HASH_BYTES]


def side(account, depth):
    """0 where an id goes left at a depth, 1 where it goes right: bit ``depth`` of it, the first bit being the highest."""
    return account[depth >> 3] >> (7 - (depth & 7)) & 1
