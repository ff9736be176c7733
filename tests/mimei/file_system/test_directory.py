"""One folder: its form follows from what is in it, however it came to be."""

import random

import pytest

from leither_edge.mimei.errors import BadInput, Conflict
from leither_edge.mimei.files import directory, hamt
from leither_edge.mimei.files import folder_node as nodes
from leither_edge.mimei.files.label_profile import V0_2015, V1_2025
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_pb, unixfs
from leither_edge.mimei.ipld.dag_pb import Link
from tests.mimei.memory_blocks import MemoryBlocks

from .shards import sharded

PROFILES = pytest.mark.parametrize("profile", [V1_2025, V0_2015], ids=lambda profile: profile.name)


def some_link(choose, name):
    data = choose.randbytes(2)
    return Link(cids.of(cids.RAW, data), name, choose.choice((0, 2, 200, 1 << 20)))


def fresh(blocks, profile, found):
    return directory.directory_of(blocks, profile, ((link.name, link.cid, link.size) for link in found.values()))


def is_sharded(blocks, cid):
    return nodes.load(blocks, cid)[0].kind == unixfs.HAMT


def follow(seed, profile, steps, names):
    """Changes a folder at random and compares it with one made anew after each step; how often its form changed."""
    choose, blocks, found = random.Random(seed), MemoryBlocks(), {}
    cid, turns = fresh(blocks, profile, found)[0], 0
    for _ in range(steps):
        changes = {}
        # Now it grows, now it shrinks.
        growing = choose.random() < (0.8 if len(found) < names // 2 else 0.2)
        for _ in range(choose.choice((1, 1, 3, 30))):
            name = b"name %d" % choose.randrange(names)
            if growing or choose.random() < 0.2:
                changes[name] = some_link(choose, name)
            else:
                changes[choose.choice(list(found)) if found and choose.random() < 0.9 else name] = None
        for name, link in changes.items():
            found.pop(name, None)
            if link is not None:
                found[name] = link
        was = is_sharded(blocks, cid)
        cid, total = directory.change(blocks, profile, cid, changes)
        turns += was != is_sharded(blocks, cid)
        assert (cid, total) == fresh(blocks, profile, found), seed
        assert {link.name: link for link in directory.entries(blocks, cid)} == found
    return turns


@PROFILES
def test_a_changed_folder_has_the_label_of_one_made_anew(profile):
    seed = random.randrange(1 << 32)
    assert follow(seed, profile._replace(shard_bytes=2500), 60, 150), seed


@pytest.mark.slow
@PROFILES
@pytest.mark.parametrize("bound, names", [(60, 8), (1000, 50), (20000, 1500)])
def test_a_changed_folder_has_the_label_of_one_made_anew_at_length(profile, bound, names):
    for _ in range(4):
        follow(random.randrange(1 << 32), profile._replace(shard_bytes=bound), 100, names)


def test_names_whose_hashes_begin_alike_make_a_chain(monkeypatch):
    # Only the last byte of the hash tells names apart, as somebody can choose them to.
    monkeypatch.setattr(hamt, "hash_of", lambda name: name[-1])
    profile = V1_2025._replace(shard_bytes=200)
    seed = random.randrange(1 << 32)
    assert follow(seed, profile, 60, 10), seed


def test_two_names_of_one_hash_do_not_fit(monkeypatch):
    monkeypatch.setattr(hamt, "hash_of", lambda name: 7)
    profile, blocks, choose = V1_2025._replace(shard_bytes=100), MemoryBlocks(), random.Random(1)
    cid = fresh(blocks, profile, {b"a": some_link(choose, b"a")})[0]
    with pytest.raises(BadInput):
        directory.change(blocks, profile, cid, {b"b": some_link(choose, b"b"), b"c": some_link(choose, b"c")})


def test_a_name_twice_is_refused_however_far_apart(monkeypatch):
    monkeypatch.setattr(directory, "_ROWS_MAX", 8)
    link = some_link(random.Random(1), b"")
    for count in (1, 50):
        names = [b"%d" % number for number in range(count)] + [b"0"]
        with pytest.raises(Conflict):
            directory.directory_of(MemoryBlocks(), V1_2025._replace(shard_bytes=100), ((name, link.cid, 1) for name in names))


def test_a_folder_in_parts_has_the_label_of_one_in_one_piece(monkeypatch):
    choose = random.Random(3)
    found = {name: some_link(choose, name) for name in (b"%d" % number for number in range(300))}
    profile = V1_2025._replace(shard_bytes=1000)
    whole = fresh(MemoryBlocks(), profile, found)
    monkeypatch.setattr(directory, "_ROWS_MAX", 40)
    assert fresh(MemoryBlocks(), profile, found) == whole


@PROFILES
def test_each_name_is_found_and_no_other(profile):
    choose = random.Random(5)
    found = {name: some_link(choose, name) for name in (b"%d" % number for number in range(250))}
    for bound in (100, 1 << 20):
        blocks = MemoryBlocks()
        cid = fresh(blocks, profile._replace(shard_bytes=bound), found)[0]
        assert all(directory.find(blocks, cid, name) == link for name, link in found.items())
        assert not any(directory.find(blocks, cid, name) for name in (b"250", b"", b"0", b"00") if name not in found)


def test_a_list_in_parts_has_each_name_once():
    choose, blocks = random.Random(6), MemoryBlocks()
    found = {name: some_link(choose, name) for name in (b"%d" % number for number in range(700))}
    cid = fresh(blocks, V1_2025._replace(shard_bytes=1000), found)[0]
    whole, start, parts = [link.name for link in directory.entries(blocks, cid)], None, []
    assert len(whole) == 700
    while True:
        part = [link.name for _, link in zip(range(99), directory.entries(blocks, cid, start), strict=False)]
        if not part:
            break
        parts += part
        start = part[-1]
    assert parts == whole
    # From a name that was removed meanwhile, too.
    gone = directory.change(blocks, V1_2025._replace(shard_bytes=1000), cid, {whole[500]: None})[0]
    assert [link.name for link in directory.entries(blocks, gone, whole[500])] == whole[501:]


@PROFILES
@pytest.mark.parametrize("fanout", [8, 16, 256, 1024])
def test_other_fanouts_are_read_and_become_ours_when_changed(profile, fanout):
    choose, blocks = random.Random(7), MemoryBlocks()
    found = {name: some_link(choose, name) for name in (b"%d" % number for number in range(200))}
    cid = sharded(blocks, found.values(), fanout)[0]
    assert {link.name: link for link in directory.entries(blocks, cid)} == found
    assert all(directory.find(blocks, cid, name) == link for name, link in found.items())
    assert directory.find(blocks, cid, b"200") is None
    profile = profile._replace(shard_bytes=1000)
    assert directory.change(blocks, profile, cid, {b"3": None}) == fresh(blocks, profile, without(found, b"3"))


def without(found, name):
    return {key: link for key, link in found.items() if key != name}


def test_a_folder_takes_the_label_version_of_the_profile_that_changes_it():
    choose, blocks = random.Random(8), MemoryBlocks()
    found = {name: some_link(choose, name) for name in (b"%d" % number for number in range(100))}
    for bound in (500, 1 << 20):
        old, new = (profile._replace(shard_bytes=bound) for profile in (V0_2015, V1_2025))
        cid = fresh(blocks, old, found)[0]
        assert directory.change(blocks, new, cid, {b"3": None}) == fresh(blocks, new, without(found, b"3"))


@pytest.mark.parametrize("bound", [100, 1 << 20])
def test_mode_and_time_of_change_stay(bound):
    choose, blocks = random.Random(9), MemoryBlocks()
    data = unixfs.encode(unixfs.Node(unixfs.DIRECTORY, mode=0o755, mtime=(1, 2)))
    block = dag_pb.encode([some_link(choose, b"a")], data)
    cid = cids.of(cids.DAG_PB, block)
    blocks.put(cid, block)
    profile = V1_2025._replace(shard_bytes=bound)
    for change in ({b"b": some_link(choose, b"b")}, {b"c": some_link(choose, b"c")}, {b"b": None, b"c": None}):
        cid = directory.change(blocks, profile, cid, change)[0]
        node = nodes.load(blocks, cid)[0]
        assert (node.mode, node.mtime) == (0o755, (1, 2))
    assert blocks.get(cid) == block


def test_of_a_name_that_is_there_twice_the_first_counts():
    choose, blocks = random.Random(10), MemoryBlocks()
    first, again, other = (some_link(choose, name) for name in (b"z", b"z", b"a"))
    block = dag_pb.encode([first, again, other], unixfs.encode(unixfs.Node(unixfs.DIRECTORY)))
    cid = cids.of(cids.DAG_PB, block)
    blocks.put(cid, block)
    assert directory.find(blocks, cid, b"z") == first
    assert list(directory.entries(blocks, cid)) == [other, first]
    assert directory.change(blocks, V1_2025, cid, {}) == fresh(blocks, V1_2025, {b"a": other, b"z": first})


def test_one_changed_name_of_ten_thousand_writes_a_handful_of_small_blocks():
    choose, blocks, profile = random.Random(11), MemoryBlocks(), V1_2025
    found = {name: some_link(choose, name) for name in (b"file-%05d.txt" % number for number in range(10_000))}
    cid = fresh(blocks, profile, found)[0]
    new = Link(cids.of(cids.RAW, b"new"), b"new", 1 << 40)
    for name, link in ((b"file-00500.txt", new._replace(name=b"file-00500.txt")), (b"new", new), (b"new", None)):
        blocks.reset()
        cid = directory.change(blocks, profile, cid, {name: link})[0]
        # The root, one of its 256 nodes, and one more where two names meet.
        assert blocks.puts <= 3 and blocks.bytes_put < 20_000
        # Whether the rest fits into one block is asked after a removal only, and that reads no more than one block's worth of names.
        assert blocks.gets <= (3 if link else 180)
