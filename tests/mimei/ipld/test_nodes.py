"""dag-pb, UnixFS and DAG-CBOR: what is written reads back, and what nobody sound writes is refused."""

import random

import pytest

from leither_edge.mimei.errors import BadBlock, BadInput, TooLarge
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_cbor, dag_pb, unixfs
from leither_edge.mimei.ipld.links import links

RAW = cids.of(cids.RAW, b"x")
V0 = cids.v0_of(b"y")


def test_nodes_read_back():
    for data in (None, b"", b"abc"):
        for some in ([], [dag_pb.Link(RAW, b"", 0)], [dag_pb.Link(V0, None, None), dag_pb.Link(RAW, b"name" * 60, 1 << 40)]):
            block = dag_pb.encode(some, data)
            assert dag_pb.decode(block) == (data, some)
            assert links(cids.of(cids.DAG_PB, block), block) == [link.cid for link in some]
            assert len(block) == sum(dag_pb.link_bytes(*link) for link in some) + (0 if data is None else 2 + len(data))


def test_data_before_links_is_read_too():
    link = dag_pb.encode([(RAW, b"a", 1)])
    assert dag_pb.decode(b"\x0a\x01d" + link) == dag_pb.decode(link + b"\x0a\x01d")


LINK = dag_pb.encode([(RAW, b"a", 1)])


@pytest.mark.parametrize(
    "block",
    [
        b"\x0a", b"\x0a\x05abc", b"\x0a\0\x0a\0", LINK + b"\x0a\0" + LINK, b"\x12\0", b"\x12\x02\x12\0", b"\x1a\0", b"\x08\x01",
        b"\x12\x03\x0a\x01a", LINK[:-2], LINK[:1] + bytes((LINK[1] + 2,)) + LINK[2:] + b"\x18\x01",
        LINK[:1] + bytes((LINK[1] + 3,)) + LINK[2:] + b"\x12\x01b",
        b"\x12\x27\x0a\x25" + RAW + b"x",
    ],
)  # fmt: skip
def test_what_is_no_node(block):
    with pytest.raises(BadBlock):
        dag_pb.decode(block)


def test_a_node_over_the_bound():
    with pytest.raises(TooLarge):
        dag_pb.decode(bytes(cids.BLOCK_MAX + 1))


@pytest.mark.parametrize("seconds", [0, 5, -1, -(1 << 63), (1 << 63) - 1])
@pytest.mark.parametrize("nanoseconds", [None, 0, 999999999])
def test_what_a_file_says_reads_back(seconds, nanoseconds):
    node = unixfs.Node(unixfs.FILE, b"x", 6, [2, 3], mode=0o644, mtime=(seconds, nanoseconds))
    assert unixfs.decode(unixfs.encode(node)) == node


def test_sizes_in_one_piece_are_read_too():
    assert unixfs.decode(b"\x08\x02\x18\x05\x22\x02\x02\x03").block_sizes == [2, 3]


@pytest.mark.parametrize(
    "data",
    [
        None, b"", b"\x08", b"\x08\x06", b"\x18\x05", b"\x08\x02\x08\x02", b"\x08\x02\x12\x05a", b"\x08\x02\x12\0\x12\0",
        b"\x08\x02\x4a\0",
        b"\x08\x02\x42\0", b"\x08\x02\x42\x02\x08\x80", b"\x08\x02\x42\x07\x08\x01\x15\0\xca\x9a\x3b", b"\x08\x02\x42\x03\x08\x01\x15",
        b"\x08\x02\x42\x0c\x08" + b"\xff" * 10 + b"\x01", b"\x08\x02\x42\x02\x08\x01\x42\x02\x08\x01", b"\x08\x02\x22\x02\x80\x80",
    ],
)  # fmt: skip
def test_what_says_nothing_sound(data):
    with pytest.raises(BadBlock):
        unixfs.decode(data)


