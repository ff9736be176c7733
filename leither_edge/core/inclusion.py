"""That a transaction is in a pulse: from its id and a path to the root of the pulse's transactions (RFC 9162 section 2.1.3).

Path: number u32, how many u32, siblings (32 bytes each) from leaf to root.
"""

import struct

from leither_edge.core.sha256 import sha256
from leither_edge.core.sum_tree import TreeError

ID_BYTES = 32
# A sibling for each bit of a number.
PATH_MAX_BYTES = 8 + 32 * ID_BYTES


class SetError(TreeError):
    """A set of transactions, or a path into it, is malformed; field: transactions or inclusion."""


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
