"""The account tree in situations of their own: other ways to the same accounts, a crowd in one bucket, a past that was not kept."""

import random

import pytest

from leither_edge.core.sum_tree import TreeError
from leither_edge.ledger import account_tree, log, opening
from leither_edge.ledger.account_tree import TABLES, AccountTree
from leither_edge.ledger.base import BASE, FIRST_KEY, read_chunk
from leither_edge.ledger.bulk_load import load
from leither_edge.ledger.chunk import VALUE_BYTES_MAX, row_bytes
from leither_edge.ledger.history import HistoryError
from leither_edge.ledger.tree_hash import LEAF_BYTES, run_root
from leither_edge.storage import Damaged, open_store
from tests.ledger import naive_tree, twins
from tests.ledger.test_account_tree import AMOUNTS, MAP_BYTES, commit, made_ids


def opened(folder, history=0):
    return AccountTree(open_store(folder, MAP_BYTES, TABLES), history)


@twins.BOTH
@pytest.mark.parametrize("many", [3, 700])
def test_equal_roots_for_any_way_to_the_same_accounts(loops, many, monkeypatch, tmp_path):
    """One pulse, a load, and detours with endings, redone changes and restarts in between: what counts is what is there."""
    twins.use(loops, monkeypatch)
    choose = random.Random(many)
    ids = made_ids(choose, many)
    state = {account: (choose.randrange(1, 9), choose.choice(AMOUNTS[1:])) for account in ids}
    by_pulse = {pulse: {account: amount for account, (then, amount) in state.items() if then == pulse} for pulse in range(1, 9)}
    expected = naive_tree.root(state)
    seen = []
    for way in range(6):
        tree = opened(tmp_path / str(way), 5 * (way % 2))
        for pulse in range(1, 9):
            changes = dict(choose.sample(sorted(by_pulse[pulse].items()), len(by_pulse[pulse])))
            # Other accounts come and go again, and those that are due later are there before.
            later = [account for account in ids if state[account][0] > pulse]
            changes |= {account: choose.choice(AMOUNTS) for account in choose.sample(later, len(later) * way // 9)}
            changes |= {account[::-1]: pulse % 4 for account in choose.sample(ids, min(way * 30, many)) if account[::-1] not in state}
            if pulse == 8:
                changes |= {account: 0 for account, _, _ in tree.records() if account not in state}
            commit(tree, pulse, dict(choose.sample(sorted(changes.items()), len(changes))))
            if choose.random() < 0.3:
                tree.store.close()
                tree = opened(tmp_path / str(way), 5 * (way % 2))
        seen.append((tree.root, tree.total))
        tree.store.close()
    store = open_store(tmp_path / "loaded", MAP_BYTES, TABLES)
    for _ in load(store, sorted((account, *record) for account, record in state.items()), 8, many):
        pass
    tree = AccountTree(store)
    assert [*seen, (tree.root, tree.total)] == [expected] * 7
    store.close()


@twins.BOTH
def test_accounts_made_to_share_their_first_bytes(loops, monkeypatch, tmp_path):
    """Who can search for keys puts thousands of accounts into one bucket: it costs him more hashes than the club."""
    twins.use(loops, monkeypatch)
    choose = random.Random(4)
    crowd = sorted({b"same" + choose.randbytes(16) for _ in range(3000)})
    state = {account: (1, 5) for account in (*crowd, *{choose.randbytes(20) for _ in range(1000)})}
    tree = opened(tmp_path, 100)
    commit(tree, 1, {account: amount for account, (_, amount) in state.items()})
    most = 0
    for pulse in range(2, 40):
        before = tree.hashes
        changes = {account: choose.choice(AMOUNTS) for account in choose.sample(crowd, 5)}
        commit(tree, pulse, changes)
        most = max(most, tree.hashes - before)
        for account, amount in changes.items():
            state[account] = pulse, amount
            if not amount:
                del state[account]
    top = naive_tree.tree(state)
    assert (tree.root, tree.total) == naive_tree.root_of(top)
    # The bucket's leaves and branches once a pulse, however many of them change, and the way up.
    assert most <= 2 * len(crowd) + 40
    for account in (*choose.sample(crowd, 5), b"same" + bytes(16), bytes(20)):
        shown = tree.proof(account)
        assert shown == naive_tree.proof_of(top, account)
        # The branches at which the crowd parts are no more than chance has it.
        assert len(shown) <= 36 + 29 * 64
    with tree.store.read() as tx:
        chunks = list(tx.scan(BASE))
    assert max(len(data) for _, data in chunks) <= VALUE_BYTES_MAX
    assert len(chunks) <= 2 * len(state) * row_bytes(1) // VALUE_BYTES_MAX
    tree.store.close()
    tree = opened(tmp_path, 100)
    assert (tree.root, tree.total) == naive_tree.root_of(top)
    assert list(tree.records()) == sorted((account, *record) for account, record in state.items())
    tree.store.close()


def test_a_bucket_over_three_chunks_with_wide_amounts_in_the_last(tmp_path):
    choose = random.Random(3)
    ids = sorted({b"same" + choose.randbytes(16) for _ in range(300)})
    state = {account: (1, 1 << 41 if number > 270 else 1) for number, account in enumerate(ids)}
    store = open_store(tmp_path, MAP_BYTES, TABLES)
    for _ in load(store, [(account, *record) for account, record in state.items()], 1, len(state)):
        pass
    with store.read() as tx:
        assert [read_chunk(*row).is_narrow() for row in tx.scan(BASE)] == [True, True, False]
    tree = AccountTree(store)
    assert list(tree.records()) == [(account, *record) for account, record in state.items()]
    state[ids[0]] = 2, 7
    commit(tree, 2, {ids[0]: 7})
    assert (tree.root, tree.total) == naive_tree.root(state)
    store.close()


@twins.BOTH
def test_the_rest_of_a_crowd_whose_first_chunks_have_emptied(loops, monkeypatch, tmp_path):
    twins.use(loops, monkeypatch)
    choose = random.Random(9)
    ids = sorted({b"\0same" + choose.randbytes(15) for _ in range(1500)})
    store = open_store(tmp_path, MAP_BYTES, TABLES)
    for _ in load(store, [(account, 1, 5) for account in ids], 1, len(ids)):
        pass
    tree = AccountTree(store)
    commit(tree, 2, dict.fromkeys(ids[:1200], 0))
    state = {account: (1, 5) for account in ids[1200:]}
    for pulse in (3, 4, 5):
        commit(tree, pulse, {ids[-1]: pulse})
        state[ids[-1]] = pulse, pulse
        assert (tree.root, tree.total) == naive_tree.root(state)
    with store.read() as tx:
        assert next(tx.scan(BASE))[0] != FIRST_KEY
    tree = AccountTree(store)
    assert list(tree.records()) == [(account, *record) for account, record in state.items()]
    store.close()


def test_a_past_that_was_not_kept_is_not_told(tmp_path):
    account, other = bytes(20), b"\1" * 20
    tree = opened(tmp_path, 100)
    commit(tree, 1, {account: 5})
    commit(tree, 2, {other: 5})
    tree.store.close()
    # Without a history the ending leaves nothing behind.
    tree = opened(tmp_path)
    commit(tree, 3, {account: 0})
    tree.store.close()
    tree = opened(tmp_path, 100)
    commit(tree, 4, {account: 8})
    assert list(tree.history(account))[:1] == [(4, 8)] and tree.kept_from() == 3
    for pulse in (1, 2, 3):
        with pytest.raises(HistoryError):
            tree.at(pulse)
    assert tree.at(4).get(account) == (4, 8)
    tree.store.close()


def test_what_the_last_pulse_promised_outlives_a_start_that_would_keep_less(tmp_path):
    tree = opened(tmp_path, 100)
    for pulse in range(1, 40):
        commit(tree, pulse, {bytes((pulse % 5,)) * 20: pulse})
    tree.store.close()
    tree = opened(tmp_path)
    with tree.store.write() as tx:
        tree.prune(tx, 40)
    tree.store.close()
    tree = opened(tmp_path, 100)
    assert tree.at(1).get(b"\1" * 20) == (1, 1) and tree.at(1).proof(b"\1" * 20)
    tree.store.close()


def test_a_pulse_has_so_many_changes_and_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr(log, "CHANGES_MAX", 3)
    tree = opened(tmp_path)
    commit(tree, 1, {bytes((number,)) * 20: 5 for number in range(3)})
    with pytest.raises(TreeError) as caught:
        tree.prepare(2, {bytes((number,)) * 20: 6 for number in range(4)})
    assert caught.value.field == "changes" and (tree.pulse, tree.total) == (1, 15)
    tree.store.close()


def test_pulses_follow_each_other(tmp_path):
    # A gap could not be told from a pulse that was lost.
    tree = opened(tmp_path)
    commit(tree, 7, {bytes(20): 5})
    for pulse in (0, 6, 7, 9, 1 << 32):
        with pytest.raises(TreeError) as caught:
            tree.prepare(pulse, {bytes(20): 6})
        assert caught.value.field == "pulse"
    commit(tree, 8, {})
    tree.store.close()
    tree = opened(tmp_path)
    assert (tree.pulse, tree.get(bytes(20))) == (8, (7, 5))
    tree.store.close()


def test_a_book_whose_last_pulse_is_cut_is_damaged_and_not_emptied(tmp_path):
    tree = opened(tmp_path)
    commit(tree, 1, {bytes((number,)) * 20: 5 for number in range(100)})
    with tree.store.write() as tx:
        tx.delete(log.LOG, 1 << 16)
    with pytest.raises(Damaged):
        AccountTree(tree.store)
    with tree.store.read() as tx:
        assert tx.count(BASE)
    tree.store.close()


def test_opening_hashes_each_account_of_a_crowd_once(monkeypatch, tmp_path):
    choose = random.Random(5)
    crowd = sorted({b"same" + choose.randbytes(16) for _ in range(3000)})
    store = open_store(tmp_path, MAP_BYTES, TABLES)
    for _ in load(store, [(account, 1, 5) for account in crowd], 1, len(crowd)):
        pass
    runs = []
    monkeypatch.setattr(opening, "run_root", lambda run: runs.append(len(run)) or run_root(run))
    AccountTree(store)
    assert sum(runs) == LEAF_BYTES * len(crowd)
    store.close()


def test_a_change_that_meets_a_damaged_chunk_changes_nothing(tmp_path):
    choose = random.Random(6)
    ids = sorted({choose.randbytes(20) for _ in range(640)})
    tree = opened(tmp_path)
    commit(tree, 1, dict.fromkeys(ids, 5))
    with tree.store.write() as tx:
        key, data = list(tx.scan(BASE))[-1]
        tx.put(BASE, key, data[:-1])
    before = tree.pulse, tree.root, tree.total, tree.accounts, tree.get(ids[0])
    # One account more than its levels take: all chunks are read.
    with pytest.raises(Damaged):
        tree.prepare(2, {ids[0]: 7, bytes(20): 5})
    assert (tree.pulse, tree.root, tree.total, tree.accounts, tree.get(ids[0])) == before
    tree.store.close()


def test_few_chunks_go_in_one_pulse_however_many_accounts_ended(monkeypatch, tmp_path):
    monkeypatch.setattr(account_tree, "PENDING_SOFT", 100)
    choose = random.Random(7)
    ids = sorted({choose.randbytes(20) for _ in range(20_000)})
    store = open_store(tmp_path, MAP_BYTES, TABLES)
    for _ in load(store, [(account, 1, 5) for account in ids], 1, len(ids)):
        pass
    tree = AccountTree(store)
    for pulse in range(2, 8):
        with store.read() as tx:
            chunks = tx.count(BASE)
        commit(tree, pulse, dict.fromkeys(ids, 0) if pulse == 2 else {})
        with store.read() as tx:
            assert chunks - account_tree.CHUNKS_MAX <= tx.count(BASE) < chunks
    store.close()


@pytest.mark.parametrize("history", [0, 20])
def test_the_log_of_full_pulses_is_dropped_as_fast_as_it_grows(history, tmp_path):
    choose = random.Random(8)
    ids = [choose.randbytes(20) for _ in range(3000)]
    tree = opened(tmp_path, history)
    rows = []
    for pulse in range(1, 161):
        batch = tree.prepare(pulse, {account: choose.randrange(1, 99) for account in choose.sample(ids, 2500)})
        with tree.store.write() as tx:
            if pulse % 16 == 0:
                tree.prune(tx, max(0, pulse - history))
                rows.append(tx.count(log.LOG))
            tree.write(tx, batch)
        tree.done(batch)
    assert max(rows[5:]) <= max(rows[:5])
    tree.store.close()
