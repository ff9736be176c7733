"""Time of a new root beside that of the bare hashes it needs."""

import hashlib
import statistics
import time
from collections import namedtuple

from leither_edge.core.proof import LEAF_BYTES, STEP_BYTES
from tests.bench.ledger_parts.made_accounts import changes_of

BRANCH = bytes(range(55))

Rehash = namedtuple("Rehash", "changes hashes ours_s bare_s share")
# share: time of the bare calls in that of the whole, median of pairs; the others are medians, in seconds.


def measure(tree, accounts, chance, changes, rounds):
    """Rehash for batches of so many changes of accounts that exist; the tree is afterwards as it was."""
    hashes, ours, bare = 0, [], []
    for turn in range(rounds + 1):
        batch_changes = changes_of(chance, accounts, changes)
        started = time.perf_counter()
        batch = tree.prepare(tree.pulse + 1, batch_changes)
        took = time.perf_counter() - started
        if turn == 0:
            # The number hardly varies from batch to batch, and the first is only to warm up.
            hashes = hashes_needed(tree, batch_changes)
        tree.undo(batch)
        floor = bare_seconds(hashes)
        if turn > 0:
            ours.append(took)
            bare.append(floor)
    share = statistics.median(floor / took for floor, took in zip(bare, ours, strict=True))
    return Rehash(changes, hashes, statistics.median(ours), statistics.median(bare), share)


def bare_seconds(count):
    """Seconds of so many bare SHA-256 of 55 bytes, in the plainest loop."""
    sha256, record = hashlib.sha256, BRANCH
    started = time.perf_counter()
    for _ in range(count):
        sha256(record).digest()
    return time.perf_counter() - started


def hashes_needed(tree, changed):
    """How many leaves and branches any tree of this shape must hash when these accounts change, counted from the proofs.

    Not asked of the tree itself: hashes that it makes in vain are its own loss.
    """
    branches = set()
    for account in changed:
        number, proof = int.from_bytes(account, "big"), tree.proof(account)
        for at in range(LEAF_BYTES, len(proof), STEP_BYTES):
            depth = proof[at]
            branches.add((depth, number >> (160 - depth)))
    return len(changed) + len(branches)


def seconds_of_batch(tree, accounts, chance, changes):
    """Seconds of one new root; the tree is afterwards as it was."""
    batch_changes = changes_of(chance, accounts, changes)
    started = time.perf_counter()
    batch = tree.prepare(tree.pulse + 1, batch_changes)
    took = time.perf_counter() - started
    tree.undo(batch)
    return took
