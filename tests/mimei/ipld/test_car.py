"""CAR files out and in, walks, and what lies in them."""

import random

import pytest

from leither_edge.mimei.errors import BadBlock, BlockMissing, TooLarge
from leither_edge.mimei.files.build import build
from leither_edge.mimei.files.label_profile import V0_2015, V1_2025
from leither_edge.mimei.ipld import car, dag_cbor, varint
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld.walk import walk
from tests.mimei.memory_blocks import MemoryBlocks

PRAGMA = bytes.fromhex("0aa16776657273696f6e02")


def a_file(profile=V1_2025):
    blocks, profile = MemoryBlocks(), profile._replace(chunk_bytes=50, width=4)
    return blocks, build(blocks, profile, [random.Random(4).randbytes(3000)])[0]


def written(blocks, cid):
    return b"".join(car.write([cid], walk(blocks, [cid])))


def version_2(inner, index=b"an index"):
    numbers = (60, len(inner), 60 + len(inner))
    return PRAGMA + bytes(16) + b"".join(number.to_bytes(8, "little") for number in numbers) + bytes(9) + inner + index


@pytest.mark.parametrize("profile", [V1_2025, V0_2015], ids=["v1", "v0"])
@pytest.mark.parametrize("piece", [1, 5, 64, 1 << 20])
@pytest.mark.parametrize("wrap", [bytes, version_2], ids=["car v1", "car v2"])
def test_files_come_back(profile, piece, wrap):
    blocks, cid = a_file(profile)
    data = wrap(written(blocks, cid))
    back, roots = MemoryBlocks(), []
    for label, block in car.read((data[at : at + piece] for at in range(0, len(data), piece)), on_roots=roots.append):
        back.put(label, block)
    assert roots == [[cid]] and back.rows == blocks.rows


def test_no_blocks_and_no_roots():
    roots = []
    assert list(car.read([car.header([])], on_roots=roots.append)) == [] and roots == [[]]


def test_content_in_a_label_needs_no_section():
    label = b"\x01\x55\0\x02hi"
    assert b"".join(car.write([label], [(label, b"hi")])) == car.header([label])
    assert list(car.read([car.header([label]), car.section(label, b"hi"), b"hi"])) == [(label, b"hi")]


def test_every_cut_is_noticed():
    blocks, cid = a_file()
    data = written(blocks, cid)
    ends = {len(car.header([cid]))}
    for label, block in walk(blocks, [cid]):
        ends.add(max(ends) + len(car.section(label, block)) + len(block))
    for at in range(0, len(data), 7):
        if at not in ends:
            with pytest.raises(BadBlock):
                list(car.read([data[:at]]))
    outer = version_2(data, b"")
    for at in range(0, len(outer), 11):
        with pytest.raises(BadBlock):
            list(car.read([outer[:at]]))


def test_a_block_that_is_another_ends_it():
    blocks, cid = a_file()
    data = bytearray(written(blocks, cid))
    data[-1] ^= 1
    got = []
    with pytest.raises(BadBlock):
        for pair in car.read([data]):
            got.append(pair)
    assert len(got) == len(blocks) - 1


def header_of(value):
    body = dag_cbor.encode(value)
    return varint.write(len(body)) + body


@pytest.mark.parametrize(
    "data",
    [
        header_of({"roots": [], "version": 3}), header_of({"version": 2}), header_of({"roots": [], "version": 1, "more": 1}),
        header_of({"roots": ["x"], "version": 1}), header_of({"roots": None, "version": 1}), header_of([]),
        header_of({"roots": [], "version": True}), b"\0", b"\x01\xff", PRAGMA + bytes(40), version_2(version_2(b"")),
        b"<html>not a CAR file at all</html>" * 40,
        car.header([]) + b"\0", car.header([]) + b"\x02ab", version_2(car.header([]) + b"\x30" + bytes(20)),
    ],
)  # fmt: skip
def test_what_is_no_car_file(data):
    with pytest.raises(BadBlock):
        list(car.read([data]))


def test_bounds():
    blocks, cid = a_file()
    data = written(blocks, cid)
    assert len(list(car.read([data], count_max=len(blocks), bytes_max=sum(map(len, blocks.rows.values()))))) == len(blocks)
    for bound in ({"count_max": len(blocks) - 1}, {"bytes_max": 3000}):
        with pytest.raises(TooLarge):
            list(car.read([data], **bound))
    for lying in (varint.write(1 << 40), varint.write(car.HEADER_MAX + 1), car.header([]) + varint.write(1 << 30)):
        with pytest.raises(TooLarge):
            list(car.read([lying]))
    big = bytes(cids.BLOCK_MAX + 1)
    with pytest.raises(TooLarge):
        list(car.read([car.header([]), car.section(cids.of(cids.RAW, big), big), big]))


def test_a_walk_meets_each_block_once_and_in_order():
    blocks = MemoryBlocks()
    leaves = [cids.of(cids.RAW, bytes([number])) for number in range(3)]
    for number in range(3):
        blocks.put(leaves[number], bytes([number]))

    def node(*below):
        data = dag_cbor.encode([dag_cbor.Link(cid) for cid in below])
        cid = cids.of(cids.DAG_CBOR, data)
        blocks.put(cid, data)
        return cid

    left = node(leaves[1], leaves[0])
    right = node(leaves[0], left, leaves[2])
    root = node(left, right, left)
    order = [root, left, leaves[1], leaves[0], right, leaves[2]]
    assert [cid for cid, _ in walk(blocks, [root])] == order
    assert [cid for cid, _ in walk(blocks, [leaves[2], root], seen={left})] == [leaves[2], root, right, leaves[0]]
    with pytest.raises(TooLarge):
        list(walk(blocks, [root], count_max=5))
    with pytest.raises(TooLarge):
        list(walk(blocks, [root], depth_max=2))
    assert len(list(walk(blocks, [root], depth_max=3))) == 6
    with pytest.raises(BlockMissing):
        list(walk(MemoryBlocks(), [root]))


class Liar:
    """A store that answers every question with a node that points at what was asked for."""

    def get(self, cid):
        return dag_cbor.encode([dag_cbor.Link(cid)])


def test_a_cycle_ends():
    with pytest.raises(BadBlock):
        list(walk(Liar(), [cids.of(cids.DAG_CBOR, b"")]))
