"""Makes books and damages their rows beside the store, as a worn card or a fault would."""

import random
from pathlib import Path

import lmdb

from leither_edge.ledger import account_tree
from leither_edge.ledger.account_tree import AccountTree
from leither_edge.ledger.book import TABLES
from leither_edge.ledger.fsck import Finding, check, open_damaged, repair
from leither_edge.storage import open_store
from leither_edge.storage.table import pack_row
from tests.ledger.club import MAP_BYTES, NOW

TABLE_OF = {table.name: table for table in TABLES}


def make_tree(folder, accounts=400, pulses=30, history=1000, seed=1, changed=25):
    """A tree with accounts that were all changed in the log; returns {pulse: (root, {account: (pulse, amount)})}."""
    choose = random.Random(seed)
    ids = [choose.randbytes(20) for _ in range(accounts)]
    state, states = {}, {}
    with open_store(folder, MAP_BYTES, account_tree.TABLES) as store:
        tree = AccountTree(store, history=history)
        for pulse in range(1, pulses + 1):
            some = ids[:] if pulse == 1 else choose.sample(ids, changed)
            changes = {account: choose.choice((choose.randrange(1, 5000), choose.randrange(1, 5000), 1 << 45)) for account in some}
            if pulse > 1:
                changes[some[0]] = 0
            batch = tree.prepare(pulse, changes)
            with store.write() as tx:
                tree.write(tx, batch)
            tree.done(batch)
            state = {**state, **{account: (pulse, amount) for account, amount in changes.items()}}
            states[pulse] = tree.root, {account: record for account, record in state.items() if record[1]}
    return states


def make_book(folder, club, pulses=20, seed=1, **options):
    """A book with some payments in each pulse; returns its newest Header."""
    choose = random.Random(seed)
    with club.create(folder, **options) as book:
        club.fill(book)
        for _ in range(pulses):
            pairs = [choose.sample(range(len(club.accounts)), 2) for _ in range(3)]
            assert book.close_pulse([club.pay(*pair, 1 + n, book, n) for n, pair in enumerate(pairs)], NOW).pulse
        return book.head()[0]


class Raw:
    """The rows of a book's file as LMDB has them: rows(table) -> {packed key: row}, put, drop."""

    def __init__(self, folder):
        self._environment = lmdb.open(str(Path(folder) / "data.mdb"), subdir=False, lock=False, max_dbs=8, map_size=MAP_BYTES)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self._environment.close()

    def rows(self, table):
        with self._environment.begin() as txn:
            return dict(txn.cursor(db=self._environment.open_db(table.encode(), txn, create=False)))

    def put(self, table, key, row):
        with self._environment.begin(write=True) as txn:
            txn.put(key, row, db=self._environment.open_db(table.encode(), txn))

    def drop(self, table, *keys):
        with self._environment.begin(write=True) as txn:
            for key in keys:
                assert txn.delete(key, db=self._environment.open_db(table.encode(), txn))

    def put_value(self, table, key, value):
        """With the checksum that belongs to it."""
        self.put(table, key, pack_row(TABLE_OF[table], key, value))

    def flip(self, table, key, at, bits, summed=False):
        """Change one byte of a row; summed: with the checksum of what comes out."""
        row = bytearray(self.rows(table)[key])
        row[at] ^= bits
        if summed:
            self.put_value(table, key, bytes(row[:-4]))
        else:
            self.put(table, key, bytes(row))


def flip_one(folder, table, choose, summed, newest_only=False):
    """Flip a byte of a row by chance; returns (packed key, offset)."""
    with Raw(folder) as raw:
        rows = raw.rows(table)
        key = choose.choice(sorted(rows))
        at = choose.randrange(len(rows[key]) - (4 if summed else 0))
        raw.flip(table, key, at, choose.randrange(1, 256), summed)
    return key, at


def examined(folder, organization=None, mend=False):
    """[Finding, ...] of a check, or of a repair; that a check changes nothing is seen to."""
    with open_damaged(folder, MAP_BYTES, TABLES if organization else account_tree.TABLES) as store:
        commits = store.commits
        steps = list((repair if mend else check)(store, organization))
        assert mend or store.commits == commits
    findings = [step for step in steps if isinstance(step, Finding)]
    assert steps[len(steps) - len(findings) :] == findings
    return findings