def a_value(chance, depth=4):
    kind = chance.randrange(10 if depth else 8)
    if kind < 3:
        return chance.choice((None, True, False, 0, 23, 24, 255, 256, 65535, 65536, 1 << 32, (1 << 64) - 1, -1, -24, -25, -(1 << 64)))
    if kind == 3:
        return chance.randbytes(chance.choice((0, 3, 23, 24, 300)))
    if kind == 4:
        return "".join(chance.choice("aü世\0") for _ in range(chance.randrange(30)))
    if kind == 5:
        return dag_cbor.Link(chance.choice((RAW, V0)))
    if kind == 6:
        return chance.choice((0.0, -0.0, 1.5, 1e300, 5e-324))
    if kind == 7:
        return []
    if kind == 8:
        return [a_value(chance, depth - 1) for _ in range(chance.randrange(5))]
    return {"k" * chance.randrange(30) + str(number): a_value(chance, depth - 1) for number in range(chance.randrange(5))}


def test_values_read_back_and_links_are_found():
    chance = random.Random(2)
    for _ in range(400):
        value = a_value(chance)
        data = dag_cbor.encode(value)
        assert dag_cbor.decode(data) == value and dag_cbor.encode(dag_cbor.decode(data)) == data
        assert dag_cbor.links(data) == [link.cid for link in _links_of(value)]


def _links_of(value):
    if isinstance(value, dag_cbor.Link):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _links_of(item)
    elif isinstance(value, dict):
        for key in sorted(value, key=lambda key: (len(key.encode()), key.encode())):
            yield from _links_of(value[key])


def test_known_bytes():
    data = dag_cbor.encode({"bb": 1, "a": [1.5, dag_cbor.Link(RAW)]})
    assert data.hex() == "a2616182fb3ff8000000000000d82a582500" + RAW.hex() + "62626201"


@pytest.mark.parametrize(
    "text",
    [
        "", "18", "1817", "190017", "1a00000017", "1b0000000000000017", "f7", "f0", "f93c00", "fa3fc00000", "fb7ff0000000000000",
        "fb7ff8000000000000", "fb00", "5f4100ff", "9fff", "bfff", "ff", "1c", "c000", "d82a00", "d82a4100", "d82a40",
        "d82a430001", "d82b4100", "42", "62c328",
        "a10000", "a1416101", "a2616101616102", "a2626161016161 02", "a2616201616101", "81", "9bffffffffffffffff",
        "bbffffffffffffffff", "0000", "61",
        "d82a582500" + RAW.hex() + "00", "d82a582600" + RAW.hex() + "00", "f800", "f814", "d8185801ff",
    ],
)  # fmt: skip
def test_what_is_not_strict(text):
    with pytest.raises(BadBlock):
        dag_cbor.decode(bytes.fromhex(text))


def test_dag_cbor_is_bounded_in_values():
    # A block of two megabytes of empty lists would be more than a hundred in memory.
    for data in (b"\x9a\x00\x1f\xff\xfb" + b"\x80" * 0x1FFFFB, b"\x84" + (b"\x99\xff\xff" + b"\xf6" * 0xFFFF) * 3 + b"\xf6"):
        with pytest.raises(TooLarge, match="holds more"):
            dag_cbor.decode(data)
    most = [None] * dag_cbor.ITEMS_MAX
    assert dag_cbor.decode(dag_cbor.encode(most)) == most
    for value in ([most], {"a": most}, [*most, 1]):
        with pytest.raises(TooLarge, match="holds more"):
            dag_cbor.encode(value)


def test_what_cannot_be_kept():
    for value in (1 << 64, -(1 << 64) - 1, float("nan"), float("inf"), "\ud800", {1: 2}, {"a": object()}, {b"a": 1}):
        with pytest.raises(BadInput):
            dag_cbor.encode(value)
    deep = None
    for _ in range(dag_cbor.DEPTH_MAX + 1):
        deep = [deep]
    with pytest.raises(TooLarge):
        dag_cbor.encode(deep)
    for data in (b"\x81" * 5000 + b"\xf6", b"\x81" * (dag_cbor.DEPTH_MAX + 1) + b"\xf6"):
        with pytest.raises(TooLarge):
            dag_cbor.decode(data)
        assert dag_cbor.links(data) == []


def test_links_by_codec():
    assert links(RAW, b"x") == []
    with pytest.raises(BadBlock):
        links(b"\x01\xa9\x02\x12\x20" + bytes(32), b"{}")
