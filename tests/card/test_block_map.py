"""Block maps as bmap-tools writes them, and what passes for one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.card.block_map import BLOCK_MAP_MAX_BYTES, BlockMapError, Range, parse_block_map
from tests.card.images import block_map, sealed

IMAGE = bytes(range(256)) * 128  # 8 blocks
MAP = block_map(IMAGE, [(0, 1), (3, 3), (7, 7)])


def test_a_map():
    found = parse_block_map(MAP)
    assert found.image_size == len(IMAGE)
    assert [(r.start, r.end) for r in found.ranges] == [(0, 8192), (12288, 16384), (28672, 32768)]
    assert all(len(r.digest) == 64 for r in found.ranges)
    bare = parse_block_map(block_map(IMAGE + b"tail", [(8, 8)], digests=False))
    assert bare.ranges == (Range(32768, 32772, None),)
    assert parse_block_map(block_map(IMAGE, [])).ranges == ()


def changed(old, new):
    text = block_map(IMAGE, [(0, 1), (3, 3)]).decode()
    own = text.split("<BmapFileChecksum> ")[1][:64]
    assert old in text
    return sealed(text.replace(own, "0" * 64).replace(old, new, 1))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "XML is broken"),
        (b"<bmap", "XML is broken"),
        (b"\xff\xfe\x00", "XML is broken"),
        (b'<?xml version="1.0" encoding="klingon"?><bmap/>', "XML is broken"),
        (b"<other/>", "no block map"),
        (b"<bmap><a><b><c/></b></a></bmap>", "no block map"),
        (b'<!DOCTYPE bmap [<!ENTITY a "aaaa">]><bmap>&a;</bmap>', "document type"),
        (b" " * (BLOCK_MAP_MAX_BYTES + 1), "more than"),
        (MAP.replace(b"3 </Range>", b"4 </Range>"), "own checksum"),
        (changed('version="2.0"', 'version="1.3"'), "version 2"),
        (changed("sha256", "sha1"), "not sha256"),
        (changed("<ImageSize> 32768", "<ImageSize> 32769"), "do not fit"),
        (changed("<ImageSize> 32768", "<ImageSize> much"), "ImageSize"),
        (changed("<BlockSize> 4096", "<BlockSize> 0"), "do not fit"),
        (changed(" 0-1 ", " 0-8 "), "outside"),
        (changed(" 0-1 ", " 0-3 "), "in order"),
        (changed(" 0-1 ", " 1-0 "), "in order"),
        (changed(" 0-1 ", " all "), "in order"),
        (changed("MappedBlocksCount> 3", "MappedBlocksCount> 4"), "lacks"),
        (changed('chksum="', 'chksum="X'), "is none"),
        (changed("<BlockMap>", "<ImageSize> 5 </ImageSize><BlockMap>"), "twice"),
        (changed("BmapFileChecksum", "BmapFileChecksam").replace(b"/BmapFileChecksum", b"/BmapFileChecksam"), "no checksum of itself"),
    ],
)
def test_what_is_no_map(data, sentence):
    with pytest.raises(BlockMapError, match=sentence):
        parse_block_map(data)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_junk(data):
    junk = bytearray(MAP)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(junk)))
        junk[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=12))
    try:
        parse_block_map(bytes(junk))
    except BlockMapError as error:
        assert len(str(error)) < 200
