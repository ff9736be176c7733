"""Processor time of a new root beside that of the bare hashes it computes, and of the fewest that would do.

Processor time, since it is all computing, and what else runs on the machine does not count.
"""

import hashlib
import statistics
import time
from collections import namedtuple

from leither_edge.core.proof import LEAF_BYTES, STEP_BYTES
from tests.bench.ledger_parts.made_accounts import changes_of

BRANCH = bytes(range(55))

Rehash = namedtuple("Rehash", "changes made needed ours_s bare_s share needed_share")
# made: hashes that the tree says it computed, needed: the fewest that would do. share: time of as many bare calls as it made in that of
# the whole, median of pairs; needed_share: of the needed ones. The others are medians, in seconds of the processor.


def measure(tree, accounts, chance, changes, rounds):
    """Rehash for batches of so many changes of accounts that exist; the tree is afterwards as it was."""
    needed, made, ours, bare = 0, [], [], []
    for turn in range(rounds + 1):
        batch_changes = changes_of(chance, accounts, changes)
        before = tree.hashes
        started = time.thread_time()
        batch = tree.prepare(tree.pulse + 1, batch_changes)
        took = time.thread_time() - started
        hashes = tree.hashes - before
        if turn == 0:
            # Hardly varies from batch to batch, and the first is only to warm up.
            needed = hashes_needed(tree, batch_changes)
        tree.undo(batch)
        floor = bare_seconds(hashes)
        if turn > 0:
            made.append(hashes)
            ours.append(took)
            bare.append(floor)
    shares = [floor / took for floor, took in zip(bare, ours, strict=True)]
    needed_shares = [share * needed / count for share, count in zip(shares, made, strict=True)]
    medians = [statistics.median(values) for values in (ours, bare, shares, needed_shares)]
    return Rehash(changes, round(statistics.median(made)), needed, *medians)


def bare_seconds(count):
    """Processor seconds of so many bare SHA-256 of 55 bytes, in the plainest loop."""
    sha256, record = hashlib.sha256, BRANCH
    started = time.thread_time()
    for _ in range(count):
        sha256(record).digest()
    return time.thread_time() - started


def hashes_needed(tree, changed):
    """How many leaves and branches any tree of this shape must hash when these accounts change, counted from the proofs."""
    branches = set()
    for account in changed:
        number, proof = int.from_bytes(account, "big"), tree.proof(account)
        for at in range(LEAF_BYTES, len(proof), STEP_BYTES):
            depth = proof[at]
            branches.add((depth, number >> (160 - depth)))
    return len(changed) + len(branches)


def seconds_of_batch(tree, accounts, chance, changes):
    """Processor seconds of one new root; the tree is afterwards as it was."""
    batch_changes = changes_of(chance, accounts, changes)
    started = time.thread_time()
    batch = tree.prepare(tree.pulse + 1, batch_changes)
    took = time.thread_time() - started
    tree.undo(batch)
    return took
