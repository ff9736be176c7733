"""The bytes of nodes: pinned, read by DAG-CBOR's reader, and refused when they are not what they must be."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.mimei.errors import BadBlock, BlockMissing, MimeiError, TooLarge
from leither_edge.mimei.ipld import cid as labels
from leither_edge.mimei.ipld import dag_cbor, links
from leither_edge.mimei.tree import build, change, diff, node, read, sequence
from tests.mimei.memory_blocks import MemoryBlocks

BLOCKS = MemoryBlocks()
ROWS = [(b"%05d" % number, b"value" * (number % 9)) for number in range(3000)] + [(b"large", b"v" * 2000)]
ROOT = build.build(BLOCKS, ROWS)
LIST = sequence.build(BLOCKS, [value for _, value in ROWS])
GOOD_BLOCKS = len(BLOCKS)


def put(value):
    data = value if isinstance(value, bytes) else dag_cbor.encode(value)
    cid = labels.of(labels.DAG_CBOR, data)
    BLOCKS.put(cid, data)
    return cid


def test_the_format_is_pinned():
    blocks = MemoryBlocks()
    empty = build.build(blocks, [])
    assert blocks.get(empty) == b"\x81\x00"
    assert blocks.get(sequence.build(blocks, [])) == b"\x81\x20"
    raw = labels.of(labels.RAW, bytes(1001))
    root = build.build(blocks, [(b"a", b"1"), (b"b", bytes(1001)), (b"c", node.Reference(b"list", empty))])
    link = b"\xd8\x2a\x58\x25\x00"
    assert blocks.get(root) == b"\x87\x00AaA1Ab\x82\x19\x03\xe9" + link + raw + b"Ac\x82Dlist" + link + empty
    assert blocks.get(raw) == bytes(1001)
    assert labels.to_text(ROOT) == "bafyreibpotqweek4xcypakbga5zyye2jsfw5p4efsnjmgjfzqwsqiq44om"


def test_every_block_is_dag_cbor_with_links_that_others_find():
    met, ahead = set(), [ROOT, LIST]
    while ahead:
        cid = ahead.pop()
        if cid in met:
            continue
        met.add(cid)
        data = BLOCKS.get(cid)
        if labels.codec(cid) == labels.DAG_CBOR:
            assert dag_cbor.encode(dag_cbor.decode(data)) == data
        ahead.extend(links.links(cid, data))
    assert len(met) == GOOD_BLOCKS


def leaf(*keys):
    return put([0, *(part for key in keys for part in (key, b"v"))])


A, C, M = leaf(b"a", b"b"), leaf(b"c", b"d"), leaf(b"m", b"z")
LINK = dag_cbor.Link
BAD = {
    "another kind": put([-1, b"a", b"1"]),
    "no node": put({"a": 1}),
    "empty": put(b"\x80"),
    "half an entry": put([0, b"a"]),
    "text as key": put([0, "a", b"1"]),
    "keys fall": put([0, b"b", b"1", b"a", b"1"]),
    "a key twice": put([0, b"a", b"1", b"a", b"1"]),
    "long head": put(b"\x83\x00\x58\x01aA1"),
    "bytes behind": put(b"\x83\x00AaA1A2"),
    "cut short": put(b"\x83\x00AaA"),
    "more entries than bytes": put(b"\x9b\x00\x00\xff\xff\xff\xff\xff\xff\x00"),
    "a level too high": put([23, b"a", 1, LINK(A)]),
    "one child": put([1, b"a", 2, LINK(A)]),
    "no children": put([1]),
    "no rows": put([1, b"a", 2, LINK(A), b"c", 0, LINK(C)]),
    "wrong count": put([1, b"a", 2, LINK(A), b"c", 3, LINK(C)]),
    "wrong first key": put([1, b"a", 2, LINK(A), b"b", 2, LINK(C)]),
    "wrong level": put([2, b"a", 2, LINK(A), b"c", 2, LINK(C)]),
    "a file as child": put([1, b"a", 2, LINK(A), b"c", 2, LINK(labels.of(labels.RAW, b""))]),
    "keys overlap": put([1, b"a", 2, LINK(A), b"m", 2, LINK(M), b"n", 2, LINK(leaf(b"n", b"o"))]),
    "link to a folder of version 0": put([0, b"a", [5, LINK(labels.v0_of(b""))]]),
    "a value that is a tree": put([0, b"a", [5, LINK(A)]]),
    "three in a value": put([0, b"a", [5, LINK(labels.of(labels.RAW, b"")), 1]]),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_node_is_a_typed_error(name):
    with pytest.raises(BadBlock):
        list(read.scan(BLOCKS, BAD[name]))
    with pytest.raises(BadBlock):
        list(read.scan(BLOCKS, BAD[name], reverse=True))
    with pytest.raises(BadBlock):
        change.apply(BLOCKS, BAD[name], [(key, b"new") for key in (b"a", b"c", b"m", b"n")])
    with pytest.raises(BadBlock):
        list(diff.diff(BLOCKS, BAD[name], ROOT))


def test_what_is_too_large_or_missing_is_a_typed_error():
    with pytest.raises(TooLarge):
        read.get(BLOCKS, put([0, b"a", bytes(4000)]), b"a")
    with pytest.raises(TooLarge):
        read.get(BLOCKS, put([0, bytes(512), b""]), b"a")
    with pytest.raises(TooLarge):
        read.get(BLOCKS, put([0, b"a", bytes(1001)]), b"a")
    with pytest.raises(BlockMissing):
        read.get(BLOCKS, labels.of(labels.DAG_CBOR, b"gone"), b"a")
    short = put([0, b"a", [1002, LINK(labels.of(labels.RAW, bytes(1001)))]])
    BLOCKS.put(labels.of(labels.RAW, bytes(1001)), bytes(1001))
    with pytest.raises(BadBlock):
        read.get(BLOCKS, short, b"a")


@given(st.integers(0, 1 << 32))
def test_changed_bytes_never_end_in_another_error(seed):
    dice = random.Random(seed)
    data = bytearray(BLOCKS.rows[dice.choice(list(BLOCKS.rows))][:4000])
    for _ in range(dice.randrange(1, 4)):
        data[dice.randrange(len(data))] = dice.choice((0, 0x20, 0x40, 0x58, 0x59, 0x82, 0xFF, dice.randrange(256)))
    data = bytes(data[: dice.choice((len(data), dice.randrange(len(data) + 1)))])
    for keyed in (True, False):
        try:
            found = node.decode(data, keyed)
        except MimeiError:
            continue
        assert dag_cbor.decode(data)[0] == (found.level if keyed else -1 - found.level)
        assert found.count >= len(found.values)


def test_values_of_several_blocks_are_files():
    value = bytes(range(256)) * 10_000
    root = build.build(BLOCKS, [(b"film", value)])
    assert read.get(BLOCKS, root, b"film") == value
    assert list(read.scan(BLOCKS, root)) == [(b"film", value)]
    with pytest.raises(TooLarge):
        read.get(BLOCKS, root, b"film", value_max=1 << 20)
    ((_, _, stored),) = diff.diff(BLOCKS, None, root)
    with pytest.raises(BadBlock):
        read.get(BLOCKS, put([0, b"film", [stored.size - 1, LINK(stored.cid)]]), b"film")
    with pytest.raises(BadBlock):
        read.get(BLOCKS, put([0, b"film", [stored.size + 1, LINK(stored.cid)]]), b"film")
    assert sequence.get(BLOCKS, sequence.build(BLOCKS, [b"", value]), 1) == value


def relabelled(root, dice):
    """The root of a tree in which one node has a few other bytes; those above link to it under its new label."""
    way = [(root, bytearray(BLOCKS.get(root)))]
    while (found := node.decode(bytes(way[-1][1]), True)).counts is not None and dice.random() < 0.8:
        cid = dice.choice(found.values)
        way.append((cid, bytearray(BLOCKS.get(cid))))
    data = way[-1][1]
    for _ in range(dice.randrange(1, 3)):
        data[dice.randrange(len(data))] = dice.choice((0, 1, 0x41, 0x61, 0xFF, dice.randrange(256)))
    new = put(bytes(data))
    for above, (cid, _) in zip(reversed(way[:-1]), reversed(way[1:]), strict=True):
        new = put(bytes(above[1]).replace(cid, new))
    return new


@pytest.mark.parametrize("seed", range(40))
def test_a_tree_with_changed_bytes_is_read_in_order_or_refused(seed):
    dice = random.Random(seed)
    root = relabelled(ROOT, dice)
    for rows in (read.scan(BLOCKS, root), read.scan(BLOCKS, root, reverse=True), diff.diff(BLOCKS, ROOT, root)):
        try:
            keys = [row[0] for row in rows]
        except MimeiError:
            continue
        assert all(isinstance(key, bytes) for key in keys)
        assert len(set(keys)) == len(keys) and keys == sorted(keys, reverse=bool(keys) and keys[0] > keys[-1])
    try:
        # What is not on the way to the change is kept unread.
        changed = change.apply(BLOCKS, root, [(b"%05d" % dice.randrange(3000), b"new")])
        keys = [key for key, _ in read.scan(BLOCKS, changed)]
    except MimeiError:
        return
    assert keys == sorted(set(keys))
