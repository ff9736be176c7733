"""A full map, a full disk, a read-only file system, a second process, little address space: each really made."""

import os
import resource
import signal
import subprocess
import sys

import pytest
import trio

from leither_edge.storage import DiskFull, InUse, MapFull, ReadOnly, StorageError, Table, environment, open_store

from .child import run_in_child

BLOCKS = Table("blocks", key="u64", value="bytes")
MAP_BYTES = 1 << 20


def fill(store, row_bytes, start=0):
    """Put rows, about 2 KiB a transaction, until the store refuses; return (rows, error)."""
    step = max(1, 2000 // row_bytes)
    for first in range(start, 1 << 20, step):
        try:
            with store.write() as tx:
                for number in range(first, first + step):
                    tx.put(BLOCKS, number, bytes([number & 255]) * row_bytes)
        except StorageError as error:
            return first, error
    raise AssertionError("never full")


def assert_rows(store, count, row_bytes):
    with store.read() as tx:
        assert tx.count(BLOCKS) == count
        for number, data in tx.scan(BLOCKS):
            assert data == bytes([number & 255]) * row_bytes


# -- full map


@pytest.mark.parametrize("row_bytes", [20, 700, 3000, 20000])
def test_full_map(tmp_path, row_bytes):
    with open_store(tmp_path / "s", MAP_BYTES, [BLOCKS]) as store:
        count, error = fill(store, row_bytes)
        assert isinstance(error, MapFull) and "full" in str(error) and str(tmp_path) in str(error)
        assert_rows(store, count, row_bytes)
        assert count * row_bytes > MAP_BYTES * 0.3
    # It opens again, and room can be made.
    with open_store(tmp_path / "s", MAP_BYTES, [BLOCKS]) as store:
        assert_rows(store, count, row_bytes)
        with pytest.raises(MapFull), store.write() as tx:
            for number in range(count, count + 400):
                tx.put(BLOCKS, number, bytes(row_bytes))
        with store.write(reserve=True) as tx:
            tx.put(BLOCKS, 0, b"\0" * row_bytes)
        step = max(1, 2000 // row_bytes)
        for first in range(0, count, step):
            with store.write() as tx:
                for number in range(first, first + step):
                    assert tx.delete(BLOCKS, number)
        again, error = fill(store, row_bytes)
        assert isinstance(error, MapFull) and again > count * 0.9


def test_one_transaction_too_large_for_the_map(tmp_path):
    with open_store(tmp_path / "s", MAP_BYTES, [BLOCKS]) as store:
        with pytest.raises(MapFull), store.write() as tx:
            for number in range(100000):
                tx.put(BLOCKS, number, bytes(100))
        # Past the reserve it is LMDB that refuses.
        with pytest.raises(MapFull), store.write(reserve=True) as tx:
            for number in range(100000):
                tx.put(BLOCKS, number, bytes(100))
        assert_rows(store, 0, 0)


def test_a_caught_refusal_does_not_commit_the_rest(tmp_path):
    with open_store(tmp_path / "s", MAP_BYTES, [BLOCKS]) as store:
        with pytest.raises(MapFull), store.write() as tx:
            tx.put(BLOCKS, 1, b"")
            with pytest.raises(MapFull):
                tx.put(BLOCKS, 2, bytes(MAP_BYTES))
        assert_rows(store, 0, 0)


async def test_a_commit_too_large_does_not_hurt_those_beside_it(tmp_path):
    async def too_large():
        with pytest.raises(MapFull):
            await store.commit(lambda tx: tx.put(BLOCKS, 999, bytes(MAP_BYTES)))
        with pytest.raises(MapFull):
            await store.commit(lambda tx: tx.put(BLOCKS, 999, bytes(MAP_BYTES)), reserve=True)

    with open_store(tmp_path / "s", MAP_BYTES, [BLOCKS]) as store:
        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(store.commit, lambda tx, number=number: tx.put(BLOCKS, number, bytes([number])))
                nursery.start_soon(too_large)
        assert_rows(store, 20, 1)


# -- full disk


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 512 KiB; skipped where mounting is not permitted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder], stderr=-3).returncode:
        pytest.skip("needs to mount a tmpfs")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_full_disk(small_disk):
    with open_store(small_disk / "s", 4 << 20, [BLOCKS]) as store:
        count, error = fill(store, 3000)
        assert isinstance(error, DiskFull) and "space" in str(error)
        assert_rows(store, count, 3000)
    with open_store(small_disk / "s", 4 << 20, [BLOCKS]) as store:
        assert_rows(store, count, 3000)
        _, error = fill(store, 3000, count)
        assert isinstance(error, DiskFull)


