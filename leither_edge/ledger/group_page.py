"""The page of a group, as nodes give it to each other: its accounts and its children, and the sub-tree's root that they add up to.

    version u8 (1), bits of the prefix u8, prefix 20 (zeros behind it), accounts u16, children u16
    leaf records, 36 bytes each, rising
    children, 56 bytes each, rising: bits u8, prefix 20, pulse u64, sum u56, synopsis 20

A child's sum and synopsis are in the root; its pulse is not, and its prefix only as far as it says where it parts from its neighbours:
both are known once the child's own page is there.
"""

import struct
from collections import namedtuple
from itertools import pairwise

from leither_edge.core.sum_tree import EMPTY_HASH, LEAF_BYTES, TOTAL_BOUND, TreeError, branch, read_leaf, synopsis

# How far below its group a child stands.
BRANCH_BITS = 7
# 128 children and 128 accounts, and the head.
PAGE_MAX_BYTES = 12 * 1024
_HEAD = struct.Struct(">BB20sHH")
_CHILD = struct.Struct(">B20sQ7s20s")
_VERSION = 1

# prefix: (the bits as a number, how many). leaves: [leaf record, ...], children: [Child, ...], both rising.
Group = namedtuple("Group", ("prefix", "leaves", "children"))
# pulse: of the newest change in it. sum, synopsis: of its sub-tree.
Child = namedtuple("Child", ("prefix", "pulse", "sum", "synopsis"))


def encode_group(group):
    """The page's bytes."""
    head = _HEAD.pack(_VERSION, group.prefix[1], _padded(group.prefix), len(group.leaves), len(group.children))
    children = [
        _CHILD.pack(child.prefix[1], _padded(child.prefix), child.pulse, child.sum.to_bytes(7, "big"), child.synopsis)
        for child in group.children
    ]
    return b"".join([head, *group.leaves, *children])


def decode_group(data):
    """The Group in a page's bytes. Raises TreeError; whether its root is the right one, ``side_of`` says."""
    if not _HEAD.size <= len(data) <= PAGE_MAX_BYTES:
        raise TreeError("length", "a page has a head, and at most 12 KiB")
    version, bits, prefix, leaves, children = _HEAD.unpack_from(data)
    if version != _VERSION or len(data) != _HEAD.size + leaves * LEAF_BYTES + children * _CHILD.size:
        raise TreeError("length", "the page's parts do not fit its size")
    at = _HEAD.size
    records = [data[start : start + LEAF_BYTES] for start in range(at, at + leaves * LEAF_BYTES, LEAF_BYTES)]
    found = []
    for below, there, pulse, held, hash20 in _CHILD.iter_unpack(data[at + leaves * LEAF_BYTES :]):
        found.append(Child(_prefix(there, below), pulse, int.from_bytes(held, "big"), hash20))
    if any(one[16:] >= other[16:] for one, other in pairwise(records)) or any(one.prefix >= other.prefix for one, other in pairwise(found)):
        raise TreeError("account", "the entries of a page stand in rising order")
    group = Group(_prefix(prefix, bits), records, found)
    side_of(group)
    return group


def side_of(group):
    """(sum, synopsis) of the sub-tree that a group's page holds. Raises TreeError: what in it cannot be in a tree."""
    nodes = []
    for record in group.leaves:
        _, amount, account = read_leaf(record)
        nodes.append((int.from_bytes(account, "big"), 160, amount, synopsis(record)))
    for child in group.children:
        number, bits = child.prefix
        if not 0 < child.sum < TOTAL_BOUND or bits != group.prefix[1] + BRANCH_BITS or number >> bits:
            raise TreeError("child", "a child group holds something, and lies seven bits below its group")
        nodes.append((number << (160 - bits), bits, child.sum, child.synopsis))
    nodes.sort()
    number, bits = group.prefix
    waiting = []
    held, top, last = 0, EMPTY_HASH, None
    for place, known, amount, hash20 in nodes:
        if bits and place >> (160 - bits) != number:
            raise TreeError("prefix", "an entry does not stand under the group's prefix")
        if last is not None:
            parting = 160 - (place ^ last[0]).bit_length()
            if parting >= min(known, last[1]):
                raise TreeError("account", "an entry stands twice, or under a child's prefix")
            held, top = _joined(waiting, parting, held, top)
            waiting.append((parting, held, top))
        held, top, last = amount, hash20, (place, known)
    return _joined(waiting, -1, held, top)


def _joined(waiting, parting, held, top):
    while waiting and waiting[-1][0] > parting:
        depth, left_sum, left_hash = waiting.pop()
        top = synopsis(branch(depth, left_sum, left_hash, held, top))
        held += left_sum
    return held, top


def _padded(prefix):
    return (prefix[0] << (160 - prefix[1])).to_bytes(20, "big")


def _prefix(padded, bits):
    if bits >= 160:
        raise TreeError("prefix", "a prefix has fewer than 160 bits")
    number = int.from_bytes(padded, "big")
    if number & ((1 << (160 - bits)) - 1):
        raise TreeError("prefix", "a prefix has zeros behind it")
    return number >> (160 - bits), bits
