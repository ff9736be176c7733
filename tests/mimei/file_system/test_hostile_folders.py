"""Folders that lie: a typed error, in little time, whatever one asks of them."""

import pytest

from leither_edge.mimei.errors import BadBlock, BlockMissing, Conflict, MimeiError
from leither_edge.mimei.files import directory
from leither_edge.mimei.files.difference import diff
from leither_edge.mimei.files.file_system import FileSystem
from leither_edge.mimei.files.hamt import hash_of
from leither_edge.mimei.files.label_profile import V1_2025
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_pb, unixfs
from leither_edge.mimei.ipld.dag_pb import Link
from tests.mimei.memory_blocks import MemoryBlocks

from .shards import bomb, put_shard
from .trees import tree_of

RAW = cids.of(cids.RAW, b"x")


def put(blocks, links, data):
    block = dag_pb.encode(links, data)
    cid = cids.of(cids.DAG_PB, block)
    blocks.put(cid, block)
    return cid


def entry(name):
    return Link(RAW, b"%02X" % (hash_of(name) >> 56) + name, 1)


def wrong_bucket(blocks):
    return put_shard(blocks, [Link(RAW, b"%02X" % (hash_of(b"a") >> 56 ^ 1) + b"a", 1)])


def bits_of_others(blocks):
    return put_shard(blocks, [entry(b"a")], field=6)


def no_bucket(blocks):
    return put_shard(blocks, [Link(RAW, b"zz", 1)], field=1)


def lower_case(blocks):
    return put_shard(blocks, [Link(RAW, b"af", 1)], field=1 << 0xAF)


def no_name(blocks):
    return put_shard(blocks, [Link(RAW, None, 1)], field=1)


def out_of_order(blocks):
    return put_shard(blocks, sorted([entry(b"a"), entry(b"b")], key=lambda link: link.name, reverse=True))


def one_bucket_twice(blocks):
    return put_shard(blocks, [entry(b"a"), entry(b"a")])


def empty_below(blocks):
    return put_shard(blocks, [Link(put_shard(blocks, []), b"00", 1)])


def folder_below(blocks):
    return put_shard(blocks, [Link(put(blocks, [], b"\x08\x01"), b"00", 1)])


def other_fanout_below(blocks):
    return put_shard(blocks, [Link(put_shard(blocks, [Link(RAW, b"0a", 1)], 16), b"00", 1)])


def other_hash(blocks):
    return put_shard(blocks, [entry(b"a")], hash_type=0x12)


def too_deep(blocks):
    cid = put_shard(blocks, [entry(b"a")])
    code = hash_of(b"a").to_bytes(8, "big")
    for byte in [*code[::-1], *code[::-1]]:
        cid = put_shard(blocks, [Link(cid, b"%02X" % byte, 1)])
    return cid


LIES = (
    wrong_bucket, bits_of_others, no_bucket, lower_case, no_name, out_of_order, one_bucket_twice, empty_below, folder_below,
    other_fanout_below, other_hash, too_deep, bomb,
)  # fmt: skip


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_folder_that_lies_is_not_listed(lie):
    blocks = MemoryBlocks()
    cid = lie(blocks)
    with pytest.raises(BadBlock):
        list(directory.entries(blocks, cid))


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_folder_that_lies_takes_little_time(lie):
    blocks = MemoryBlocks()
    cid = lie(blocks)
    true = put_shard(blocks, [entry(b"a")])
    for ask in (
        lambda: directory.find(blocks, cid, b"a"),
        lambda: directory.change(blocks, V1_2025, cid, {b"a": Link(RAW, b"a", 1)}),
        lambda: directory.change(blocks, V1_2025, cid, {b"a": None}),
        lambda: list(directory.entries(blocks, cid, b"a")),
        lambda: list(diff(blocks, cid, true)),
        lambda: list(diff(blocks, true, cid)),
    ):
        blocks.reset()
        try:
            ask()
        except MimeiError:
            pass
        assert blocks.gets < 600 and blocks.puts < 20


