"""What a version holds: the same for the same content, all of it, and only what changed is looked at."""

import random

import pytest

from leither_edge.mimei.database import ending, state, versions
from leither_edge.mimei.database.database import Database, Limits
from leither_edge.mimei.database.layout import CHANGED
from leither_edge.mimei.errors import BadBlock
from leither_edge.mimei.tree import build, change, diff, node
from tests.mimei.memory_blocks import MemoryBlocks
from tests.mimei.redis_grammar import FORMS, Grammar

KEYS = [b"k%d" % number for number in range(10)]
NOT_OURS = {"MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH", "ECHO", "PING"}
WRITES = {line.split()[0] for line in FORMS.split("\n") if line} - NOT_OURS


def contents(database):
    """All that can be asked of the ten keys."""
    asks = {b"string": [b"get"], b"hash": [b"hgetall"], b"set": [b"smembers"]}
    told = [database.execute([b"dbsize"])]
    for key in KEYS:
        kind = database.execute([b"type", key]).text
        told.append((kind, database.execute([b"pexpiretime", key])))
        if kind == b"list":
            told.append(database.execute([b"lrange", key, b"0", b"-1"]))
        elif kind == b"zset":
            told.append(database.execute([b"zrange", key, b"0", b"-1", b"withscores"]))
            told.append(sorted(database.execute([b"zscan", key, b"0"])[1], key=repr))
        elif kind in asks:
            told.append(database.execute([*asks[kind], key]))
    return told


def backup(database, blocks, base):
    until = state.mark(database)
    root = change.apply(blocks, None if state.all_changed(database) else base, versions.changes(database, blocks))
    while not state.settled(database, until, 3):
        pass
    return root


def restored(database, blocks, root, number):
    other = Database(database.tx, number, database.now_ms, random.Random(1).randbytes, Limits(1 << 20))
    for step in versions.load(blocks, root, number, 7):
        step(other)
    return other


@pytest.mark.parametrize("seed", range(4))
def test_random_work_backed_up_and_restored(database, seed):
    grammar = Grammar(random.Random(seed), lambda name: name in WRITES)
    blocks = MemoryBlocks()
    base = None
    for number in range(5):
        for _ in range(120):
            database.execute(grammar.command())
        base = backup(database, blocks, base)
        other = restored(database, blocks, base, 100 + number)
        assert contents(other) == contents(database)
        # A restored one holds the same rows, and has no changes.
        assert list(versions.changes(other, blocks)) == []
        other.state = None
        state.mark(other)
        assert build.build(blocks, all_rows(other, blocks)) == base


def all_rows(database, blocks):
    database.enter()
    database.state.all_until = 1
    database.leave()
    return list(versions.changes(database, blocks))


def test_history_leaves_no_trace_in_the_rows(database, run):
    blocks = MemoryBlocks()
    for line in ("rpush l b c", "lpush l a", "linsert l before b x", "lrem l 1 x", "zadd z 2 m 1 n", "zadd z 1 m"):
        run(line)
    run("hset h a 1 b 2")
    run("hdel h b")
    run([b"rpush", b"k" * 400, b"1"])
    first = list(versions.changes(database, blocks))
    assert run("flushdb") == run("set n 1") and run("del n") == 1
    run([b"rpush", b"k" * 400, b"1"])
    for line in ("hset h a 1", "zadd z 1 n 1 m", "rpush l a b c"):
        run(line)
    assert list(versions.changes(database, blocks)) == first


def test_only_what_changed_is_looked_at(database, run):
    blocks = MemoryBlocks()
    for at in range(300):
        run([b"set", b"key%d" % at, b"v"])
    base = backup(database, blocks, None)
    assert database.tx.count(CHANGED) == 0
    run("set key7 w")
    run("del key9")
    run("hset h f 1")
    assert [key for key, _ in versions.changes(database, blocks)] == [b"\1h", b"\1key7", b"\1key9", b"\2h\0\1f"]
    newer = backup(database, blocks, base)
    told = [versions.told(blocks, key, old, new, newer) for key, old, new in diff.diff(blocks, base, newer)]
    assert told == [
        ((b"h", b"hash", None), None, b""), ((b"key7", b"string", None), b"v", b"w"), ((b"key9", b"string", None), b"v", None),
        ((b"h", b"hash", b"f"), None, b"1"),
    ]  # fmt: skip


def test_a_change_during_a_backup_is_for_the_next(database, run):
    run("set a 1")
    until = state.mark(database)
    run("set b 1")
    assert state.settled(database, until)
    assert [key for key, _ in versions.changes(database, MemoryBlocks())] == [b"\1b"]


@pytest.mark.parametrize(
    "rows",
    [
        [(b"\1k", b"")], [(b"\1k", b"\x09")], [(b"\1k", b"\x11\0")], [(b"\1k", b"\x21\0\0\0\1x")], [(b"\2k\0\1m", b"")], [(b"\2k", b"")],
        [(b"\1k", b"\1v"), (b"\2k\0\1m", b"")], [(b"\1z", b"\4"), (b"\2z\0\1m", b"")], [(b"\x80k", b"")],
        [(b"\1" + b"k" * 508, b"\1v")], [(b"\1k", b"\x11" + bytes(8) + b"v")], [(b"\1s", b"\3"), (b"\2s\0\1m", b"x")],
        [(b"\1h", b"\5"), (b"\2h\0\1" + b"m" * 300, b"x")], [(b"\1h", b"\5"), (b"\2h\0\1" + b"m" * 256, b"x")],
        [(b"\1z", b"\4"), (b"\2z\0\1m", b"\xff" * 8)],
        [(b"\1k", node.Reference(b"", b"\1\x71\x12\x20" + bytes(32)))],
    ],
    ids=repr,
)  # fmt: skip
def test_rows_of_no_database_are_refused(database, rows):
    blocks = MemoryBlocks()
    root = build.build(blocks, rows)
    with pytest.raises(BadBlock):
        restored(database, blocks, root, 8)


def test_very_many_marks_become_one(database, run, monkeypatch):
    monkeypatch.setattr(state, "MARKS_MAX", 20)
    backup(database, MemoryBlocks(), None)
    for at in range(30):
        run([b"set", b"k%d" % at, b"v"])
    assert not state.all_changed(database) and database.tx.count(CHANGED) == 30
    ending.expire_some(database)
    assert state.all_changed(database) and database.tx.count(CHANGED) == 0
    until = state.mark(database)
    run("set late 1")
    ending.expire_some(database)
    assert len(list(versions.changes(database, MemoryBlocks()))) == 31
    assert state.settled(database, until)
    assert [key for key, _ in versions.changes(database, MemoryBlocks())] == [b"\1late"]
