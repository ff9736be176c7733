"""What is different between two trees."""

import random

import pytest

from leither_edge.mimei.files import directory
from leither_edge.mimei.files.difference import Difference, diff
from leither_edge.mimei.files.label_profile import V1_2025
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld.dag_pb import Link
from tests.mimei.memory_blocks import MemoryBlocks

from .shards import sharded
from .trees import moved, put, stored, tree_of


def rows(tree, root):
    return [(one.kind, one.path) for one in diff(tree.blocks, tree.root, root)]


def test_files_and_folders_that_came_went_and_changed():
    tree = tree_of({"a": b"1", "d/b": b"2", "d/e/c": b"3", "gone/x": b"4"})
    later = put(moved(tree, tree.remove("gone", recursive=True)), "d/e/c", b"33")
    later = put(put(later, "new/y", b"5"), "d/z", b"6")
    assert rows(tree, later.root) == [("~", "d/e/c"), ("+", "d/z"), ("-", "gone"), ("+", "new")]
    assert sorted(rows(later, tree.root)) == sorted([("~", "d/e/c"), ("-", "d/z"), ("+", "gone"), ("-", "new")])
    assert rows(tree, tree.root) == []
    changed = next(diff(tree.blocks, tree.root, later.root))
    assert changed == Difference("~", "d/e/c", tree.stat("d/e/c").cid, later.stat("d/e/c").cid)


def test_a_file_that_becomes_a_folder_is_one_difference():
    tree = tree_of({"a": b"1"})
    later = put(moved(tree, tree.remove("a")), "a/b", b"1")
    assert rows(tree, later.root) == [("~", "a")]
    file = stored(tree, b"x")[0]
    assert [one.kind for one in diff(tree.blocks, tree.root, file)] == ["~"]


@pytest.mark.parametrize("bounds", [(1 << 20, 1 << 20), (100, 1 << 20), (1 << 20, 100), (100, 100)], ids=str)
def test_folders_of_any_form(bounds):
    for seed in [random.randrange(1 << 32) for _ in range(4)]:
        choose, blocks = random.Random(seed), MemoryBlocks()
        pair = []
        for bound in bounds:
            found = {b"%d" % number: cids.of(cids.RAW, b"%d" % (number * choose.choice((1, 1, 1, 2)))) for number in range(300)}
            for name in choose.sample(sorted(found), choose.choice((0, 1, 200, 290))):
                del found[name]
            made = directory.directory_of(blocks, V1_2025._replace(shard_bytes=bound), ((name, cid, 1) for name, cid in found.items()))
            pair.append((made[0], found))
        (cid_a, a), (cid_b, b) = pair
        expected = {name.decode(): (a.get(name), b.get(name)) for name in a.keys() | b.keys() if a.get(name) != b.get(name)}
        found = list(diff(blocks, cid_a, cid_b))
        assert {one.path: (one.cid_a, one.cid_b) for one in found} == expected and len(found) == len(expected), seed


def test_folders_of_two_fanouts_with_the_same_names_are_the_same():
    blocks = MemoryBlocks()
    links = [Link(cids.of(cids.RAW, b""), b"%d" % number, 1) for number in range(100)]
    some, others = sharded(blocks, links, 16)[0], sharded(blocks, links[1:], 256)[0]
    assert [(one.kind, one.path) for one in diff(blocks, some, others)] == [("-", "0")]
    assert [(one.kind, one.path) for one in diff(blocks, others, some)] == [("+", "0")]


def test_only_what_differs_is_read():
    blocks = MemoryBlocks()
    cid = cids.of(cids.RAW, b"")
    profile = V1_2025._replace(shard_bytes=1000)
    old = directory.directory_of(blocks, profile, ((b"%d" % number, cid, 1) for number in range(3000)))[0]
    new = directory.change(blocks, profile, old, {b"77": Link(cids.of(cids.RAW, b"x"), b"77", 1)})[0]
    blocks.reset()
    assert [one.path for one in diff(blocks, old, new)] == ["77"]
    assert blocks.gets <= 8
