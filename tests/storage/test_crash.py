"""SIGKILL at random moments: nothing acknowledged is lost and no half transaction is seen.

A child commits numbered transactions, two rows and a counter each, and writes the number to a pipe once it is durable.
It is killed after a random number of acknowledgements and a random bit of time more. Killing a process proves the
order of writes and LMDB's own recovery, not the medium: that needs a power cut.
"""

import random

import pytest
import trio

from leither_edge.storage import Table, open_store
from tests.killed_child import kill_after, start

ROWS = Table("rows", key="u64", value="cbor")
PAIRS = Table("pairs", key="u64", value="bytes")
COUNT = Table("count", key="text", value="u64")
TABLES = (ROWS, PAIRS, COUNT)
MAP_BYTES = 2 << 20
# Rows older than this are pruned, so that free pages are reused at every commit.
KEPT = 60


def change(tx, number):
    tx.put(ROWS, number, {"number": number, "pad": b"x" * (number * 37 % 3000)})
    tx.put(PAIRS, number, b"%d" % number)
    if number > KEPT:
        tx.delete(ROWS, number - KEPT)
        tx.delete(PAIRS, number - KEPT)
    tx.put(COUNT, "newest", number)


def commit_one_by_one(store, acknowledge):
    with store.read() as tx:
        number = tx.get(COUNT, "newest", 0)
    while True:
        number += 1
        with store.write() as tx:
            change(tx, number)
        acknowledge(number)


def commit_together(store, acknowledge):
    """Several tasks: their commits share flushes, so the number is drawn inside the transaction."""

    def one(tx):
        number = tx.get(COUNT, "newest", 0) + 1
        change(tx, number)
        return number

    async def task():
        while True:
            acknowledge(await store.commit(one))

    async def run():
        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(task)

    trio.run(run)


def with_store(work):
    return lambda folder, acknowledge: work(open_store(folder, MAP_BYTES, TABLES), acknowledge)


def assert_whole(folder, acknowledged):
    """Return the newest number, once sure that every transaction up to it is there as a whole."""
    with open_store(folder, MAP_BYTES, TABLES) as store, store.read() as tx:
        newest = tx.get(COUNT, "newest", 0)
        assert newest >= acknowledged, "an acknowledged commit was lost"
        expected = list(range(max(1, newest - KEPT + 1), newest + 1))
        assert [number for number, _ in tx.scan(ROWS)] == expected
        assert list(tx.scan(PAIRS)) == [(number, b"%d" % number) for number in expected]
        assert all(row["number"] == number for number, row in tx.scan(ROWS))
        return newest


@pytest.mark.parametrize("work", [commit_one_by_one, pytest.param(commit_together, marks=pytest.mark.native)])
@pytest.mark.parametrize("kills", [13, pytest.param(200, marks=pytest.mark.slow)])
def test_kill_at_random_moments(tmp_path, work, kills):
    choose = random.Random(kills)
    folder = tmp_path / "s"
    acknowledged = 0
    for _ in range(kills):
        # Zero acknowledgements: also while it opens.
        pid, reader = start(folder, with_store(work))
        acknowledged = max(acknowledged, kill_after(pid, reader, choose.choice((0, 1, 5, 20)), choose.random() * 0.01))
        acknowledged = assert_whole(folder, acknowledged)
    assert acknowledged > kills


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_kill_while_a_store_is_made(tmp_path, kills):
    choose = random.Random(kills)
    for number in range(kills):
        folder = tmp_path / str(number)
        pid, reader = start(folder, with_store(commit_one_by_one))
        kill_after(pid, reader, 0, choose.random() * 0.008)
        assert_whole(folder, 0)