def test_a_disk_filled_by_others_still_opens(small_disk):
    with open_store(small_disk / "s", 4 << 20, [BLOCKS]) as store:
        with store.write() as tx:
            tx.put(BLOCKS, 1, b"\1")
    (small_disk / "s" / "lock").unlink()
    _take_all_space(small_disk / "other")
    with open_store(small_disk / "s", 4 << 20, [BLOCKS]) as store, store.read() as tx:
        assert tx.get(BLOCKS, 1) == b"\1"


def test_no_new_store_on_a_full_disk(small_disk):
    _take_all_space(small_disk / "other")
    with pytest.raises(DiskFull):
        open_store(small_disk / "s", 4 << 20, [BLOCKS])
    (small_disk / "other").unlink()
    open_store(small_disk / "s", 4 << 20, [BLOCKS]).close()


def _take_all_space(path):
    with pytest.raises(OSError), open(path, "wb", buffering=0) as file:
        while True:
            file.write(bytes(1024))


def test_a_file_size_limit_is_a_full_disk(tmp_path):
    """Without any privilege: RLIMIT_FSIZE makes each write past it fail.

    LMDB tells a write that was cut short from a failing medium only where statvfs shows a full disk, so both may be said.
    """

    def child():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        with open_store(tmp_path / "s", 4 << 20, [BLOCKS]) as store:
            count, error = fill(store, 3000)
            assert_rows(store, count, 3000)
            return count, type(error).__name__, str(error)

    count, kind, text = run_in_child(child)
    assert kind in ("DiskFull", "DiskFailed") and ("limit" in text or "space" in text) and count > 50
    with open_store(tmp_path / "s", 4 << 20, [BLOCKS]) as store:
        assert_rows(store, count, 3000)


# -- read-only


def test_read_only_file_system(tmp_path):
    folder = tmp_path / "s"
    open_store(folder, MAP_BYTES, [BLOCKS]).close()
    if os.geteuid() or subprocess.run(["mount", "--bind", folder, folder], stderr=-3).returncode:
        pytest.skip("needs to mount")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        for path in (folder, folder / "new"):
            with pytest.raises(ReadOnly, match="cannot be written") as caught:
                open_store(path, MAP_BYTES, [BLOCKS])
            assert str(path) in str(caught.value)
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_folder_of_another_user(tmp_path):
    """By permission alone, as an unprivileged user."""
    folder = tmp_path / "s"
    open_store(folder, MAP_BYTES, [BLOCKS]).close()

    def child(path):
        if not os.geteuid():
            # The folders above belong to this test's user and let no other in.
            os.chmod(tmp_path, 0o755)
            for parent in (folder.parent.parent, folder.parent.parent.parent):
                os.chmod(parent, 0o755)
            os.chmod(folder, 0o555)
            os.setuid(65534)
        else:
            os.chmod(folder, 0o555)
            os.chmod(folder / "lock", 0o444)
        return open_store(path, MAP_BYTES, [BLOCKS])

    for path in (folder, folder / "new"):
        kind, name, text = run_in_child(child, path)
        assert (kind, name) == ("error", "ReadOnly") and "cannot be written" in text


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "s").write_text("x")
    with pytest.raises(StorageError, match="cannot be created"):
        open_store(tmp_path / "s", MAP_BYTES, [BLOCKS])


