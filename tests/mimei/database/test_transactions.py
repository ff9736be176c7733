"""Transactions: whole or not at all, across crashes and time-outs, and others wait meanwhile."""

import random

import pytest

from leither_edge.mimei.database import ending, state
from leither_edge.mimei.database.database import Database, Limits
from leither_edge.mimei.database.layout import DATA, UNDO
from leither_edge.mimei.database.replies import OK
from leither_edge.mimei.errors import Busy, Conflict
from tests.mimei.redis_grammar import FORMS, Grammar

NOT_OURS = {"MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH", "ECHO", "PING"}
COVERED = {line.split()[0] for line in FORMS.split("\n") if line} - NOT_OURS
MINE, OTHER = b"m", b"o"


def rows(database):
    return list(database.tx.scan(DATA))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("settled", [False, True])
def test_rolled_back_nothing_remains(database, seed, settled):
    grammar = Grammar(random.Random(seed), lambda name: name in COVERED)
    if settled:
        state.settled(database, state.mark(database))
    for _ in range(200):
        database.execute(grammar.command())
    before = rows(database)
    state.begin(database, MINE, 1000)
    for _ in range(200):
        database.execute(grammar.command(), MINE)
    assert rows(database) != before
    state.abandon(database, MINE)
    assert rows(database) == before
    assert database.tx.count(UNDO) == 0


def test_committed_all_remains(database):
    state.begin(database, MINE, 1000)
    database.execute([b"set", b"a", b"1"], MINE)
    state.commit(database, MINE)
    database.execute([b"set", b"b", b"1"])
    assert database.execute([b"mget", b"a", b"b"]) == [b"1", b"1"]
    assert database.tx.count(UNDO) == 0


def test_others_wait_and_read(database):
    state.begin(database, MINE, 1000)
    with pytest.raises(Busy):
        database.execute([b"set", b"a", b"1"], OTHER)
    with pytest.raises(Busy):
        state.begin(database, OTHER, 1000)
    with pytest.raises(Conflict):
        state.begin(database, MINE, 1000)
    with pytest.raises(Conflict):
        state.commit(database, OTHER)
    with pytest.raises(Busy):
        state.mark(database)
    assert database.execute([b"get", b"a"], OTHER) is None


@pytest.mark.parametrize("by", ["another's command", "own command", "the step that clears away"])
def test_over_its_time_it_is_rolled_back(database, by):
    version = database.watch_version(b"a")
    state.begin(database, MINE, 1000)
    database.execute([b"set", b"a", b"1"], MINE)
    database.now_ms += 1000
    if by == "another's command":
        database.execute([b"set", b"b", b"1"], OTHER)
    elif by == "own command":
        # What came after the end of a transaction must not stand alone.
        assert b"rolled back" in database.execute([b"set", b"b", b"1"], MINE).text
        assert database.execute([b"set", b"c", b"1"], MINE) == OK
    else:
        ending.expire_some(database)
    assert database.execute([b"get", b"a"]) is None
    assert database.watch_version(b"a") != version
    with pytest.raises(Conflict):
        state.commit(database, MINE)
    # Told once is enough.
    assert database.execute([b"set", b"c", b"1"], MINE) == OK


def test_after_a_crash_it_is_rolled_back(store):
    def opened(tx, number):
        return Database(tx, number, 0, random.Random(1).randbytes, Limits(1 << 20))

    with store.write() as tx:
        for number in (0, 5, 0x7FFFFFFF):
            database = opened(tx, number)
            database.execute([b"set", b"a", b"1"])
            state.begin(database, MINE, 1000)
            database.execute([b"set", b"a", b"2"], MINE)
    with store.write() as tx:
        numbers = list(state.unfinished(tx))
        assert numbers == [0, 5, 0x7FFFFFFF]
        for number in numbers:
            state.roll_back(opened(tx, number))
    with store.read() as tx:
        assert [opened(tx, number).execute([b"get", b"a"]) for number in numbers] == [b"1"] * 3
        assert list(state.unfinished(tx)) == []
