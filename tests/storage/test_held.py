"""The held writer: whole or not at all, durable when it says so, and undone where a block fails."""

import os
import subprocess
import threading

import pytest
import trio

from leither_edge.storage import DiskFull, MapFull, StorageError, Table, held_transaction, open_store
from leither_edge.storage.held import HeldWriter

ROWS = Table("rows", key="u64", value="bytes")
LONG_S = 1000.0


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "s", 4 << 20, [ROWS]) as store:
        yield store


@pytest.fixture
def held(store):
    held = HeldWriter(store, period_s=LONG_S)
    yield held
    held.close()


def durable(store):
    with store.read() as tx:
        return dict(tx.scan(ROWS))


def put(number, value=b"x"):
    return lambda tx: tx.put(ROWS, number, value)


def test_a_durable_call_is_seen_by_readers(store, held):
    assert held.call(lambda tx: tx.put(ROWS, 1, b"a") or 7) == 7
    assert durable(store) == {1: b"a"}


def test_what_is_not_durable_waits_for_a_flush(store, held):
    held.call(put(1), durable=False)
    with held.quick() as tx:
        assert tx.get(ROWS, 1) == b"x"
        tx.put(ROWS, 2, b"y")
    assert durable(store) == {}
    held.flush_now()
    assert durable(store) == {1: b"x", 2: b"y"}


def test_a_call_that_fails_leaves_nothing_and_harms_nobody(store, held):
    def half(tx):
        tx.put(ROWS, 3, b"half")
        raise KeyError("no")

    with held.quick() as tx:
        tx.put(ROWS, 1, b"a")
    with pytest.raises(KeyError):
        held.call(half)
    with pytest.raises(MapFull):
        held.call(put(4, bytes(5 << 20)))
    held.flush_now()
    assert durable(store) == {1: b"a"} and held.losses == 0


def test_a_quick_block_that_fails_is_undone(store, held):
    held.call(lambda tx: [tx.put(ROWS, 1, b"old"), tx.put(ROWS, 2, b"old")])
    with pytest.raises(KeyError), held.quick() as tx:
        tx.put(ROWS, 1, b"new")
        tx.put(ROWS, 1, b"newer")
        tx.delete(ROWS, 2)
        tx.put(ROWS, 3, b"new")
        raise KeyError("no")
    # A refusal that the block does not let out counts as one, too.
    with pytest.raises(MapFull), held.quick() as tx:
        tx.put(ROWS, 4, b"new")
        with pytest.raises(MapFull):
            tx.put(ROWS, 5, bytes(5 << 20))
    with held.quick() as tx:
        tx.put(ROWS, 6, b"good")
    held.flush_now()
    assert durable(store) == {1: b"old", 2: b"old", 6: b"good"} and held.losses == 0


def test_a_block_too_large_to_undo_is_lost_as_by_a_power_cut(store, held, monkeypatch):
    monkeypatch.setattr(held_transaction, "UNDO_MAX", 3)
    held.call(put(1))
    with held.quick() as tx:
        tx.put(ROWS, 2, b"acknowledged, not yet durable")
    with pytest.raises(KeyError), held.quick() as tx:
        for number in range(10, 20):
            tx.put(ROWS, number, b"half")
        raise KeyError("no")
    held.call(put(3))
    assert durable(store) == {1: b"x", 3: b"x"} and held.losses == 1


def test_what_could_not_be_undone_is_not_taken_for_undone_at_the_next_try(store, held, monkeypatch):
    monkeypatch.setattr(held_transaction, "UNDO_MAX", 3)
    with pytest.raises(KeyError), held.quick() as tx:
        tx.begin_block()
        for number in range(10, 20):
            tx.put(ROWS, number, b"half")
        assert not tx.undo_block()
        raise KeyError("no")
    held.flush_now()
    assert durable(store) == {} and held.losses == 1


def test_a_call_inside_a_quick_block_is_told_and_waits_for_nothing(store, held):
    with held.quick() as tx:
        tx.put(ROWS, 1, b"x")
        with pytest.raises(RuntimeError, match="inside quick"):
            held.call(put(2))
    held.call(put(3))
    assert durable(store) == {1: b"x", 3: b"x"}


def test_the_period_commits_by_itself(store):
    held = HeldWriter(store, period_s=0.01)
    seen = threading.Event()
    commits = store.commits
    with held.quick() as tx:
        tx.put(ROWS, 1, b"a")
    while store.commits == commits:
        seen.wait(0.002)
    assert durable(store) == {1: b"a"}
    held.close()


def test_many_changes_are_committed_early(store):
    held = HeldWriter(store, period_s=LONG_S, changes_max_kib=256)

    async def change():
        for number in range(2000):
            await held.ready()
            with held.quick() as tx:
                tx.put(ROWS, number, bytes(500))
        await held.flush()

    trio.run(change)
    assert len(durable(store)) == 2000 and store.commits > 3
    held.close()


