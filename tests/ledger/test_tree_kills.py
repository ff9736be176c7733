"""SIGKILL at random points of loads, pulses, folds and prunes: the tree opens, with the root of the last acknowledged pulse or the next.

A child says each pulse's number once it is durable. What it changes follows from the pulse alone, so whoever opens the store knows what
must be there. Killing a process proves the order of writes and LMDB's own recovery, not the medium.
"""

import random
import shutil

import pytest

from leither_edge.ledger import fsck
from leither_edge.ledger.account_tree import TABLES, AccountTree
from leither_edge.ledger.bulk_load import load
from leither_edge.storage import open_store
from tests.killed_child import kill_after, start
from tests.ledger import naive_tree

MAP_BYTES = 1 << 26
HISTORY = 30
# So many that a pulse folds a part of them, not all.
IDS = sorted((b"near" if number % 3 else b"") + random.Random(number).randbytes(16 if number % 3 else 20) for number in range(1500))
LOADED = 5


def loaded():
    choose = random.Random(0)
    return {account: (choose.randrange(1, LOADED + 1), choose.choice((1, 1 << 30, 1 << 45))) for account in IDS[::2]}


def changes_of(pulse):
    """{account: new amount} of a pulse: mostly few, sometimes so many that levels change."""
    choose = random.Random(pulse)
    many = choose.choice((1, 5, 60, 60, 900))
    ending = choose.random() < 0.5
    return {account: choose.choice((0, 0, 0, 5) if ending else (0, 3, 1 << 20, 1 << 44)) for account in choose.sample(IDS, many)}


def opened(folder):
    store = open_store(folder, MAP_BYTES, TABLES)
    try:
        return AccountTree(store, HISTORY)
    except BaseException:
        store.close()
        raise


def change(folder, acknowledge):
    """Load what is not loaded, then pulse after pulse."""
    with open_store(folder, MAP_BYTES, TABLES) as store:
        if not AccountTree(store, HISTORY).pulse:
            # A zero for each transaction.
            load_book(store, lambda: acknowledge(0))
            acknowledge(LOADED)
    tree = opened(folder)
    while True:
        pulse = tree.pulse + 1
        batch = tree.prepare(pulse, changes_of(pulse))
        with tree.store.write() as tx:
            tree.write(tx, batch)
        tree.done(batch)
        acknowledge(pulse)
        if pulse % 3 == 0:
            with tree.store.write() as tx:
                tree.prune(tx, pulse)


def load_book(store, each=lambda: None):
    records = sorted((account, *record) for account, record in loaded().items())
    for _ in load(store, records, LOADED, len(records), HISTORY):
        each()


class Expected:
    """What must be there after each pulse; asked in rising order."""

    def __init__(self):
        self.pulse, self.state, self.past = LOADED, loaded(), {}

    def after(self, pulse):
        """{account: (pulse, amount)}."""
        while self.pulse < pulse:
            self.past[self.pulse] = dict(self.state)
            self.pulse += 1
            for account, amount in changes_of(self.pulse).items():
                self.state[account] = self.pulse, amount
                if not amount:
                    del self.state[account]
        return self.state


def assert_whole(folder, expected, acknowledged):
    """Returns the pulse of the tree in a folder, 0 for an empty one, once sure that it is what it should be."""
    tree = opened(folder)
    try:
        # One pulse may be durable of which its child could not say so.
        assert tree.pulse in (acknowledged, acknowledged + 1) or not acknowledged and tree.pulse in (0, LOADED)
        if not tree.pulse:
            assert (tree.root, tree.total, list(tree.records())) == (bytes(20), 0, [])
            return 0
        state = expected.after(tree.pulse)
        top = naive_tree.tree(state)
        assert (tree.root, tree.total, tree.accounts) == (*naive_tree.root_of(top), len(state))
        assert {account: (pulse, amount) for account, pulse, amount in tree.records()} == state
        past = tree.at(max(tree.kept_from(), tree.pulse - 9))
        then = expected.past.get(past.pulse, state)
        assert (past.root, past.total) == naive_tree.root(then)
        account = random.Random(tree.pulse).choice(IDS)
        assert past.proof(account) == naive_tree.proof(then, account)
    finally:
        tree.store.close()
    store = fsck.open_damaged(folder, MAP_BYTES, TABLES)
    try:
        assert [found for found in fsck.check(store) if isinstance(found, fsck.Finding)] == []
    finally:
        store.close()
    return tree.pulse


KILLS = pytest.mark.parametrize("kills", [8, pytest.param(300, marks=pytest.mark.slow)])
LOAD_KILLS = pytest.mark.parametrize("kills", [12, pytest.param(200, marks=pytest.mark.slow)])


@KILLS
def test_kill_while_pulses_change_and_fold_and_prune(tmp_path, kills):
    choose, expected, folder, pulse = random.Random(kills), Expected(), tmp_path / "book", LOADED
    with open_store(folder, MAP_BYTES, TABLES) as store:
        load_book(store)
    for _ in range(kills):
        pid, reader = start(folder, change)
        # Zero acknowledgements: also while it opens.
        acknowledged = kill_after(pid, reader, choose.choice((0, 1, 2, 6)), choose.random() * 0.02)
        pulse = assert_whole(folder, expected, max(acknowledged, pulse) if acknowledged else pulse)
    assert pulse > kills


@LOAD_KILLS
def test_kill_while_a_book_is_loaded(tmp_path, kills, monkeypatch):
    # Many transactions: each is a place to be killed at.
    monkeypatch.setattr("leither_edge.ledger.bulk_load.STRETCH_BUCKETS", 4)
    choose = random.Random(kills)
    halves = 0
    for number in range(kills):
        # Each folder twice: what the first kill left half is dropped by the second child, if that comes so far.
        folder = tmp_path / str(number // 2)
        pid, reader = start(folder, change)
        acknowledged = kill_after(pid, reader, choose.randrange(16), choose.random() * 0.003)
        with open_store(folder, MAP_BYTES, TABLES) as store:
            rows = store.stat()["rows"]
        halves += bool(rows["base"]) and not rows["log"]
        if number % 2 == 0:
            if rows["log"]:
                shutil.rmtree(folder)
        elif not assert_whole(folder, Expected(), acknowledged):
            with open_store(folder, MAP_BYTES, TABLES) as store:
                assert store.stat()["rows"] == {"base": 0, "log": 0}
                load_book(store)
            assert_whole(folder, Expected(), LOADED)
    # On a busy machine a child may come far before it is killed.
    assert halves > kills // 10 or kills < 100
