"""Files become blocks and come back; a tree that lies is refused."""

import random

import pytest

from leither_edge.mimei.errors import BadBlock, BadInput, BlockMissing, Conflict, TooLarge
from leither_edge.mimei.files import build, label_profile, read
from leither_edge.mimei.files.label_profile import V0_2015, V1_2025
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_pb, unixfs
from tests.mimei.memory_blocks import MemoryBlocks

SMALL = V1_2025._replace(chunk_bytes=10, width=3)
CONTENT = random.Random(8).randbytes(333)


def put_node(blocks, links, node):
    """The label of a node. Args: links ([(label, size told)])."""
    block = dag_pb.encode([(cid, b"", size) for cid, size in links], unixfs.encode(node))
    cid = cids.of(cids.DAG_PB, block)
    blocks.put(cid, block)
    return cid


def put_raw(blocks, content):
    cid = cids.of(cids.RAW, content)
    blocks.put(cid, content)
    return cid


def whole(blocks, cid, *part):
    return b"".join(read.read(blocks, cid, *part))


@pytest.mark.parametrize("piece", [1, 7, 10, 25, 400])
def test_the_label_does_not_depend_on_the_pieces(piece):
    blocks = MemoryBlocks()
    pieces = [CONTENT[at : at + piece] for at in range(0, len(CONTENT), piece)]
    cid, size, total = build.build(blocks, SMALL, pieces)
    assert cid == build.build(MemoryBlocks(), SMALL, [memoryview(CONTENT)])[0]
    assert size == len(CONTENT) and total == blocks.bytes_put
    assert whole(blocks, cid) == CONTENT and read.size(blocks, cid) == len(CONTENT)


@pytest.mark.parametrize("profile", [SMALL, V0_2015._replace(chunk_bytes=9, width=2)], ids=["v1", "v0"])
def test_any_part_can_be_read_and_reads_only_what_it_needs(profile):
    blocks = MemoryBlocks()
    cid = build.build(blocks, profile, [CONTENT])[0]
    chance = random.Random(3)
    for _ in range(200):
        offset, length = chance.randrange(350), chance.choice((None, 0, 1, 10, chance.randrange(400)))
        assert whole(blocks, cid, offset, length) == CONTENT[offset : None if length is None else offset + length]
    blocks.reset()
    whole(blocks, cid, 150, 1)
    assert blocks.gets <= 11


def test_a_file_of_nothing():
    for profile, label in ((V1_2025, "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"),
                           (V0_2015, "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH")):  # fmt: skip
        blocks = MemoryBlocks()
        cid = build.build(blocks, profile, [])[0]
        assert cids.to_text(cid) == label and whole(blocks, cid) == b"" and read.size(blocks, cid) == 0


def test_a_tree_that_came_as_trickle_or_from_old_programs_is_read():
    blocks = MemoryBlocks()
    leaf = put_node(blocks, (), unixfs.Node(unixfs.RAW, b"cde", 3))
    deep = put_node(blocks, [(leaf, 3), (put_raw(blocks, b"fg"), 2)], unixfs.Node(unixfs.FILE, None, 5, [3, 2]))
    # Its own bytes come before those of its links, and leaves lie at several depths; the size is not told.
    root = put_node(blocks, [(put_raw(blocks, b"b"), 1), (deep, 5)], unixfs.Node(unixfs.FILE, b"a", None, [1, 5], mode=0o644))
    assert whole(blocks, root) == b"abcdefg" and whole(blocks, root, 2, 3) == b"cde"


def test_lies_about_sizes_are_refused():
    blocks = MemoryBlocks()
    leaf = put_raw(blocks, b"four")
    for links, node in (
        ([(leaf, 4)], unixfs.Node(unixfs.FILE, None, 5, [5])),
        ([(leaf, 4)], unixfs.Node(unixfs.FILE, None, 3, [3])),
        ([(leaf, 4)], unixfs.Node(unixfs.FILE, None, 4, [])),
        ([(leaf, 4)], unixfs.Node(unixfs.FILE, None, 4, [4, 0])),
        ([(leaf, 4)], unixfs.Node(unixfs.FILE, b"x", 4, [4])),
        ([], unixfs.Node(unixfs.FILE, b"four", 400)),
    ):
        with pytest.raises(BadBlock):
            whole(blocks, put_node(blocks, links, node))


def test_a_tree_of_parts_said_to_be_empty_ends_at_once():
    blocks = MemoryBlocks()
    cid = put_node(blocks, (), unixfs.Node(unixfs.FILE, None, 0))
    for _ in range(40):
        cid = put_node(blocks, [(cid, 0)] * 30, unixfs.Node(unixfs.FILE, None, 0, [0] * 30))
    blocks.reset()
    assert whole(blocks, cid) == b"" and blocks.gets < 4


def test_a_tree_without_end_is_refused():
    blocks = MemoryBlocks()
    cid = put_raw(blocks, b"x")
    for _ in range(read.DEPTH_MAX + 1):
        cid = put_node(blocks, [(cid, 1)], unixfs.Node(unixfs.FILE, None, 1, [1]))
    with pytest.raises(TooLarge):
        whole(blocks, cid)


def test_what_is_no_file_is_said_to_be_none():
    blocks = MemoryBlocks()
    folder = put_node(blocks, (), unixfs.Node(unixfs.DIRECTORY))
    link = put_node(blocks, (), unixfs.Node(unixfs.SYMLINK, b"/etc/passwd"))
    for cid in (folder, link, cids.of(cids.DAG_CBOR, b"\xf6")):
        with pytest.raises(Conflict):
            whole(blocks, cid)
    with pytest.raises(BlockMissing):
        whole(blocks, cids.of(cids.RAW, b"not here"))
    with pytest.raises(BadInput):
        whole(blocks, folder, -1)


def test_content_that_stands_in_its_label_is_read():
    assert whole(MemoryBlocks(), b"\x01\x55\0\x05hello", 1, 3) == b"ell"


def test_profiles_have_names():
    assert label_profile.by_name("unixfs-v0-2015") is V0_2015
    with pytest.raises(BadInput):
        label_profile.by_name("unixfs-v9")
