"""Rows of a version that somebody else made up are refused or harmless, whatever they are."""

import random

import pytest

from leither_edge.mimei.database import versions
from leither_edge.mimei.database.database import Database, Limits
from leither_edge.mimei.errors import MimeiError
from leither_edge.mimei.tree import build, node
from tests.mimei.memory_blocks import MemoryBlocks

PIECES = (b"\0", b"\0\1", b"\0\2", b"\xff", b"abc", b"x" * 300)
FLAGS = (0, 1, 2, 3, 4, 5, 0x11, 0x12, 0x21, 0x25, 0x31, 0x80)
FILL = ("set a 1", "set b 2 px 1000", "rpush l 1 2 3", "zadd z 1 a 2 b -1 c", "sadd s a b", "hset h a 1 b 2")


def changed(chance, data):
    data = bytearray(data)
    for _ in range(chance.randrange(1, 4)):
        turn = chance.randrange(4)
        if turn == 1:
            data[chance.randrange(len(data) + 1) : 0] = chance.choice(PIECES)
        elif data and turn == 0:
            data[chance.randrange(len(data))] = chance.randrange(256)
        elif data and turn == 2:
            del data[chance.randrange(len(data)) :]
        elif data:
            data[0] = chance.choice(FLAGS)
    return bytes(data)


def strange(chance, rows, link):
    rows = dict(rows)
    for _ in range(chance.randrange(1, 4)):
        key = chance.choice(list(rows))
        value = rows.pop(key)
        turn = chance.randrange(4)
        if turn == 0 and rows:
            continue
        if turn == 1:
            key = changed(chance, key)[:511] or b"\1"
        elif isinstance(value, node.Reference):
            value = value.data if turn == 2 else node.Reference(changed(chance, value.data)[:256], link)
        else:
            value = node.Reference(value[:256], link) if turn == 2 else changed(chance, value)
        rows[key] = value
    return sorted(rows.items(), key=lambda row: row[0])


@pytest.mark.parametrize("seed, count", [(1, 150), pytest.param(2, 20_000, marks=pytest.mark.slow)])
def test_strange_rows(database, run, seed, count):
    chance, blocks = random.Random(seed), MemoryBlocks()
    for line in FILL:
        run(line)
    for words in ([b"hset", b"K" * 300, b"f" * 300, b"v"], [b"rpush", b"L" * 300, b"x"], [b"sadd", b"q\0s", b"\0"]):
        run(words)
    rows = list(versions.changes(database, blocks))
    link = next(value.cid for _, value in rows if isinstance(value, node.Reference))
    taken = 0
    for _ in range(count):
        made = strange(chance, rows, link)
        with pytest.raises((MimeiError, InterruptedError)), database.tx.nested() as tx:
            root = build.build(blocks, made)
            other = Database(tx, 8, 0, chance.randbytes, Limits(1 << 20))
            for step in versions.load(blocks, root, 8, chance.choice((1, 3, 100))):
                step(other)
            for key, value in made:
                versions.told(blocks, key, None, value, root)
            for header in list(other.headers()):
                for ask in (b"type", b"hgetall", b"smembers", b"get", b"llen", b"del"):
                    other.execute([ask, header.key])
            taken += 1
            raise InterruptedError
    assert 0 < taken < count
