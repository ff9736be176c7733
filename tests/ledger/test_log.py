"""The log: what a pulse writes is read again, whole, in parts of bounded size, and rows that are not a pulse's are told as damage."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.ledger import log
from leither_edge.ledger.levels import page_bits
from leither_edge.storage import Damaged, open_store

SEEDS = st.integers(0, 2**64 - 1)
AMOUNTS = (0, 1, (1 << 40) - 2, (1 << 40) - 1, 1 << 40, (1 << 56) - 1)


class Enough(Exception):
    """Ends a transaction, so that the store is as before."""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with open_store(tmp_path_factory.mktemp("log") / "store", 1 << 27, (log.LOG,)) as store:
        yield store


def in_transaction(store, work):
    """work(tx) in a transaction that leaves nothing."""
    with pytest.raises(Enough), store.write() as tx:
        work(tx)
        raise Enough


def made_entry(choose, pulse, many, history, levels=None):
    levels = levels or choose.choice((1, 2, 5, 9, 14))
    amounts = choose.choice((AMOUNTS[:3], AMOUNTS))
    accounts = sorted({choose.randbytes(20) for _ in range(many)})
    many = len(accounts)
    new, old = ([choose.choice(amounts) for _ in range(many)] for _ in range(2))
    before, turn, turns, sides = [choose.randrange(1 << 32) for _ in range(many)], 0, 0, b""
    if history:
        pages = 1 << page_bits(levels)
        turn, turns = choose.randrange(pages), choose.choice((0, min(3, pages), pages))
        sides = choose.randbytes(27 * (len(log.changed_pages(accounts, page_bits(levels))) + turns))
    return log.Entry(
        pulse, choose.randbytes(20), choose.randrange(1 << 56), choose.randrange(1 << 32), accounts, new, before if history else None,
        old if history else None, choose.randrange(1 << 32), choose.randrange(1 << 32), levels, turn, turns, sides,
    )  # fmt: skip


def as_read(entry):
    return entry if entry.before is None else entry._replace(before=tuple(entry.before))


@settings(max_examples=80)
@given(SEEDS, st.sampled_from((0, 1, 15, 16, 17, 30, 60, 400)), st.booleans())
def test_what_is_written_is_read(store, seed, many, history):
    choose = random.Random(seed)
    pulse = choose.choice((1, 7, (1 << 32) - 1))
    entry = made_entry(choose, pulse, many, history)

    def work(tx):
        log.write(tx, entry)
        assert (log.first(tx), log.newest(tx)) == (pulse, pulse)
        assert as_read(log.read(tx, pulse)) == as_read(entry)
        assert as_read(log.read(tx, pulse, sides=False)).accounts == entry.accounts
        assert log.read(tx, pulse - 1) is None
        assert all(len(data) <= log.PART_BYTES for _, data in tx.scan(log.LOG))
        past = log.Past(tx)
        if not history:
            assert past.add_sides(pulse, {}) is None
            return
        for account, before, old in zip(entry.accounts, entry.before, entry.old, strict=True):
            assert past.change(pulse, account) == (before, old)
        assert past.change(pulse, choose.randbytes(20)) is None and past.change(pulse - 1, bytes(20)) is None
        bits = page_bits(entry.levels)
        numbers = log.changed_pages(entry.accounts, bits) + [(entry.turn + step) % (1 << bits) for step in range(entry.turns)]
        sides = {number: entry.sides[27 * at : 27 * at + 27] for at, number in reversed(list(enumerate(numbers)))}
        found = {}
        assert past.add_sides(pulse, found) == bits and found == sides
        # What was found in a newer pulse stands.
        found = dict.fromkeys(range(1 << bits), b"newer")
        past.add_sides(pulse, found)
        assert set(found.values()) == {b"newer"}

    in_transaction(store, work)


@pytest.mark.parametrize("history", [False, True])
def test_as_many_changes_as_a_large_pulse_has(store, history):
    entry = made_entry(random.Random(1), 9, 60_000, history, levels=14)

    def work(tx):
        log.write(tx, entry)
        assert as_read(log.read(tx, 9)) == as_read(entry)
        if history:
            for at in (0, 1, 30_000, 59_999):
                assert log.Past(tx).change(9, entry.accounts[at]) == (entry.before[at], entry.old[at])

    in_transaction(store, work)


@pytest.mark.slow
@pytest.mark.parametrize("history", [False, True])
def test_the_most_changes_that_a_pulse_can_have(store, history):
    entry = made_entry(random.Random(1), 9, log.CHANGES_MAX, history, levels=28)

    def work(tx):
        log.write(tx, entry)
        assert as_read(log.read(tx, 9)) == as_read(entry)

    in_transaction(store, work)


def test_too_many_changes_are_refused(store):
    many = log.CHANGES_MAX + 1
    entry = log.Entry(9, bytes(20), 0, 0, [bytes(20)] * many, [0] * many, None, None, 0, 0, 1, 0, 0, b"")
    in_transaction(store, lambda tx: pytest.raises(ValueError, log.write, tx, entry))


@settings(max_examples=30)
@given(SEEDS)
def test_old_pulses_are_dropped_whole(store, seed):
    choose = random.Random(seed)

    def work(tx):
        history = choose.random() < 0.5
        for pulse in range(1, 9):
            log.write(tx, made_entry(choose, pulse, choose.choice((0, 3, 90)), history))
        before, rows = choose.randrange(11), choose.choice((1, 3, 1000))
        there, dropped, oldest = tx.count(log.LOG), log.drop(tx, before, rows), log.first(tx)
        assert tx.count(log.LOG) == there - dropped
        assert oldest is None and before > 8 or oldest <= max(before, 1)
        for pulse in range(oldest or 9, 9):
            assert log.read(tx, pulse).pulse == pulse
        assert dropped or before <= 1
        # Again and again: all that is below goes, and nothing else.
        while log.drop(tx, before, rows):
            pass
        assert log.first(tx) == (None if before > 8 else max(before, 1))

    in_transaction(store, work)


def read_in_every_way(tx, pulse, account):
    """Each may only tell damage."""
    for ask in (
        lambda: log.read(tx, pulse),
        lambda: log.read(tx, pulse, sides=False),
        lambda: log.Past(tx).change(pulse, account),
        lambda: log.Past(tx).add_sides(pulse, {}),
    ):
        try:
            ask()
        except Damaged as error:
            assert f"Pulse {pulse} of the log" in str(error)


@settings(max_examples=200)
@given(SEEDS)
def test_rows_that_are_not_those_of_a_pulse_are_damage(store, seed):
    choose = random.Random(seed)
    entry = made_entry(choose, 5, choose.choice((0, 2, 20, 60)), choose.random() < 0.8)

    def work(tx):
        log.write(tx, entry)
        account = choose.choice([bytes(20), *entry.accounts])
        rows = list(tx.scan(log.LOG))
        for _ in range(6):
            key, good = choose.choice((rows[0], choose.choice(rows)))
            at = choose.randrange(len(good) if choose.random() < 0.5 else min(len(good), 60))
            bad = choose.choice((
                good[:at], good + good[:at], choose.randbytes(at), good[:at] + bytes((choose.randrange(256),)) + good[at + 1 :],
                good[:at] + b"\xff\xff\xff\xff" + good[at + 4 :], None,
            ))  # fmt: skip
            if bad is None:
                tx.delete(log.LOG, key)
            else:
                tx.put(log.LOG, key, bad)
            read_in_every_way(tx, 5, account)
            tx.put(log.LOG, key, good)

    in_transaction(store, work)


@given(SEEDS)
def test_a_pulse_cut_in_its_middle_is_damage(store, seed):
    choose = random.Random(seed)
    entry = made_entry(choose, 5, 100, True, levels=14)

    def work(tx):
        log.write(tx, entry)
        keys = [key for key, _ in tx.scan(log.LOG)]
        tx.delete(log.LOG, choose.choice(keys[1:]))
        with pytest.raises(Damaged, match="Pulse 5 of the log"):
            log.read(tx, 5)

    in_transaction(store, work)
