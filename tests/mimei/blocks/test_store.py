"""Blocks go in once, come out as they were, and are refused with a typed error that changes nothing."""

import os

import pytest

from leither_edge.mimei.blocks.rows import BLOCK_SUMS, BLOCKS, SUM, charge_of
from leither_edge.mimei.errors import BlockMissing, Damaged, QuotaReached, TooLarge
from leither_edge.mimei.ipld import cid as label
from leither_edge.storage import MapFull, block_files
from leither_edge.storage.block_files import BlockFiles

from .opened import LIMITS, ROOTS, opened, put_all, raw, roots_of

SIZES = (0, 1, 3999, 4000, 4001, 5000, 70_000, 1 << 20, 2 << 20)


@pytest.fixture
def blocks(tmp_path):
    with opened(tmp_path) as blocks:
        yield blocks


def made(size, seed=0):
    return raw((b"%d %d " % (size, seed) * (size // 4 + 1))[:size])


def files_of(folder):
    return [os.path.join(path, name) for path, _, names in os.walk(folder) for name in names]


def test_blocks_of_every_size_survive_a_restart(tmp_path):
    pairs = [made(size) for size in SIZES]
    with opened(tmp_path) as blocks:
        put_all(blocks, *pairs, *pairs)
        assert blocks.stat()["blocks"] == len(SIZES)
    with opened(tmp_path) as blocks:
        for cid, data in pairs:
            assert blocks.has(cid) and blocks.get(cid) == data and blocks.size(cid) == len(data)
        assert blocks.quota.used() == sum(charge_of(size) for size in SIZES)
    assert len(files_of(tmp_path / "blocks")) == sum(size > LIMITS.inline_max_bytes for size in SIZES)


def test_labels_of_both_versions_name_one_block(blocks):
    data = b"\n\x02\x08\x01"
    blocks.put(label.of(label.DAG_PB, data), data)
    assert blocks.get(label.v0_of(data)) == data and blocks.stat()["blocks"] == 1


def test_content_in_the_label_takes_no_block(blocks):
    cid = b"\x01\x55\x00\x03abc"
    blocks.put(cid, b"abc")
    assert blocks.get(cid) == b"abc" and blocks.has(cid) and blocks.size(cid) == 3 and blocks.stat()["blocks"] == 0


def test_what_is_not_here_is_told_with_its_label(blocks):
    cid, _ = made(100)
    for ask in (blocks.get, blocks.size):
        with pytest.raises(BlockMissing) as error:
            ask(cid)
        assert error.value.cid == cid
    assert not blocks.has(cid)


def test_a_writer_reads_what_it_put(blocks):
    small, large = made(100), made(50_000)
    with blocks.writer() as writer:
        assert not writer.has(small[0])
        for cid, data in (small, large):
            writer.put(cid, data)
            assert writer.has(cid) and writer.get(cid) == data
        writer.finish()
        for cid, data in (small, large):
            assert writer.get(cid) == data


def test_a_root_is_recorded_with_the_last_rows_or_not_at_all(blocks):
    cid, data = made(100)

    def fail(tx):
        tx.put(ROOTS, cid, 1)
        raise KeyError("no")

    with blocks.writer() as writer:
        writer.put(cid, data)
        with pytest.raises(KeyError):
            writer.finish(fail)
    assert roots_of(blocks) == [] and not blocks.has(cid)
    put_all(blocks, (cid, data), root=cid)
    assert roots_of(blocks) == [cid] and blocks.has(cid)


@pytest.mark.parametrize("size", [100, 5000])
def test_a_writer_that_could_not_finish_keeps_its_blocks_for_the_next_time(blocks, size):
    cid, data = made(size)

    def refuse(tx):
        raise BlockMissing("not this time")

    with blocks.writer() as writer:
        writer.put(cid, data)
        with pytest.raises(BlockMissing):
            writer.finish(refuse)
        assert writer.get(cid) == data
        writer.finish(lambda tx: tx.put(ROOTS, cid, 1))
    assert roots_of(blocks) == [cid] and blocks.get(cid) == data
    assert blocks.quota.used() == charge_of(size)


def test_files_whose_rows_were_refused_are_removed(blocks, tmp_path, monkeypatch):
    def refuse(batch, fn=None, durable=False):
        raise MapFull("no room")

    with blocks.writer() as writer:
        writer.put(*made(5000))
        monkeypatch.setattr(writer, "hand_over", refuse)
        with pytest.raises(MapFull):
            writer.finish()
    assert files_of(tmp_path / "blocks") == [] and blocks.quota.used() == 0


def test_a_writer_that_is_left_takes_nothing(blocks, tmp_path):
    with pytest.raises(KeyError), blocks.writer() as writer:
        for seed in range(5):
            writer.put(*made(100, seed))
            writer.put(*made(9000, seed))
        raise KeyError("left")
    assert blocks.quota.used() == 0 and blocks.stat()["blocks"] == 0 and files_of(tmp_path / "blocks") == []


def test_a_writer_that_is_left_late_takes_only_what_is_its_own(blocks, tmp_path):
    shared, own = [made(9000, seed) for seed in range(40)], [made(9000, seed) for seed in range(40, 120)]
    with blocks.writer() as other:
        with pytest.raises(KeyError), blocks.writer() as writer:
            for pair in [*shared, *own]:
                writer.put(*pair)
            for pair in shared:
                other.put(*pair)
            raise KeyError("left")
        other.finish()
    assert len(files_of(tmp_path / "blocks")) == len(shared) and all(blocks.get(cid) == data for cid, data in shared)


def test_many_blocks_of_one_writer(blocks):
    pairs = [made(300, seed) for seed in range(1500)] + [made(4500, seed) for seed in range(40)]
    put_all(blocks, *pairs, *pairs[:10])
    with blocks.store.read() as tx:
        assert tx.get(BLOCK_SUMS, SUM) == blocks.quota.used() == sum(charge_of(len(data)) for _, data in pairs)
        assert tx.count(BLOCKS) == len(pairs)
    assert all(blocks.get(cid) == data for cid, data in pairs[::40])


def test_two_writers_of_the_same_blocks_are_charged_once(blocks):
    pairs = [made(300), made(9000)]
    with blocks.writer() as one, blocks.writer() as two:
        for writer in (one, two):
            for pair in pairs:
                writer.put(*pair)
        one.finish()
        two.finish()
    assert blocks.quota.used() == sum(charge_of(len(data)) for _, data in pairs)


def test_a_block_over_the_bound(blocks):
    with blocks.writer() as writer, pytest.raises(TooLarge):
        writer.put(*raw(bytes((2 << 20) + 1)))


@pytest.mark.parametrize("size", [300, 9000])
def test_the_quota_is_never_passed(tmp_path, size):
    limits = LIMITS._replace(quota_bytes=100_000)
    with opened(tmp_path, limits) as blocks:
        fits = limits.quota_bytes // charge_of(size)
        put_all(blocks, *[made(size, seed) for seed in range(fits - 1)])
        with pytest.raises(QuotaReached, match="data_quota_mib"), blocks.writer() as writer:
            writer.put(*made(size, 1000))
            writer.put(*made(size, 1001))
        # What was refused is given back.
        put_all(blocks, made(size, 1002))
        assert blocks.stat()["blocks"] == fits and blocks.quota.used() == fits * charge_of(size)


def test_the_disk_keeps_what_is_to_stay_free(tmp_path):
    with opened(tmp_path, LIMITS._replace(free_min_bytes=1 << 60)) as blocks, blocks.writer() as writer:
        for size in (10, 9000):
            with pytest.raises(QuotaReached, match="kept free"):
                writer.put(*made(size))


def damage(path):
    with open(path, "r+b") as file:
        file.seek(4000)
        file.write(b"?")


@pytest.mark.parametrize("harm", [damage, os.unlink, lambda path: os.truncate(path, 100)])
def test_a_file_that_the_medium_changed(blocks, tmp_path, harm):
    cid, data = made(9000)
    put_all(blocks, (cid, data))
    harm(files_of(tmp_path / "blocks")[0])
    with pytest.raises(Damaged, match="check of the store"):
        blocks.get(cid)


def test_half_written_files_are_swept_at_the_start(tmp_path):
    with opened(tmp_path) as blocks:
        batch = blocks.files.batch()
        batch.put(b"x" * 32, b"half")
        assert len(files_of(tmp_path / "blocks")) == 1
    with opened(tmp_path):
        assert files_of(tmp_path / "blocks") == []


def test_two_batches_that_need_the_same_folder(tmp_path, monkeypatch):
    files = BlockFiles(tmp_path)
    first, second = files.batch(), files.batch()
    first.put(bytes(32), b"first")
    second.put(bytes(31) + b"1", b"second")
    # Both look before either makes it.
    monkeypatch.setattr(os.path, "isdir", lambda path: False)
    first.flush()
    synced = []
    monkeypatch.setattr(block_files, "sync_folder", synced.append)
    second.settle()
    # Whoever acknowledges makes the folder's own name durable, though another made it.
    assert sorted(synced) == [str(tmp_path), str(tmp_path / "00")]
    first.settle()
    assert [(name, size) for name, size in files.names()] == [(bytes(32), 5), (bytes(31) + b"1", 6)]
    synced.clear()
    second.put(bytes(31) + b"2", b"third")
    second.settle()
    assert synced == [str(tmp_path / "00")]


def test_files_that_go_while_they_are_listed(tmp_path, monkeypatch):
    files = BlockFiles(tmp_path)
    batch = files.batch()
    for number in range(3):
        batch.put(bytes(31) + bytes([number]), b"some")
    batch.settle()
    is_hex = block_files._is_hex

    def removed_meanwhile(text):
        if text.endswith("01"):
            files.remove(bytes(31) + b"\1")
        return is_hex(text)

    monkeypatch.setattr(block_files, "_is_hex", removed_meanwhile)
    assert [name[-1] for name, _ in files.names()] == [0, 2]
