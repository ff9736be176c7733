"""What no root reaches goes, everything else stays: also what is written, found, held or made a root meanwhile."""

import os
import random
import threading

import pytest

from leither_edge.mimei.errors import BlockMissing, Busy, Damaged
from leither_edge.mimei.ipld import cid as label
from leither_edge.mimei.ipld import dag_cbor

from .opened import ROOTS, node, opened, put_all, raw, remove_root, roots_of


@pytest.fixture
def blocks(tmp_path):
    with opened(tmp_path) as blocks:
        yield blocks


def tree(seed, leaves=6, size=300):
    """A root, two nodes and leaves, all their own: ([(label, bytes)], root's label)."""
    below = [raw(b"%d %d " % (seed, number) * (size // 4)) for number in range(leaves)]
    middle = [node(seed, *[cid for cid, _ in below[part::2]]) for part in (0, 1)]
    root = node(seed, *[cid for cid, _ in middle])
    return [*below, *middle, root], root[0]


def collect(blocks, step=256):
    return blocks.collect(lambda: roots_of(blocks), step=step).run()


def there(blocks, pairs):
    return [blocks.has(cid) for cid, _ in pairs]


@pytest.mark.parametrize("step", [1, 3, 256])
def test_what_no_root_reaches_goes(blocks, step):
    kept, root = tree(1)
    lost, other = tree(2)
    put_all(blocks, *kept, root=root)
    put_all(blocks, *lost, root=other)
    used = blocks.quota.used()
    assert collect(blocks, step) == (0, 0)
    remove_root(blocks, other)
    removed, freed = collect(blocks, step)
    assert removed == len(lost) and all(there(blocks, kept)) and not any(there(blocks, lost))
    assert blocks.quota.used() == used - freed
    report = blocks.fsck(lambda: roots_of(blocks))
    assert (report.faults, report.unreached, report.leftovers, report.blocks) == (0, 0, 0, len(kept))


def test_files_go_too_also_those_that_no_row_names(blocks):
    lost, other = tree(2, size=9000)
    put_all(blocks, *lost, root=other)
    batch = blocks.files.batch()
    batch.put(b"y" * 32, b"left by a killed process")
    batch.settle()
    remove_root(blocks, other)
    assert blocks.fsck(lambda: []).leftovers == 1
    collect(blocks)
    assert list(blocks.files.names()) == [] and blocks.quota.used() == 0


def test_bytes_with_links_under_one_codec_only(blocks):
    leaf = raw(b"leaf")
    data = node(leaf[0])[1]
    put_all(blocks, leaf, raw(data))
    root = node(label.of(label.RAW, data), label.of(label.DAG_CBOR, data))
    put_all(blocks, root, root=root[0])
    assert collect(blocks) == (0, 0) and blocks.has(leaf[0])


def test_links_inside_of_a_label(blocks):
    leaf = raw(b"leaf")
    inner = dag_cbor.encode([dag_cbor.Link(leaf[0])])
    root = node(b"\x01\x71\x00" + bytes([len(inner)]) + inner)
    put_all(blocks, leaf, root, root=root[0])
    assert collect(blocks) == (0, 0) and blocks.has(leaf[0])


def test_a_missing_block_is_counted_and_ends_nothing(blocks):
    pairs, root = tree(1)
    put_all(blocks, *pairs[1:], root=root)
    collection = blocks.collect(lambda: roots_of(blocks))
    collection.run()
    assert collection.removed == 0 and all(there(blocks, pairs[1:]))
    # A raw leaf is not read; one that is to be read is told.
    other = node(node(5)[0])
    put_all(blocks, other, root=other[0])
    collection = blocks.collect(lambda: roots_of(blocks))
    collection.run()
    assert collection.missing == 1


def test_damage_stops_it_before_anything_goes(blocks, tmp_path):
    garbage, _ = tree(3)
    big = node(*range(3000))
    put_all(blocks, big, *garbage, root=big[0])
    os.truncate(blocks.files._path(label.digest(big[0])), 10)
    with pytest.raises(Damaged):
        collect(blocks)
    assert all(there(blocks, garbage))
    assert blocks.leases._collection is None


def test_one_at_a_time(blocks):
    with pytest.raises(KeyError):
        blocks.collect(lambda: {}["no"])
    first = blocks.collect(list)
    with pytest.raises(Busy):
        blocks.collect(list)
    first.run()
    blocks.collect(list).stop()


def test_what_a_writer_put_or_found_stays(blocks):
    found, _ = tree(1)
    put_all(blocks, *found)
    new, root = tree(2, size=9000)
    with blocks.writer() as writer:
        writer.put(*new[0])
        assert writer.has(found[0][0])
        collection = blocks.collect(lambda: roots_of(blocks), step=1)
        while collection.step():
            if collection.phase == "sweep" and not blocks.has(new[-1][0]):
                assert writer.has(found[1][0]) == blocks.has(found[1][0])
                for pair in new[1:]:
                    writer.put(*pair)
                writer.finish(lambda tx: tx.put("roots", root, 1))
    assert all(there(blocks, new)) and blocks.has(found[0][0])
    assert collect(blocks)[0] > 0 and all(there(blocks, new))


def test_what_is_held_stays(blocks):
    pairs, root = tree(1)
    put_all(blocks, *pairs)
    with blocks.hold([root]):
        assert collect(blocks) == (0, 0)
    collection = blocks.collect(list)
    with blocks.hold([root]):
        collection.run()
        assert all(there(blocks, pairs))
    collect(blocks)
    assert not any(there(blocks, pairs))


def test_a_root_added_in_the_sweep_is_marked_first(blocks):
    early, late = sorted((tree(1), tree(2)), key=lambda made: min(label.digest(cid) for cid, _ in made[0]))
    put_all(blocks, *early[0], *late[0])
    collection = blocks.collect(list, step=1)
    while collection.phase == "mark":
        collection.step()
    blocks.root_added(late[1])
    while collection.step():
        pass
    assert all(there(blocks, late[0])) and not any(there(blocks, early[0]))


def test_a_root_that_is_held_before_its_rows_are_written(blocks):
    pairs, below = tree(1)
    put_all(blocks, *pairs)
    cid, data = node(below)
    collection = blocks.collect(list, step=1)
    while collection.phase == "mark":
        collection.step()
    with blocks.writer() as writer:
        writer.put(cid, data)
        with blocks.hold([cid]):
            for _ in range(5):
                collection.step()
            writer.finish(lambda tx: tx.put(ROOTS, cid, 1))
    while collection.step():
        pass
    assert all(there(blocks, pairs)) and blocks.has(cid) and collection.missing == 0


def test_a_root_that_is_held_and_never_written_ends_nothing(blocks):
    pairs, _ = tree(1)
    put_all(blocks, *pairs)
    collection = blocks.collect(list, step=1)
    with blocks.writer() as writer:
        cid, data = node(1)
        writer.put(cid, data)
        with blocks.hold([cid]):
            for _ in range(5):
                collection.step()
    while collection.step():
        pass
    assert not any(there(blocks, pairs)) and collection.missing == 1


def test_a_block_put_again_while_it_is_deleted(blocks):
    """The writer comes between the row's end and the file's."""
    cid, data = raw(b"again " * 2000)
    put_all(blocks, (cid, data))
    removed = blocks.files.remove
    collection = blocks.collect(list)

    with blocks.writer() as writer:

        def put_first(digest):
            raise AssertionError("what lives again is not deleted")

        def bury(digest):
            del collection._remove_file
            assert not writer.has(cid)
            writer.put(cid, data)
            blocks.files.remove = put_first
            collection._remove_file(digest)
            blocks.files.remove = removed

        collection._remove_file = bury
        collection.run()
        writer.finish()
    assert blocks.get(cid) == data and blocks.fsck(lambda: [cid]).faults == 0


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def test_writers_readers_and_collections_together(blocks, seed):
    """Three threads, until enough was removed: whatever a root reaches can be read, whole, at any moment."""
    choose = random.Random(seed)
    trees = [tree(number % 5, leaves=3 + number, size=choose.choice((50, 5000))) for number in range(12)]
    failures, end = [], threading.Event()

    def guarded(work):
        def run():
            try:
                own = random.Random(choose.random())
                while not end.is_set():
                    work(own)
            except BaseException as error:
                failures.append(error)
                end.set()

        return threading.Thread(target=run)

    def write(own):
        pairs, root = own.choice(trees)
        if own.random() < 0.5:
            put_all(blocks, *pairs, root=root)
        else:
            remove_root(blocks, root)

    def read(own):
        pairs, root = own.choice(trees)
        with blocks.hold([root]):
            if root not in roots_of(blocks):
                return
            for cid, data in pairs:
                try:
                    assert blocks.get(cid) == data
                except BlockMissing:
                    raise AssertionError("a root lost a block") from None

    threads = [guarded(write), guarded(write), guarded(read)]
    for thread in threads:
        thread.start()
    removed = 0
    while removed < (30 if seed == 1 else 1500) and not failures:
        removed += collect(blocks, step=choose.choice((1, 4, 64)))[0]
    end.set()
    for thread in threads:
        thread.join()
    assert not failures, failures
    collect(blocks)
    report = blocks.fsck(lambda: roots_of(blocks))
    assert (report.faults, report.unreached, report.leftovers) == (0, 0, 0)
