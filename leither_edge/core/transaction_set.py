"""The Merkle tree of a pulse's transaction ids, and the paths that show one of them in it (RFC 9162 section 2.1).

The root of no ids is 32 zero bytes, unlike in the RFC.
"""

import struct

from leither_edge.core.inclusion import ID_BYTES, SetError, inclusion_root
from leither_edge.core.sha256 import sha256

__all__ = ("EMPTY_SET", "ID_BYTES", "SetError", "inclusion", "inclusion_root", "set_root")

EMPTY_SET = bytes(ID_BYTES)


def set_root(ids):
    """The 32-byte root of transaction ids ([32 bytes, ...] in rising order). Raises SetError."""
    return _climb(ids, 0)[0]


def inclusion(ids, number):
    """Bytes that show that ids[number] is in the set: number u32, how many u32, siblings from leaf to root. Raises SetError."""
    if not 0 <= number < len(ids):
        raise SetError("inclusion", "there is no transaction of that number")
    return struct.pack(">II", number, len(ids)) + b"".join(_climb(ids, number)[1])


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
