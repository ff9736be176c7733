"""The Merkle tree of a pulse's transaction ids, and proofs that one of them is in it (RFC 9162 section 2.1).

The root of no ids is 32 zero bytes, unlike in the RFC.
"""

import struct

from leither_edge.core.sha256 import sha256
from leither_edge.core.sum_tree import TreeError

ID_BYTES = 32
EMPTY_SET = bytes(ID_BYTES)
# Number and count of 32 bits, and a sibling for each bit of them.
PATH_MAX_BYTES = 8 + 32 * ID_BYTES


class SetError(TreeError):
    """A set of transactions, or a proof that one is in it, is malformed; field: transactions or inclusion."""


def set_root(ids):
    """The 32-byte root of transaction ids ([32 bytes, ...] in rising order). Raises SetError."""
    return _climb(ids, 0)[0]


def inclusion(ids, number):
    """Bytes that show that ids[number] is in the set: number u32, how many u32, siblings from leaf to root. Raises SetError."""
    if not 0 <= number < len(ids):
        raise SetError("inclusion", "there is no transaction of that number")
    return struct.pack(">II", number, len(ids)) + b"".join(_climb(ids, number)[1])


def inclusion_root(transaction, path):
    """The root that the path of a transaction's id leads to. Raises SetError: a path that no set has."""
    at = 8
    if at <= len(path) <= PATH_MAX_BYTES and len(transaction) == ID_BYTES:
        number, count = struct.unpack(">II", path[:8])
        last = count - 1
        if number <= last:
            found = sha256(b"\x00" + transaction).digest()
            while last:
                # The last one of an odd level has no sibling and moves up as it is.
                if number & 1 or number < last:
                    sibling = path[at : at + ID_BYTES]
                    at += ID_BYTES
                    left, right = (sibling, found) if number & 1 else (found, sibling)
                    found = sha256(b"\x01" + left + right).digest()
                number >>= 1
                last >>= 1
            if at == len(path):
                return found
    raise SetError("inclusion", "the path of the transaction is malformed")


def _climb(ids, number):
    """(root, siblings of one id from leaf to root)."""
    last = b""
    for transaction in ids:
        if len(transaction) != ID_BYTES or transaction <= last:
            raise SetError("transactions", "transaction ids have 32 bytes and stand in rising order, each once")
        last = transaction
    level = [sha256(b"\x00" + transaction).digest() for transaction in ids]
    siblings = []
    while len(level) > 1:
        if number ^ 1 < len(level):
            siblings.append(level[number ^ 1])
        pairs = [sha256(b"\x01" + level[at] + level[at + 1]).digest() for at in range(0, len(level) - 1, 2)]
        level = pairs + level[2 * len(pairs) :]
        number >>= 1
    return level[0] if level else EMPTY_SET, siblings
