"""What is large goes at once for those who ask, and in small steps from the disk."""

import random

import pytest

from leither_edge.mimei.database import ending, leftover, state, versions
from leither_edge.mimei.database.layout import CHANGED, DATA
from leither_edge.mimei.tree import change
from tests.mimei.memory_blocks import MemoryBlocks

FILLS = {
    b"hash": [b"hset", b"k", *(b"%d" % at for at in range(40))], b"set": [b"sadd", b"k", *(b"%d" % at for at in range(20))],
    b"list": [b"rpush", b"k", *(b"%d" % at for at in range(20))], b"zset": [b"zadd", b"k", *(b"%d" % at for at in range(40))],
}  # fmt: skip


def rows(database):
    return [row for row, _ in database.tx.scan(DATA) if row[4:] != b"\0"]


def clear(database):
    turns = 0
    while ending.expire_some(database, 1):
        turns += 1
    return turns


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    monkeypatch.setattr(ending, "_ROWS_OF_KEY", 3)


@pytest.mark.parametrize("kind", FILLS)
def test_a_large_collection_goes_in_steps(database, run, kind):
    run(FILLS[kind])
    before = len(rows(database))
    assert run("del k") == 1 and run("exists k") == 0 and run("dbsize") == 0
    assert len(rows(database)) == before
    assert clear(database) > 4 and rows(database) == []


@pytest.mark.parametrize("old", FILLS)
@pytest.mark.parametrize("new", FILLS)
def test_what_comes_in_its_place_has_nothing_of_it(database, run, old, new):
    run(FILLS[old])
    run("del k")
    run([*FILLS[new][:2], b"7", b"8"])
    assert run({b"hash": "hgetall k", b"set": "smembers k", b"list": "lrange k 0 -1", b"zset": "zrange k 0 -1"}[new]) in (
        {b"7": b"8"}, [b"7", b"8"], ([b"7", b"8"],), [b"8"],
    )  # fmt: skip
    clear(database)
    assert len(rows(database)) <= 3


@pytest.mark.parametrize("tracked", [False, True])
def test_a_version_between_the_steps_holds_nothing_of_it(database, run, tracked):
    blocks, base = MemoryBlocks(), None
    run(FILLS[b"zset"])
    run("hset before a 1")
    run("hset zz a 1")
    if tracked:
        until = state.mark(database)
        base = change.apply(blocks, None, versions.changes(database, blocks))
        state.settled(database, until)
    state.mark(database)
    run("del k")
    ending.expire_some(database, 1)
    root = change.apply(blocks, base, versions.changes(database, blocks))
    run("del before zz")
    assert root == change.apply(blocks, None, [(b"\1before", b"\5"), (b"\1zz", b"\5"), (b"\2before\0\1a", b"1"), (b"\2zz\0\1a", b"1")])


def test_a_flush_is_one_small_change(database, run):
    state.settled(database, state.mark(database))
    for turn in range(3):
        for at in range(30):
            run(f"set k{at} {turn}")
        left = len(rows(database))
        assert run("flushdb") and run("dbsize") == 0 and run("keys *") == [] and run("get k1") is None
        # While the other half is not cleared away, a second flush deletes by itself.
        assert len(rows(database)) == (left if turn != 1 else 30)
        run("set x 1")
        database.use(database.tx, database.now_ms)
        assert run("get x") == b"1" and [key for key, _ in versions.changes(database, MemoryBlocks())] == [b"\1x"]
        if turn:
            clear(database)
            assert len(rows(database)) == 1
            assert all(row[4:] == b"\1x" for row, _ in database.tx.scan(CHANGED))
        run("del x")


def test_a_flush_that_is_undone_was_none(database, run):
    for at in range(30):
        run(f"set k{at} v")
    before = list(database.tx.scan(DATA))
    state.begin(database, b"me", 1000)
    database.execute([b"flushdb"], b"me")
    database.execute([b"set", b"k1", b"w"], b"me")
    ending.expire_some(database)
    assert list(state.unfinished(database.tx)) == [7]
    state.abandon(database, b"me")
    assert run("get k1") == b"v" and list(database.tx.scan(DATA)) == before
    # Of a block that storage takes back, the next use() knows.
    packed = database.get(database.state_row)
    run("flushdb")
    database.tx.put(DATA, database.state_row, packed)
    database.use(database.tx, database.now_ms)
    assert run("get k1") == b"v"


def test_random_work_with_steps_in_between(database):
    from tests.mimei.database.test_transactions import COVERED
    from tests.mimei.redis_grammar import Grammar

    grammar, chance = Grammar(random.Random(3), lambda name: name in COVERED), random.Random(4)
    for _ in range(600):
        database.execute(grammar.command())
        if chance.random() < 0.2:
            ending.expire_some(database, 1)
    database.execute([b"flushdb"])
    clear(database)
    assert rows(database) == [] and leftover.parts(database) == []
