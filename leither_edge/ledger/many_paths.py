"""Making one proof of many accounts, in the form that core/multi_proof.py reads."""

from leither_edge.core.multi_proof import JOIN, LEAF, LEFT_SIBLING, RIGHT_SIBLING
from leither_edge.ledger.run_path import parting
from leither_edge.ledger.tree_hash import run_root


def proof_of_many(heap, accounts, leaves_of):
    """Bytes of the proof. Args: heap (Heap, not empty), accounts ([20 bytes, ...]), leaves_of (bucket -> [leaf record, ...] rising)."""
    numbers = sorted({int.from_bytes(account, "big") for account in accounts})
    out = []
    _of_node(heap, 1, 0, numbers, leaves_of, out)
    return b"".join(out)


def _of_node(heap, node, depth, numbers, leaves_of, out):
    while depth < heap.levels:
        left, right = heap.held(2 * node), heap.held(2 * node + 1)
        if left and right:
            break
        node, depth = 2 * node + (not left), depth + 1
    else:
        leaves = leaves_of(node - (1 << heap.levels))
        _of_run(leaves, 0, len(leaves), numbers, out)
        return
    on_left, on_right = _split(numbers, depth)
    if on_left:
        _of_node(heap, 2 * node, depth + 1, on_left, leaves_of, out)
    if on_right:
        _of_node(heap, 2 * node + 1, depth + 1, on_right, leaves_of, out)
    _close(out, depth, on_left, on_right, lambda: heap.side(2 * node), lambda: heap.side(2 * node + 1))


def _of_run(leaves, low, high, numbers, out):
    if high - low == 1:
        out.append(bytes((LEAF,)) + leaves[low])
        return
    depth, middle = parting(leaves, low, high)
    on_left, on_right = _split(numbers, depth)
    if on_left:
        _of_run(leaves, low, middle, on_left, out)
    if on_right:
        _of_run(leaves, middle, high, on_right, out)
    _close(out, depth, on_left, on_right, lambda: _run_side(leaves[low:middle]), lambda: _run_side(leaves[middle:high]))


def _run_side(leaves):
    return run_root(b"".join(leaves))[1:]


def _split(numbers, depth):
    shift = 159 - depth
    return [number for number in numbers if not number >> shift & 1], [number for number in numbers if number >> shift & 1]


def _close(out, depth, on_left, on_right, left, right):
    if on_left and on_right:
        out.append(bytes((JOIN, depth)))
    elif on_right:
        out.append(bytes((LEFT_SIBLING, depth)) + left())
    else:
        out.append(bytes((RIGHT_SIBLING, depth)) + right())