def test_calls_that_wait_together_share_a_flush(store, held):
    inside, go = threading.Event(), threading.Event()
    first = threading.Thread(target=held.call, args=(lambda tx: inside.set() or go.wait(),))
    first.start()
    inside.wait()
    commits = store.commits
    others = [threading.Thread(target=held.call, args=(put(number),)) for number in range(8)]
    for thread in others:
        thread.start()
    while len(held._calls) < 8:
        inside.wait(0.001)
    go.set()
    for thread in (first, *others):
        thread.join()
    assert len(durable(store)) == 8 and store.commits <= commits + 2


def test_tasks_flush_and_are_woken(store, held):
    async def one(number):
        await held.ready()
        with held.quick() as tx:
            tx.put(ROWS, number, b"t")
        await held.flush()
        assert durable(store)[number] == b"t"

    async def main():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(held.run)
            async with trio.open_nursery() as inner:
                for number in range(20):
                    inner.start_soon(one, number)
            with pytest.raises(KeyError):
                await held.commit(lambda tx: {}["no"])
            with held.quick() as tx:
                tx.put(ROWS, 99, b"last")
            nursery.cancel_scope.cancel()
        assert durable(store)[99] == b"last"

    trio.run(main)


def test_a_failed_commit_tells_those_who_wait_and_the_next_goes_on(store, held):
    held.call(put(1))
    with held.quick() as tx:
        tx.put(ROWS, 2, b"lost")

    def spoil(tx):
        held._tx.failed = DiskFull("no space")

    with pytest.raises(DiskFull):
        held.call(spoil)
    assert held.losses == 1
    with held.quick() as tx:
        tx.put(ROWS, 3, b"x")
    held.call(put(4))
    assert durable(store) == {1: b"x", 3: b"x", 4: b"x"}


def test_require_refuses_before_anything_changes(store, held):
    with pytest.raises(MapFull), held.quick() as tx:
        tx.require(8 << 20)
    with held.quick() as tx:
        tx.require(1000, 3)
        tx.keep_free(1 << 62)
        with pytest.raises(DiskFull):
            tx.require(1)
    held.flush_now()
    assert durable(store) == {}


def test_a_map_filled_by_small_blocks_loses_nothing(tmp_path):
    with open_store(tmp_path / "s", 1 << 20, [ROWS]) as store:
        held = HeldWriter(store, period_s=LONG_S)
        done = {}

        async def fill():
            number = 0
            while True:
                number = (number * 7 + 3) % 100003
                await held.ready()
                try:
                    with held.quick() as tx:
                        tx.require(208)
                        tx.put(ROWS, number, b"%d" % number * 20)
                except MapFull:
                    if done.get("full") == store.commits:
                        return
                    # What was let go by the last commit can be used after the next.
                    done["full"] = store.commits + 1
                    await held.flush()
                else:
                    done[number] = b"%d" % number * 20

        trio.run(fill)
        del done["full"]
        held.close()
        assert durable(store) == done and held.losses == 0 and len(done) > 1500


def test_one_writer_only(store, held):
    with pytest.raises(RuntimeError), store.write():
        pass
    with pytest.raises(RuntimeError):
        held.call(lambda tx: held.call(put(1)))
    held.close()
    with pytest.raises(StorageError):
        held.call(put(1))
    with store.write() as tx:
        tx.put(ROWS, 1, b"again")


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 2 MiB; skipped where mounting is not permitted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]
    if os.geteuid() or subprocess.run(mount, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("needs to mount a tmpfs")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("step", [1, 7919])
def test_a_disk_filled_by_small_blocks_loses_nothing(small_disk, step):
    done = {}
    with open_store(small_disk / "s", 16 << 20, [ROWS]) as store:
        held = HeldWriter(store, period_s=LONG_S, changes_max_kib=256, free_min_bytes=128 << 10)

        async def fill():
            for count in range(1 << 20):
                number = count * step % 100_003
                await held.ready()
                with held.quick() as tx:
                    tx.require(300)
                    tx.put(ROWS, number, b"%d" % number * 40)
                done[number] = b"%d" % number * 40

        async def empty():
            for number in list(done)[::2]:
                await held.ready()
                with held.quick() as tx:
                    tx.delete(ROWS, number)
                del done[number]
            await held.flush()

        with pytest.raises(DiskFull):
            trio.run(fill)
        held.flush_now()
        assert durable(store) == done and len(done) > 2000
        trio.run(empty)
        held.close()
        assert held.losses == 0
    with open_store(small_disk / "s", 16 << 20, [ROWS]) as store:
        assert durable(store) == done
