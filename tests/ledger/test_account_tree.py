"""The account tree beside a dictionary and the naive tree: any changes, endings, restarts, prunings and questions about the past."""

import random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from leither_edge.core import multi_proof
from leither_edge.core import proof as proofs
from leither_edge.core.sum_tree import TOTAL_BOUND, TreeError
from leither_edge.ledger.account_tree import TABLES, AccountTree
from leither_edge.ledger.bulk_load import load
from leither_edge.ledger.history import HistoryError
from leither_edge.storage import open_store
from tests.ledger import naive_tree, twins

MAP_BYTES = 1 << 28
SEEDS = st.integers(0, 2**32 - 1)
AMOUNTS = (0, 1, 7, 400, 1 << 20, (1 << 40) - 2, (1 << 40) - 1, 1 << 40, 1 << 44)
HISTORIES = (0, 3, 20, 604800)


def made_ids(choose, many):
    """Accounts of which about half share their first 1 to 9 bytes with others."""
    starts = [choose.randbytes(choose.randrange(1, 10)) for _ in range(3)]
    found = set()
    for _ in range(many):
        start = choose.choice(starts) if choose.random() < 0.5 else b""
        found.add((start + choose.randbytes(20))[:20])
    return sorted(found)


def commit(tree, pulse, changes):
    batch = tree.prepare(pulse, changes)
    with tree.store.write() as tx:
        tree.write(tx, batch)
    tree.done(batch)