@pytest.mark.parametrize("fanout", [0, 1, 4, 12, 255, 2048, 1 << 62, None])
def test_a_fanout_that_no_folder_has_is_refused(fanout):
    blocks = MemoryBlocks()
    cid = put(blocks, [entry(b"a")], unixfs.encode(unixfs.Node(unixfs.HAMT, b"", hash_type=unixfs.MURMUR3, fanout=fanout)))
    for ask in (lambda: list(directory.entries(blocks, cid)), lambda: directory.find(blocks, cid, b"a")):
        with pytest.raises(BadBlock):
            ask()


def test_two_bombs_are_not_compared_for_ever():
    blocks = MemoryBlocks()
    one = bomb(blocks)
    leaf = put_shard(blocks, [Link(RAW, b"01y", 0)])
    for _ in range(8):
        leaf = put_shard(blocks, [Link(leaf, b"%02X" % bucket, 0) for bucket in range(256)])
    blocks.reset()
    with pytest.raises(BadBlock):
        list(diff(blocks, one, leaf))
    assert blocks.gets < 600


def test_trees_that_unfold_without_end_and_differ_in_form_only_are_compared_once():
    blocks, pair = MemoryBlocks(), []
    for mode in (None, 0o755):
        data = unixfs.encode(unixfs.Node(unixfs.DIRECTORY, mode=mode))
        cid = put(blocks, [], data)
        for _ in range(40):
            cid = put(blocks, [Link(cid, b"a", 1), Link(cid, b"b", 1)], data)
        pair.append(cid)
    assert list(diff(blocks, *pair)) == []
    assert blocks.gets < 1000


def test_an_empty_sharded_folder_is_an_empty_folder():
    blocks = MemoryBlocks()
    cid = put_shard(blocks, [])
    assert list(directory.entries(blocks, cid)) == [] and directory.find(blocks, cid, b"a") is None
    link = Link(RAW, b"a", 1)
    assert directory.change(blocks, V1_2025, cid, {b"a": link}) == directory.directory_of(blocks, V1_2025, [(b"a", RAW, 1)])


def test_sizes_that_lie_do_not_grow_without_end():
    blocks = MemoryBlocks()
    huge = (1 << 63) - 1
    cid, total = directory.directory_of(blocks, V1_2025, [(b"a", RAW, huge), (b"b", RAW, huge)])
    assert total == huge
    assert dag_pb.decode(blocks.get(cid))[1][0].size == huge
    assert directory.directory_of(blocks, V1_2025, [(b"c", cid, total)])[1] == huge


@pytest.mark.parametrize("name", [None, b"", b"..", b"a/b", b"\xff", b"n" * 300])
def test_names_of_strangers_are_shown_and_lead_nowhere(name):
    tree = tree_of({"f": b"x"})
    cid = put(tree.blocks, [Link(RAW, name, 1)], b"\x08\x01")
    tree = FileSystem(tree.blocks, cid, tree.profile)
    if name is None:
        with pytest.raises(BadBlock):
            list(tree.list())
    else:
        assert [entry.kind for entry in tree.list()] == ["file"]
    with pytest.raises(MimeiError):
        tree.stat("..")


def test_what_is_missing_says_so():
    tree = tree_of({f"{number}": b"x" for number in range(10)})
    blocks = MemoryBlocks()
    for ask in (
        lambda: list(FileSystem(blocks, tree.root, tree.profile).list()),
        lambda: FileSystem(blocks, tree.root, tree.profile).put("a", RAW, 1),
        lambda: FileSystem(blocks, tree.root, tree.profile).find("a/b"),
    ):
        with pytest.raises(BlockMissing):
            ask()


CUT = (b"", b"\x0a", b"\x12\x05\x0a", b"\x0a\x02\x08\x01\x12", b"\x0a\x02\x08\x02", b"\x0a\x02\x08\x09", b"\xff" * 9)


@pytest.mark.parametrize("cut", CUT)
def test_bytes_that_are_no_folder(cut):
    blocks = MemoryBlocks()
    cid = cids.of(cids.DAG_PB, cut)
    blocks.put(cid, cut)
    for ask in (
        lambda: list(directory.entries(blocks, cid)),
        lambda: directory.find(blocks, cid, b"a"),
        lambda: directory.change(blocks, V1_2025, cid, {}),
    ):
        with pytest.raises((BadBlock, Conflict)):
            ask()
