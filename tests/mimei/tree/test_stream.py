"""Streams against a list: appended, versioned, gone back, in a real store."""

import random

import pytest

from leither_edge.mimei import stream
from leither_edge.mimei.errors import TooLarge
from leither_edge.mimei.tree import sequence
from leither_edge.storage import open_store
from tests.mimei.memory_blocks import MemoryBlocks


@pytest.fixture
def tx(tmp_path):
    with open_store(tmp_path, 1 << 23, stream.TABLES) as store, store.write() as tx:
        yield tx


def test_a_stream_is_a_list_that_grows(tx):
    dice = random.Random(4)
    blocks = MemoryBlocks()
    stream.Stream(blocks, tx, 6, None, 100).append([b"a neighbour's"])
    base, kept = None, []
    for _ in range(25):
        now = stream.Stream(blocks, tx, 7, base, 100)
        assert now.append(new := [b"%d" % dice.randrange(10**6) for _ in range(dice.randrange(60))]) == len(kept)
        kept += new
        assert now.length() == len(kept)
        if dice.random() < 0.5:
            base = now.root()
            assert base == sequence.build(blocks, kept)
            if dice.random() < 0.5:
                assert stream.forget(tx, 7, len(kept), 1000) <= len(kept)
            now = stream.Stream(blocks, tx, 7, base, 100)
            assert now.length() == len(kept)
        offset, limit = dice.randrange(len(kept) + 3), dice.choice((None, 0, 1, 20))
        numbered = list(enumerate(kept))
        assert list(now.read(offset, limit)) == numbered[offset:][:limit]
        assert list(now.read(offset, limit, reverse=True)) == numbered[: offset + 1][::-1][:limit]
    assert list(stream.Stream(blocks, tx, 8, base, 100).read()) == list(enumerate(sequence.cut(blocks, base)))
    assert list(stream.Stream(blocks, tx, 8, None, 100).read()) == []
    while stream.forget(tx, 7, None, 50):
        pass
    assert tx.count(stream.RECORDS) == 1


def test_a_version_of_a_long_stream_writes_what_is_new(tx):
    blocks = MemoryBlocks()
    log = stream.Stream(blocks, tx, 1, None, 100)
    log.append(b"line %d" % number for number in range(20_000))
    base = log.root()
    log = stream.Stream(blocks, tx, 1, base, 100)
    log.append([b"one more"])
    blocks.reset()
    log.root()
    assert blocks.new <= 5 and blocks.gets <= 5


def test_a_record_too_large_is_refused(tx):
    with pytest.raises(TooLarge):
        stream.Stream(MemoryBlocks(), tx, 1, None, 100).append([bytes(101)])
