"""Editing a file gives the label of a fresh add, and writes little."""

import random

import pytest

from leither_edge.mimei.errors import BadInput, TooLarge
from leither_edge.mimei.files import build, edit, layout, read
from leither_edge.mimei.files.label_profile import V0_2015, V1_2025
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_pb, unixfs
from tests.mimei.memory_blocks import MemoryBlocks

# The same rules in small, so that trees of three levels are made of few bytes.
SMALL = (V1_2025._replace(chunk_bytes=8, width=3), V0_2015._replace(chunk_bytes=8, width=3), V0_2015._replace(chunk_bytes=5, width=2))


def added(data, profile, blocks=None):
    return build.build(MemoryBlocks() if blocks is None else blocks, profile, [data])


@pytest.mark.parametrize("profile", SMALL, ids=["v1", "v0", "narrow"])
def test_any_order_of_changes_gives_the_label_of_a_fresh_add(profile):
    chance = random.Random(5)
    blocks = MemoryBlocks()
    content = b""
    cid = added(content, profile, blocks)[0]
    for _ in range(400):
        turn = chance.random()
        if turn < 0.6:
            offset, data = chance.randrange(len(content) + 20), chance.randbytes(chance.choice((0, 1, 3, 8, 24, 30)))
            part = edit.write(blocks, cid, offset, data, profile)
            if data:
                content = content.ljust(offset, b"\0")
                content = content[:offset] + data + content[offset + len(data) :]
        elif turn < 0.8:
            data = chance.randbytes(chance.choice((1, 8, 9)))
            part = edit.append(blocks, cid, data, profile)
            content += data
        else:
            length = chance.choice((0, 8, 24, 72, 25, chance.randrange(300)))
            part = edit.truncate(blocks, cid, length, profile)
            content = content[:length].ljust(length, b"\0")
        assert tuple(part) == added(content, profile)
        cid = part.cid
        assert b"".join(read.read(blocks, cid)) == content


@pytest.mark.parametrize("profile", SMALL, ids=["v1", "v0", "narrow"])
def test_the_layout_foretells_what_is_built(profile):
    for size in range(200):
        cid, told, total = added(bytes(size), profile)
        assert (told, total) == (size, layout.total(profile, layout.height(profile, size), size))
        assert layout.is_of(profile, layout.height(profile, size), cid)


@pytest.mark.parametrize("profile", [V1_2025, V0_2015], ids=["v1", "v0"])
def test_the_layout_foretells_real_sizes(profile):
    for size in (0, 1, 127, 128, profile.chunk_bytes, profile.chunk_bytes + 1, profile.chunk_bytes * 3 - 5):
        assert layout.total(profile, layout.height(profile, size), size) == added(bytes(size), profile)[2]


def test_a_small_change_writes_the_chunk_and_its_path():
    blocks, profile = MemoryBlocks(), V0_2015._replace(chunk_bytes=16, width=8)
    cid = added(random.Random(1).randbytes(16 * 8 * 8 * 4), profile, blocks)[0]
    blocks.reset()
    edit.write(blocks, cid, 2000, b"x", profile)
    assert blocks.puts == 4
    blocks.reset()
    edit.append(blocks, cid, b"y", profile)
    assert blocks.puts == 4


def test_a_gap_of_any_size_costs_a_few_blocks():
    blocks = MemoryBlocks()
    cid = added(b"begin", V1_2025, blocks)[0]
    blocks.reset()
    part = edit.write(blocks, cid, 1 << 42, b"end", V1_2025)
    assert part.size == (1 << 42) + 3 and blocks.new < 12
    assert b"".join(read.read(blocks, part.cid, (1 << 42) - 2)) == b"\0\0end"
    assert b"".join(read.read(blocks, part.cid, 3, 4)) == b"in\0\0"
    with pytest.raises(TooLarge):
        edit.truncate(blocks, cid, (1 << 50) + 1, V1_2025)


def foreign_trees(blocks):
    """Files of 20 bytes that no profile makes: a raw leaf too large, an own layout, times of change, chunks of another size."""
    content = bytes(range(20))
    raw = cids.of(cids.RAW, content)
    blocks.put(raw, content)
    yield raw
    inner = [(cids.of(cids.RAW, content[:4]), b"", 4), (cids.of(cids.RAW, content[4:12]), b"", 8)]
    blocks.put(inner[0][0], content[:4])
    blocks.put(inner[1][0], content[4:12])
    # As old programs wrote trickle: a node's own bytes come before those of its links.
    block = dag_pb.encode(inner, unixfs.encode(unixfs.Node(unixfs.FILE, content[12:], 20, [4, 8], mtime=(5, None))))
    cid = cids.v0_of(block)
    blocks.put(cid, block)
    yield cid
    yield added(content, SMALL[0]._replace(chunk_bytes=7), blocks)[0]
    yield added(content, SMALL[1], blocks)[0]


def test_a_file_of_another_layout_is_built_anew():
    blocks = MemoryBlocks()
    for cid in foreign_trees(blocks):
        content = b"".join(read.read(blocks, cid))
        assert len(content) == 20
        assert tuple(edit.write(blocks, cid, 3, b"new", SMALL[0])) == added(content[:3] + b"new" + content[6:], SMALL[0])
        assert tuple(edit.truncate(blocks, cid, 9, SMALL[0])) == added(content[:9], SMALL[0])


def put_node(blocks, links, node):
    block = dag_pb.encode(links, unixfs.encode(node))
    cid = cids.v0_of(block)
    blocks.put(cid, block)
    return cid, block


def test_what_only_looks_like_the_profile_s_is_built_anew():
    """A root with a time of change, which would become a part of the new file; leaves of the other kind that there is."""
    blocks, profile, content = MemoryBlocks(), SMALL[1], bytes(range(24))
    leaves = [put_node(blocks, (), unixfs.Node(unixfs.RAW, content[at : at + 8], 8)) for at in (0, 8, 16)]
    other = put_node(blocks, [(cid, b"", len(block)) for cid, block in leaves], unixfs.Node(unixfs.FILE, None, 24, [8, 8, 8]))[0]
    links = dag_pb.decode(blocks.get(added(content, profile, blocks)[0]))[1]
    timed = put_node(blocks, links, unixfs.Node(unixfs.FILE, None, 24, [8, 8, 8], mtime=(1, None)))[0]
    alone = put_node(blocks, (), unixfs.Node(unixfs.FILE, content[:8], 8, mode=0o600))[0]
    for cid in (other, timed, alone):
        before = b"".join(read.read(blocks, cid))
        assert tuple(edit.append(blocks, cid, b"more", profile)) == added(before + b"more", profile)


def test_wrong_offsets_are_refused():
    blocks = MemoryBlocks()
    cid = added(b"abc", V1_2025, blocks)[0]
    for wrong in (lambda: edit.write(blocks, cid, -1, b"x", V1_2025), lambda: edit.truncate(blocks, cid, -1, V1_2025)):
        with pytest.raises(BadInput):
            wrong()