class Beside(RuleBasedStateMachine):
    """One tree, and what it has to say."""

    def __init__(self):
        super().__init__()
        self.folder = TemporaryDirectory()
        self.store = open_store(self.folder.name, MAP_BYTES, TABLES)

    def teardown(self):
        self.store.close()
        self.folder.cleanup()

    @initialize(
        seed=SEEDS, many=st.sampled_from((2, 12, 60, 300, 1100)), loaded=st.sampled_from((0, 0.5, 1)), history=st.sampled_from(HISTORIES)
    )
    def begin(self, seed, many, loaded, history):
        choose = random.Random(seed)
        self.ids = made_ids(choose, many)
        self.state, self.top = {}, None
        # What was after each pulse; of each account its changes, newest first; pulses that a tree without history wrote.
        self.past, self.changes, self.forgetful = {}, {}, set()
        self.floor = self.pulse = 0
        if loaded:
            self.floor = self.pulse = 5
            records = sorted(
                (account, choose.randrange(1, 6), choose.choice(AMOUNTS[1:])) for account in self.ids[: max(int(loaded * len(self.ids)), 1)]
            )
            for _ in load(self.store, records, self.pulse, len(records), history):
                pass
            for account, pulse, amount in records:
                self.state[account] = pulse, amount
                self.changes[account] = [(pulse, amount)]
            self.past[self.pulse] = dict(self.state)
            if not history:
                self.forgetful.add(self.pulse)
        self.history = history
        self.tree = AccountTree(self.store, history)
        self.top = naive_tree.tree(self.state)

    # -- what is asked for now

    @invariant()
    def root_and_sums(self):
        assert (self.tree.root, self.tree.total) == naive_tree.root_of(self.top)
        assert (self.tree.pulse, self.tree.accounts) == (self.pulse, len(self.state))

    @rule(seed=SEEDS)
    def prove(self, seed):
        asked = self.some(random.Random(seed), 5)
        for account in asked:
            shown = self.tree.proof(account)
            assert shown == naive_tree.proof_of(self.top, account)
            assert self.tree.get(account) == self.state.get(account, (None, 0))
            assert proofs.verify(shown, account, self.tree.root, self.tree.total) == self.tree.get(account)
        shown = self.tree.proof_many(asked)
        assert shown == naive_tree.multi_proof_of(self.top, asked)
        if self.state:
            expected = [self.state.get(account, (None, 0)) for account in asked]
            assert multi_proof.verify_many(shown, asked, self.tree.root, self.tree.total) == expected

    @rule(seed=SEEDS)
    def list_records(self, seed):
        start = random.Random(seed).choice((bytes(20), *self.some(random.Random(seed), 2)))
        expected = sorted((account, *record) for account, record in self.state.items() if account >= start)
        assert list(self.tree.records(start)) == expected

    # -- what was

    @rule(seed=SEEDS)
    def look_back(self, seed):
        choose = random.Random(seed)
        oldest = self.oldest()
        assert self.tree.kept_from() == oldest
        for pulse in {oldest, self.pulse, choose.randint(oldest, self.pulse), max(oldest, self.pulse - 1)}:
            if pulse not in self.past or pulse in self.forgetful and pulse != self.pulse:
                with pytest.raises(HistoryError):
                    self.tree.at(pulse)
                continue
            state = self.past[pulse]
            then, top = self.tree.at(pulse), naive_tree.tree(state)
            assert (then.pulse, then.root, then.total, then.accounts) == (pulse, *naive_tree.root_of(top), len(state))
            for account in self.some(choose, 3):
                assert then.get(account) == state.get(account, (None, 0))
                assert then.proof(account) == naive_tree.proof_of(top, account)
        for pulse in (oldest - 1, self.pulse + 1):
            with pytest.raises(HistoryError):
                self.tree.at(pulse)

    @rule(seed=SEEDS)
    def tell_history(self, seed):
        oldest = self.oldest()
        for account in self.some(random.Random(seed), 3):
            changes = self.changes.get(account, [])
            within = [change for change in changes if change[0] > oldest]
            before = [change for change in changes if change[0] <= oldest][:1]
            told = list(self.tree.history(account))
            # An ending that no question needs may be forgotten.
            assert told == within + before or not (before and before[0][1]) and told == within

    # -- changes

    @rule(seed=SEEDS, many=st.sampled_from((0, 1, 5, 60)), redo=st.booleans())
    def change(self, seed, many, redo):
        choose = random.Random(seed)
        self.take({account: choose.choice(AMOUNTS) for account in self.some(choose, many)}, redo)

    @rule(seed=SEEDS)
    def end_most(self, seed):
        choose = random.Random(seed)
        self.take({account: 0 for account in self.state if choose.random() < 0.9})

    @rule(seed=SEEDS)
    def create_most(self, seed):
        choose = random.Random(seed)
        self.take({account: choose.choice(AMOUNTS[1:]) for account in self.ids if account not in self.state and choose.random() < 0.7})

    @rule(seed=SEEDS)
    def some_pulses(self, seed):
        choose = random.Random(seed)
        for _ in range(choose.randrange(2, 25)):
            self.take({account: choose.choice(AMOUNTS) for account in self.some(choose, 4)})

    @rule(amount=st.sampled_from((TOTAL_BOUND - 1, TOTAL_BOUND // 2)), seed=SEEDS)
    def change_to_nearly_all(self, amount, seed):
        account = random.Random(seed).choice(self.ids)
        others = self.tree.total - self.state.get(account, (0, 0))[1]
        if others + amount < TOTAL_BOUND:
            self.take({account: amount})
        else:
            self.refuse("total", {account: amount})
            self.take({account: TOTAL_BOUND - 1 - others})
        self.take({account: 0})

    @rule(seed=SEEDS, written=st.booleans(), many=st.sampled_from((1, 30, 1000)))
    def undo(self, seed, written, many):
        choose = random.Random(seed)
        changes = {account: choose.choice(AMOUNTS) for account in self.some(choose, many)}
        batch = self.tree.prepare(self.pulse + 1 if self.pulse else 3, changes)
        if written:
            with pytest.raises(RuntimeError), self.store.write() as tx:
                self.tree.write(tx, batch)
                raise RuntimeError("the transaction fails")
        self.tree.undo(batch)

    @rule(seed=SEEDS)
    def refused(self, seed):
        account = random.Random(seed).choice(self.ids)
        self.refuse("amount", {account: -1})
        self.refuse("amount", {account: TOTAL_BOUND})
        self.refuse("account", {account: 1, account[:19]: 1})
        self.refuse("total", {account: TOTAL_BOUND - 1, bytes(20): TOTAL_BOUND - 1})
        self.refuse("pulse", {account: 1}, self.pulse)
        self.refuse("pulse", {account: 1}, 1 << 32)
        if self.pulse:
            self.refuse("pulse", {account: 1}, self.pulse + 2)

    # -- and what happens to a book

    @rule(history=st.sampled_from((None, *HISTORIES)))
    def restart(self, history):
        self.store.close()
        self.store = open_store(self.folder.name, MAP_BYTES, TABLES)
        self.history = self.history if history is None else history
        self.tree = AccountTree(self.store, self.history)

    @precondition(lambda self: self.pulse)
    @rule(rows=st.sampled_from((1, 10, 1024)), back=st.sampled_from((0, 5)))
    def prune(self, rows, back):
        with self.store.write() as tx:
            self.tree.prune(tx, max(self.pulse - back, 0), rows)

    # -- inside

    def some(self, choose, many):
        found = choose.sample(self.ids, min(many, len(self.ids)))
        return [*found, choose.randbytes(20)] if many and choose.random() < 0.5 else found

    def oldest(self):
        return max(self.pulse - self.history, self.floor)

    def refuse(self, field, changes, pulse=None):
        with pytest.raises(TreeError) as caught:
            self.tree.prepare(self.pulse + 1 if pulse is None else pulse, changes)
        assert caught.value.field == field
        self.root_and_sums()

    def take(self, changes, redo=False):
        if sum(changes.values()) + sum(amount for account, (_, amount) in self.state.items() if account not in changes) >= TOTAL_BOUND:
            self.refuse("total", changes)
            return
        # The first pulse of a book may be any.
        pulse = self.pulse + 1 if self.pulse else 3
        if redo:
            self.tree.undo(self.tree.prepare(pulse, changes))
        commit(self.tree, pulse, changes)
        self.pulse = pulse
        self.floor = self.oldest()
        for account, amount in changes.items():
            self.changes.setdefault(account, []).insert(0, (pulse, amount))
            if amount:
                self.state[account] = pulse, amount
            else:
                self.state.pop(account, None)
        self.past[pulse] = dict(self.state)
        if not self.history:
            self.forgetful.add(pulse)
        self.top = naive_tree.tree(self.state)


@twins.BOTH
@pytest.mark.parametrize("examples, steps", [(15, 25), pytest.param(150, 60, marks=pytest.mark.slow)])
def test_beside_a_dictionary(loops, examples, steps, monkeypatch):
    twins.use(loops, monkeypatch)
    run_state_machine_as_test(
        Beside,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
            report_multiple_bugs=False,
        ),
    )
