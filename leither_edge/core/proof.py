"""Proofs of what one account holds, or that it holds nothing, against a root and a total.

As bytes: the leaf record (36), then for each branch from leaf to root: depth u8, side u8 (0: the leaf is on the left),
sibling's sum u56, sibling's hash 20. The proof of an empty tree, in which every account is absent, is no byte at all.
"""

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
    side,
    synopsis,
)

STEP_BYTES = 29
PROOF_MAX_BYTES = LEAF_BYTES + DEPTHS * STEP_BYTES


class ProofError(TreeError):
    """A proof is malformed or does not lead to the root."""


def climb(proof):
    """(root hash, total, pulse, amount, account, depths of its branches) that a proof of a leaf leads to. Raises ProofError.

    proof: bytes. Whether that is the root of a tree is for the caller to compare.
    """
    if not LEAF_BYTES <= len(proof) <= PROOF_MAX_BYTES or (len(proof) - LEAF_BYTES) % STEP_BYTES:
        raise ProofError("length", "a proof is a leaf record and whole steps")
    try:
        pulse, total, account = read_leaf(proof[:LEAF_BYTES])
        amount = total
        root = synopsis(proof[:LEAF_BYTES])
        above = DEPTHS
        depths = []
        for at in range(LEAF_BYTES, len(proof), STEP_BYTES):
            depth, right = proof[at], proof[at + 1]
            if depth >= above:
                raise ProofError("depth", "the depths of a proof fall from leaf to root")
            if right != side(account, depth):
                raise ProofError("side", "a step of the proof is on the side where the account is not")
            sum_there = int.from_bytes(proof[at + 2 : at + 9], "big")
            if not sum_there:
                raise ProofError("sum", "a sibling holds nothing")
            there = proof[at + 9 : at + STEP_BYTES]
            if right:
                root = synopsis(branch(depth, sum_there, there, total, root))
            else:
                root = synopsis(branch(depth, total, root, sum_there, there))
            total += sum_there
            above = depth
            depths.append(depth)
    except ProofError:
        raise
    except TreeError as error:
        raise ProofError(error.field, str(error)) from None
    return root, total, pulse, amount, account, depths


def verify(proof, account, root, total):
    """(pulse of the last change, amount) of an account in the tree; (None, 0) where the proof shows that it is absent.

    Args: proof (bytes), account (20 bytes), root (20 bytes), total (of the tree). Raises ProofError: what is wrong with the proof.
    """
    if len(account) != ACCOUNT_BYTES or len(root) != HASH_BYTES or not 0 <= total < TOTAL_BOUND:
        raise ProofError("root", "an account id and a root have 20 bytes, a total is below 2^56")
    if not proof:
        if root != EMPTY_HASH or total:
            raise ProofError("length", "the tree is not empty")
        return None, 0
    found_root, found_total, pulse, amount, holder, depths = climb(proof)
    if found_root != root:
        raise ProofError("root", "the proof leads to another root")
    if found_total != total:
        raise ProofError("total", "the proof leads to another total")
    if holder == account:
        return pulse, amount
    for depth in depths:
        if side(account, depth) != side(holder, depth):
            raise ProofError("account", "the proof is another account's, and its path is not this one's")
    return None, 0
