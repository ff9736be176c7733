"""One proof of many accounts: what their paths share stands in it once.

As bytes, in the order in which a stack machine climbs from the leaves to the root:
0 and a leaf record (36); 1 or 2, depth u8, sum u56, hash 20: a sibling on the left or right of the newest; 3, depth u8: the two newest are
the sides of a branch. Leaves come in rising order of account. The proof of an empty tree is no byte at all.
"""

from leither_edge.core.proof import ProofError
from leither_edge.core.sum_tree import (
    ACCOUNT_BYTES,
    DEPTHS,
    EMPTY_HASH,
    HASH_BYTES,
    LEAF_BYTES,
    TOTAL_BOUND,
    TreeError,
    branch,
    read_leaf,
    synopsis,
)

LEAF, LEFT_SIBLING, RIGHT_SIBLING, JOIN = 0, 1, 2, 3
SIBLING_BYTES = 28
LEAVES_MAX = 1024
MULTI_PROOF_MAX_BYTES = 256 * 1024


def verify_many(proof, accounts, root, total):
    """[(pulse, amount), ...] of accounts in the tree, (None, 0) for each that the proof shows to be absent, in the order of ``accounts``.

    Args: proof (bytes), accounts ([20 bytes, ...]), root (20 bytes), total. Raises ProofError: what is wrong with the proof.
    """
    if len(root) != HASH_BYTES or not 0 <= total < TOTAL_BOUND:
        raise ProofError("root", "a root has 20 bytes, a total is below 2^56")
    for account in accounts:
        if len(account) != ACCOUNT_BYTES:
            raise ProofError("account", "an account id has 20 bytes")
    if not proof:
        if root != EMPTY_HASH or total:
            raise ProofError("length", "the tree is not empty")
        return [(None, 0)] * len(accounts)
    leaves, found_root, found_total = climb_many(proof)
    if found_root != root:
        raise ProofError("root", "the proof leads to another root")
    if found_total != total:
        raise ProofError("total", "the proof leads to another total")
    return [_found(leaves, int.from_bytes(account, "big")) for account in accounts]


def climb_many(proof):
    """([(account as a number, mask of the bits that its path decides, pulse, amount), ...], root hash, total). Raises ProofError."""
    if len(proof) > MULTI_PROOF_MAX_BYTES:
        raise ProofError("length", "the proof is too long")
    leaves, masks = [], []
    # Of each tree so far: hash, sum, depth of its branch, number of its first leaf.
    stack = []
    at = 0
    try:
        while at < len(proof):
            kind = proof[at]
            at += 1
            if kind == LEAF:
                at = _take_leaf(proof, at, leaves, stack)
                masks.append(0)
                continue
            depth = _byte(proof, at)
            at += 1
            right = _newest(stack)
            if kind == JOIN:
                left = _newest(stack)
                _check_parting(leaves[left[3]][0], leaves[right[3]][0], depth)
                if depth >= left[2]:
                    raise ProofError("depth", "the depths of a proof fall from leaf to root")
            elif kind in (LEFT_SIBLING, RIGHT_SIBLING):
                if at + SIBLING_BYTES - 1 > len(proof):
                    raise ProofError("length", "the proof ends within a step")
                held = int.from_bytes(proof[at : at + 7], "big")
                if not held:
                    raise ProofError("sum", "a sibling holds nothing")
                other = (proof[at + 7 : at + 27], held, DEPTHS, right[3])
                at += SIBLING_BYTES - 1
                if (leaves[right[3]][0] >> (DEPTHS - 1 - depth) & 1 if depth < DEPTHS else 2) != (kind == LEFT_SIBLING):
                    raise ProofError("side", "a step of the proof is on the side where the account is not")
                left = other
                if kind == RIGHT_SIBLING:
                    left, right = right, other
            else:
                raise ProofError("step", "the proof has a step of an unknown kind")
            if depth >= left[2] or depth >= right[2]:
                raise ProofError("depth", "the depths of a proof fall from leaf to root")
            record = branch(depth, left[1], left[0], right[1], right[0])
            first = left[3]
            for number in range(first, len(leaves)):
                masks[number] |= 1 << (DEPTHS - 1 - depth)
            stack.append((synopsis(record), left[1] + right[1], depth, first))
    except ProofError:
        raise
    except TreeError as error:
        raise ProofError(error.field, str(error)) from None
    root = _newest(stack)
    if stack:
        raise ProofError("step", "the proof leads to more than one root")
    found = [(leaf[0], masks[number], leaf[1], leaf[2]) for number, leaf in enumerate(leaves)]
    return found, root[0], root[1]


def _take_leaf(proof, at, leaves, stack):
    if len(leaves) == LEAVES_MAX:
        raise ProofError("length", "the proof has too many leaves")
    record = proof[at : at + LEAF_BYTES]
    pulse, amount, account = read_leaf(record)
    number = int.from_bytes(account, "big")
    if leaves and number <= leaves[-1][0]:
        raise ProofError("account", "the leaves of a proof stand in rising order")
    stack.append((synopsis(record), amount, DEPTHS, len(leaves)))
    leaves.append((number, pulse, amount))
    return at + LEAF_BYTES


def _check_parting(left, right, depth):
    """That two accounts agree above a depth and part there. Raises ProofError."""
    if depth >= DEPTHS or (left ^ right) >> (DEPTHS - 1 - depth) != 1 or left > right:
        raise ProofError("depth", "two sides of a branch part at another depth")


def _newest(stack):
    if not stack:
        raise ProofError("step", "a step of the proof joins what is not there")
    return stack.pop()


def _byte(proof, at):
    if at >= len(proof):
        raise ProofError("length", "the proof ends within a step")
    return proof[at]


def _found(leaves, account):
    """(pulse, amount) of an account, or (None, 0) where the path to it ends at another leaf. Raises ProofError."""
    low, high = 0, len(leaves)
    while low < high:
        middle = (low + high) // 2
        if leaves[middle][0] < account:
            low = middle + 1
        else:
            high = middle
    if low < len(leaves) and leaves[low][0] == account:
        return leaves[low][2], leaves[low][3]
    # Where the search ends is a leaf that agrees with it in every bit that was looked at.
    for number, mask, _pulse, _amount in leaves:
        if not (number ^ account) & mask:
            return None, 0
    raise ProofError("account", "the proof says nothing of this account")
