"""A really full disk and a really full map: a typed error, nothing acknowledged lost, and room can be made."""

import os
import subprocess

import pytest

from leither_edge.mimei.errors import QuotaReached
from leither_edge.storage import DiskFull, MapFull

from .opened import LIMITS, opened, put_all, raw, remove_root, roots_of

DISK_KIB = 4096


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 4 MiB; skipped where mounting is not permitted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_KIB}k", "tmpfs", folder]
    if os.geteuid() or subprocess.run(mount, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("needs to mount a tmpfs")
    yield folder
    subprocess.run(["umount", folder], check=True)


def made(size, number):
    return raw(b"%08d" % number * (size // 8))


def fill(blocks, size, together=1):
    """Put blocks, each a root of its own, until the store refuses; return (the acknowledged ones, error)."""
    done = []
    for number in range(0, 1 << 20, together):
        pairs = [made(size, number + more) for more in range(together)]
        try:
            put_all(blocks, *pairs, root=pairs[-1][0])
        except (QuotaReached, DiskFull, MapFull) as error:
            return done, error
        done += pairs
    raise AssertionError("never full")


def assert_whole(blocks, done, all_roots):
    assert all(blocks.get(cid) == data for cid, data in done)
    assert blocks.fsck(lambda: all_roots).faults == 0
    with blocks.store.read() as tx:
        assert tx.get("block_sums", "bytes", 0) == blocks.quota.used()


@pytest.mark.parametrize("size", [pytest.param(400, marks=pytest.mark.slow), 3000, 40_000])
def test_a_disk_that_fills_up(small_disk, size):
    with opened(small_disk, map_bytes=16 << 20) as blocks:
        done, error = fill(blocks, size)
        assert isinstance(error, (DiskFull, QuotaReached)) and "free" in str(error), error
        assert_whole(blocks, done, [cid for cid, _ in done])
        assert len(done) * size > DISK_KIB * 1024 * 0.2
    with opened(small_disk, map_bytes=16 << 20) as blocks:
        assert_whole(blocks, done, [cid for cid, _ in done])
        if size > LIMITS.inline_max_bytes:
            # Files give their room back at once.
            for cid, _ in done[5:]:
                remove_root(blocks, cid)
            assert blocks.collect(lambda: roots_of(blocks)).run()[0] == len(done) - 5
            assert len(fill(blocks, size)[0]) > len(done) - 10


def test_a_disk_that_fills_up_in_the_middle_of_a_writer(small_disk):
    with opened(small_disk) as blocks:
        first = made(40_000, 1)
        put_all(blocks, first, root=first[0])
        with pytest.raises((DiskFull, QuotaReached)), blocks.writer() as writer:
            for number in range(2, 1000):
                writer.put(*made(40_000, number))
            writer.finish()
        blocks.collect(lambda: roots_of(blocks)).run()
        assert blocks.stat()["blocks"] == 1 and [name for name, _ in blocks.files.names()] == [first[0][-32:]]
        assert_whole(blocks, [first], [first[0]])


def test_the_free_minimum_comes_before_the_disk_is_full(small_disk):
    with opened(small_disk, LIMITS._replace(free_min_bytes=1 << 20)) as blocks:
        done, error = fill(blocks, 40_000)
        assert isinstance(error, QuotaReached)
        assert blocks.files.room_bytes() > (1 << 20) - 200_000
        assert_whole(blocks, done, [cid for cid, _ in done])


@pytest.mark.parametrize("together", [pytest.param(1, marks=pytest.mark.slow), 40])
def test_a_map_that_fills_up(tmp_path, together):
    with opened(tmp_path, map_bytes=1 << 20) as blocks:
        done, error = fill(blocks, 2400, together)
        assert isinstance(error, MapFull) and len(done) > 80
        assert_whole(blocks, done, [cid for cid, _ in done])
        for cid in roots_of(blocks):
            blocks.held.call(lambda tx, cid=cid: tx.delete("roots", cid), reserve=True)
        assert blocks.collect(list, step=50).run()[0] >= len(done)
        assert blocks.quota.used() == 0
        assert len(fill(blocks, 2400, together)[0]) > len(done) * 0.8
