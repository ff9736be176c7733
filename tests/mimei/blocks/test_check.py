"""The check finds what was damaged and says so; with repair what is wrong goes."""

import os

import pytest

from leither_edge.mimei.blocks.rows import BLOCK_SUMS, BLOCKS, SUM
from leither_edge.mimei.errors import BlockMissing, Damaged
from leither_edge.mimei.ipld import cid as label
from leither_edge.storage import DiskFailed

from .opened import node, opened, put_all, raw, roots_of


@pytest.fixture
def kept(tmp_path):
    with opened(tmp_path) as blocks:
        small, large = raw(b"small" * 20), raw(b"large" * 2000)
        root = node(small[0], large[0])
        put_all(blocks, small, large, root, root=root[0])
        yield blocks, small[0], large[0], root[0]


def kinds(blocks, repair=False):
    report = blocks.fsck(lambda: roots_of(blocks), repair)
    assert report.faults == len(report.problems)
    return [problem.kind for problem in report.problems]


def test_all_is_well(kept):
    blocks, small, large, root = kept
    seen = []
    assert blocks.fsck(lambda: [root], progress=seen.append)[:4] == (3, blocks.quota.used(), 0, 0)
    for cid in (small, large, root):
        blocks.check(cid)


@pytest.mark.parametrize("harm", [os.unlink, lambda path: os.truncate(path, 9)])
def test_a_file_that_is_not_what_was_written(kept, harm):
    blocks, _, large, _ = kept
    harm(blocks.files._path(label.digest(large)))
    with pytest.raises(Damaged):
        blocks.check(large)
    assert kinds(blocks) == ["file"]
    assert kinds(blocks, repair=True) == ["file", "missing"]
    assert kinds(blocks) == ["missing"]
    put_all(blocks, raw(b"large" * 2000))
    assert kinds(blocks) == []


@pytest.mark.parametrize("repair", [False, True])
def test_a_block_that_is_deleted_and_put_again_meanwhile_is_no_fault(kept, monkeypatch, repair):
    blocks, _, large, _ = kept
    read, missed = blocks.files.read, []

    def read_too_late(name, size):
        if not missed:
            missed.append(name)
            return None
        return read(name, size)

    monkeypatch.setattr(blocks.files, "read", read_too_late)
    assert kinds(blocks, repair) == [] and missed
    assert blocks.get(large) == b"large" * 2000


def test_a_block_put_again_while_it_is_repaired_stays(kept, monkeypatch):
    blocks, _, large, _ = kept
    os.truncate(blocks.files._path(label.digest(large)), 9)
    call = blocks.held.call

    def put_behind_it(*args, **kwargs):
        result = call(*args, **kwargs)
        if not blocks.has(large):
            monkeypatch.undo()
            put_all(blocks, raw(b"large" * 2000))
        return result

    monkeypatch.setattr(blocks.held, "call", put_behind_it)
    assert kinds(blocks, repair=True) == ["file"]
    assert blocks.get(large) == b"large" * 2000


def test_a_file_that_the_medium_does_not_give_back(kept, monkeypatch):
    blocks, _, large, _ = kept

    def refuse(name, size):
        raise DiskFailed("Input/output error")

    monkeypatch.setattr(blocks.files, "read", refuse)
    assert kinds(blocks) == ["file"]
    assert kinds(blocks, repair=True) == ["file", "missing"]


def test_a_row_that_is_not_what_its_name_says(kept):
    blocks, small, _, _ = kept
    blocks.held.call(lambda tx: tx.put(BLOCKS, label.digest(small), b"\0other"))
    with pytest.raises(Damaged):
        blocks.check(small)
    assert kinds(blocks, repair=True) == ["row", "missing"]
    assert kinds(blocks) == ["missing"]
    with pytest.raises(BlockMissing):
        blocks.check(small)


@pytest.mark.parametrize("row", [b"", b"\x01short", b"\x07" * 9])
def test_a_row_of_no_form(kept, row):
    blocks, small, _, _ = kept
    blocks.held.call(lambda tx: tx.put(BLOCKS, label.digest(small), row))
    with pytest.raises(Damaged):
        blocks.get(small)
    assert kinds(blocks, repair=True) == ["row", "missing"]
    assert kinds(blocks) == ["missing"]


def test_a_sum_that_is_wrong(kept):
    blocks, *_ = kept
    blocks.held.call(lambda tx: tx.put(BLOCK_SUMS, SUM, 5))
    assert kinds(blocks) == ["sum"] and kinds(blocks, repair=True) == ["sum"] and kinds(blocks) == []
    assert blocks.quota.used() == blocks.fsck(list).bytes


def test_a_block_that_cannot_be_read_as_its_label_says(kept):
    blocks, *_ = kept
    data = b"\xff\xd8\x2a not of this form"
    put_all(blocks, (label.of(label.DAG_CBOR, data), data), root=label.of(label.DAG_CBOR, data))
    assert kinds(blocks) == ["garbled"]
