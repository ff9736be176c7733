"""A stand-in for the account tree: the same interface, a dictionary in memory, one row a pulse, roots by the naive tree."""

import cbor2

from leither_edge.storage import Table
from tests.ledger import naive_tree

LOG = Table("plain_log", key="u64", value="bytes")
TABLES = (LOG,)


class View:
    def __init__(self, state, pulse):
        self.state, self.pulse = state, pulse
        self.root, self.total = naive_tree.root(state)
        self.accounts = len(state)

    def get(self, account):
        return self.state.get(account, (None, 0))

    def proof(self, account):
        return naive_tree.proof(self.state, account)


class AccountTree(View):
    def __init__(self, store, history=604800):
        state, pulse = {}, 0
        with store.read() as tx:
            for pulse, row in tx.scan(LOG):  # noqa: B007
                apply(state, pulse, cbor2.loads(row))
        self.store = store
        super().__init__(state, pulse)

    def prepare(self, pulse, changes):
        old = (self.state, self.pulse)
        state = dict(self.state)
        apply(state, pulse, changes)
        View.__init__(self, state, pulse)
        return old, pulse, changes

    def write(self, tx, batch):
        tx.put(LOG, batch[1], cbor2.dumps(batch[2]))

    def done(self, batch):
        pass

    def undo(self, batch):
        View.__init__(self, *batch[0])

    def at(self, pulse):
        state = {}
        with self.store.read() as tx:
            for number, row in tx.scan(LOG):
                if number <= pulse:
                    apply(state, number, cbor2.loads(row))
        return View(state, pulse)

    def history(self, account):
        with self.store.read() as tx:
            for pulse, row in tx.scan(LOG, reverse=True):
                changes = cbor2.loads(row)
                if account in changes:
                    yield pulse, changes[account]

    def records(self, start=None):
        for account in sorted(self.state):
            if start is None or account >= start:
                yield account, *self.state[account]

    def prune(self, tx, before_pulse):
        pass


def load(store, records, pulse):
    by_pulse = {}
    for account, changed, amount in records:
        by_pulse.setdefault(changed, {})[account] = amount
    with store.write() as tx:
        for changed, changes in by_pulse.items():
            tx.put(LOG, changed, cbor2.dumps(changes))
        if pulse not in by_pulse:
            tx.put(LOG, pulse, cbor2.dumps({}))


def apply(state, pulse, changes):
    for account, amount in changes.items():
        if amount:
            state[account] = pulse, amount
        else:
            state.pop(account, None)