# -- second process


def test_second_process(tmp_path):
    folder = tmp_path / "s"

    def child():
        try:
            open_store(folder, MAP_BYTES, [BLOCKS])
        except InUse as error:
            return error.pid, str(error)

    with open_store(folder, MAP_BYTES, [BLOCKS]):
        pid, text = run_in_child(child)
        assert pid == os.getpid() and f"in use by process {pid}" in text
        with pytest.raises(InUse, match="this same process"):
            open_store(folder, MAP_BYTES, [BLOCKS])
    assert run_in_child(child) is None


def test_a_killed_process_leaves_no_lock(tmp_path):
    def child():
        open_store(tmp_path / "s", MAP_BYTES, [BLOCKS])
        os.kill(os.getpid(), signal.SIGKILL)

    assert run_in_child(child) == ("signal", signal.SIGKILL)
    open_store(tmp_path / "s", MAP_BYTES, [BLOCKS]).close()


# -- little address space, as in a 32-bit process


@pytest.mark.native
def test_the_map_shrinks_to_the_address_space(tmp_path):
    def child():
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + (96 << 20),) * 2)
        with open_store(tmp_path / "s", 1 << 30, [BLOCKS]) as store:
            with store.write() as tx:
                tx.put(BLOCKS, 1, bytes(100))
            return store.map_bytes

    # Memory freed meanwhile adds to the room, so only the order of size is known.
    assert 16 << 20 <= run_in_child(child) <= 512 << 20


def test_an_absurd_map_size_shrinks(tmp_path):
    with open_store(tmp_path / "s", sys.maxsize * 4, [BLOCKS]) as store:
        assert store.map_bytes < 1 << 50


def test_a_smaller_map_than_the_data_still_opens(tmp_path):
    with open_store(tmp_path / "s", 8 << 20, [BLOCKS]) as store, store.write() as tx:
        for number in range(1000):
            tx.put(BLOCKS, number, bytes([number & 255]) * 2000)
    with open_store(tmp_path / "s", MAP_BYTES, [BLOCKS]) as store:
        assert_rows(store, 1000, 2000)
        with pytest.raises(MapFull), store.write() as tx:
            tx.put(BLOCKS, 1000, bytes(2000))
    with open_store(tmp_path / "s", 8 << 20, [BLOCKS]) as store, store.write() as tx:
        tx.put(BLOCKS, 1000, bytes(2000))


def test_the_readers_table_does_not_lie_on_the_medium(tmp_path):
    """LMDB rewrites it at every read; on flash that is wear without end."""
    with open_store(tmp_path / "s", MAP_BYTES, [BLOCKS]):
        assert sorted(os.listdir(tmp_path / "s")) == ["data.mdb", "lock"]
    assert (tmp_path / "s" / "data.mdb").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o700


def test_what_a_killed_opening_left_in_memory_is_swept(tmp_path, monkeypatch):
    memory = tmp_path / "memory"
    monkeypatch.setattr(environment, "_MEMORY_FOLDERS", (str(memory),))
    dead = memory / f"leither-store-{run_in_child(os.getpid)}-00"
    dead.mkdir(parents=True)
    (dead / "data").symlink_to("nowhere")
    (memory / f"leither-store-{os.getpid()}-00").mkdir()
    (memory / "leither-store-x").mkdir()
    open_store(tmp_path / "s", MAP_BYTES, [BLOCKS]).close()
    assert sorted(os.listdir(memory)) == sorted([f"leither-store-{os.getpid()}-00", "leither-store-x"])


def test_without_a_folder_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "_MEMORY_FOLDERS", (str(tmp_path / "nowhere"),))
    with open_store(tmp_path / "s", MAP_BYTES, [BLOCKS]) as store, store.write() as tx:
        tx.put(BLOCKS, 1, b"1")
