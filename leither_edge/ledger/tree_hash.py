"""The inner loops of the sum tree: a bucket's leaf records out of a chunk, their root, and dirty buckets up to the top.

A *value* is what a branch holds of one side: sum u64 and hash (20), 28 bytes; in a right side the sum's highest byte is the
depth of the branch, so that a branch record is two neighbouring values without the first byte. A *heap* of K levels is a
bytearray with the value of node n at 28 n: the root is node 1, the children of n are 2n and 2n + 1, buckets are the nodes of level K.

In C where `make` found a compiler, else the same in Python. Rules: leither_edge/core/sum_tree.py.
"""

import struct
from bisect import bisect_left

from leither_edge.core.sha256 import sha256
from leither_edge.ledger.chunk import LEVELS_MAX, Chunk, ChunkError

VALUE_BYTES = 28
LEAF_BYTES = 36
SUM_MASK = (1 << 56) - 1
EMPTY_VALUE = bytes(VALUE_BYTES)

_LEAF = struct.Struct(">8xQ20s")
_VALUE = struct.Struct(">Q20s")
_PAIR = struct.Struct(">Q20xQ20x")
_NOTHING = bytes(16)


def split(run):
    """[leaf record, ...] of a run."""
    return [run[at : at + LEAF_BYTES] for at in range(0, len(run), LEAF_BYTES)]


def python_run_root(records):
    """The value (28 bytes) of the sub-tree of leaf records (36 bytes each, in rising order of account); zeros for none.

    Raises ValueError: "leaf", "account", "amount", "sum": what is wrong with the records.
    """
    if len(records) % LEAF_BYTES:
        raise ValueError("leaf")
    # Of each sub-tree that waits for its right side: bit at which the sides part, sum, hash.
    waiting = []
    last = None
    held, top = 0, bytes(20)
    for at, (amount, account) in enumerate(_LEAF.iter_unpack(records)):
        number = int.from_bytes(account, "big")
        if last is not None:
            if number <= last:
                raise ValueError("account")
            parting = 160 - (number ^ last).bit_length()
            while waiting and waiting[-1][0] > parting:
                held, top = _joined(waiting.pop(), held, top)
            waiting.append((parting, held, top))
        if not 0 < amount <= SUM_MASK:
            raise ValueError("amount")
        held, top = amount, sha256(records[at * LEAF_BYTES : (at + 1) * LEAF_BYTES]).digest()[:20]
        last = number
    while waiting:
        held, top = _joined(waiting.pop(), held, top)
    return _VALUE.pack(held, top)


def _joined(left, right_sum, right_hash):
    depth, left_sum, left_hash = left
    held = left_sum + right_sum
    if held > SUM_MASK:
        raise ValueError("sum")
    record = _VALUE.pack(left_sum, left_hash)[1:] + _VALUE.pack(depth << 56 | right_sum, right_hash)
    return held, sha256(record).digest()[:20]


def python_climb(heap, levels, numbers):
    """Hash again all branches above changed buckets, level by level; returns the number of hashes.

    Args: heap (bytearray), levels (K), numbers (array of unsigned 32-bit bucket numbers, rising). Raises ValueError: "sum" past its bound.
    """
    if not 0 <= levels <= LEVELS_MAX or len(heap) != VALUE_BYTES << (levels + 1):
        raise ValueError("heap")
    last = -1
    for number in numbers:
        if number <= last or number >> levels:
            raise ValueError("bucket")
        last = number
    hashes = 0
    pair, pack = _PAIR.unpack_from, _VALUE.pack_into
    nodes = [number + (1 << levels) for number in numbers]
    for depth in range(levels - 1, -1, -1):
        nodes = list(dict.fromkeys([node >> 1 for node in nodes]))
        for node in nodes:
            at = 2 * VALUE_BYTES * node
            # One unpacking of both takes a branch's 56 bytes.
            left, right = pair(heap, at)
            right &= SUM_MASK
            out = VALUE_BYTES * node
            mark = depth - 1 << 56 if node & 1 and depth else 0
            if left and right:
                if left + right > SUM_MASK:
                    raise ValueError("sum")
                pack(heap, out, left + right | mark, sha256(heap[at + 1 : at + 56]).digest())
                hashes += 1
            elif right:
                pack(heap, out, right | mark, bytes(heap[at + 36 : at + 56]))
            else:
                pack(heap, out, left | mark, bytes(heap[at + 8 : at + 28]))
    return hashes


def python_bucket_run(data, levels, bucket):
    """(leaf records of a bucket in rising order, graves included; number of the last bucket) of a chunk's bytes.

    None where chunk.Chunk has to read it: of other levels, with wide amounts, or not a chunk at all.
    """
    if len(data) < 8 or data[1] != levels:
        return None
    try:
        chunk = Chunk(data)
    except ChunkError:
        return None
    if not chunk.is_narrow():
        return None
    index = bisect_left(chunk.numbers, bucket)
    if index == len(chunk.numbers) or chunk.numbers[index] != bucket:
        return b"", chunk.numbers[-1]
    return b"".join(chunk.leaves(index).values()), chunk.numbers[-1]


def python_merged(old, new, graves):
    """Two runs of leaf records as one, rising; of an account in both ``new``'s record stands. graves: with those whose amount is zero."""
    records = {run[at + 16 : at + LEAF_BYTES]: run[at : at + LEAF_BYTES] for run in (old, new) for at in range(0, len(run), LEAF_BYTES)}
    if len(old) % LEAF_BYTES or len(new) % LEAF_BYTES:
        raise ValueError("leaf")
    return b"".join([record for _, record in sorted(records.items()) if graves or record[9:16] != b"\0\0\0\0\0\0\0"])


def python_applied(run, changed):
    """(run with changed leaf records in it and without graves; what stood in their place: pulse u64 and amount u64, zeros for nothing)."""
    records = {leaf[16:]: leaf for leaf in split(run)}
    before = b"".join([records.get(leaf[16:], _NOTHING)[:16] for leaf in split(changed)])
    return python_merged(run, changed, False), before


try:
    from leither_edge.ledger._tree_hash import applied, bucket_run, climb, merged, run_root
except ImportError:
    applied, bucket_run, climb, merged, run_root = python_applied, python_bucket_run, python_climb, python_merged, python_run_root
