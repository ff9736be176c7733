"""The tree by its definition: sorted accounts, split by recursion. Slow, short, and written apart from the code under test."""

import hashlib

EMPTY = bytes(20)


def bits(account):
    return format(int.from_bytes(account, "big"), "0160b")


def short_hash(record):
    return hashlib.sha256(record).digest()[:20]


class Node:
    """A leaf (account, pulse, amount) or a branch (depth, left, right)."""

    def __init__(self, depth=None, left=None, right=None, account=None, pulse=None, amount=None):
        self.depth, self.left, self.right, self.account = depth, left, right, account
        if account is not None:
            self.sum, self.record = amount, pulse.to_bytes(8, "big") + amount.to_bytes(8, "big") + account
        else:
            self.sum = left.sum + right.sum
            sides = [side.sum.to_bytes(7, "big") + side.hash for side in (left, right)]
            self.record = sides[0] + bytes([depth]) + sides[1]
        self.hash = short_hash(self.record)


def tree(state):
    """The root Node of {account: (pulse, amount)}, None when empty."""
    return _node([(bits(account), account, *state[account]) for account in sorted(state)])


def _node(leaves):
    if not leaves:
        return None
    if len(leaves) == 1:
        _, account, pulse, amount = leaves[0]
        return Node(account=account, pulse=pulse, amount=amount)
    depth = next(at for at in range(160) if leaves[0][0][at] != leaves[-1][0][at])
    middle = next(number for number, leaf in enumerate(leaves) if leaf[0][depth] == "1")
    return Node(depth, _node(leaves[:middle]), _node(leaves[middle:]))


def root(state):
    """(hash, total)."""
    return root_of(tree(state))


def root_of(top):
    """(hash, total) of a tree, which may be None."""
    return (top.hash, top.sum) if top else (EMPTY, 0)


def proof(state, account):
    """Bytes of the proof of an account, or of the leaf where the search for it ends."""
    return proof_of(tree(state), account)


def proof_of(top, account):
    """The same in a tree made before."""
    node, steps, path = top, [], bits(account)
    if node is None:
        return b""
    while node.depth is not None:
        right = path[node.depth] == "1"
        other = node.left if right else node.right
        steps.append(bytes([node.depth, right]) + other.sum.to_bytes(7, "big") + other.hash)
        node = node.right if right else node.left
    return node.record + b"".join(reversed(steps))


def multi_proof(state, accounts):
    """Bytes of one proof of several accounts, present or absent."""
    return multi_proof_of(tree(state), accounts)


def multi_proof_of(top, accounts):
    """The same in a tree made before."""
    if top is None:
        return b""

    def ops(node, paths):
        if node.depth is None:
            return b"\0" + node.record
        left = [path for path in paths if path[node.depth] == "0"]
        right = [path for path in paths if path[node.depth] == "1"]
        if left and right:
            return ops(node.left, left) + ops(node.right, right) + bytes([3, node.depth])
        if right:
            return ops(node.right, right) + bytes([1, node.depth]) + node.left.sum.to_bytes(7, "big") + node.left.hash
        return ops(node.left, left) + bytes([2, node.depth]) + node.right.sum.to_bytes(7, "big") + node.right.hash

    return ops(top, [bits(account) for account in accounts])
