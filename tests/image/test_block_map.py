"""The block map: what is left out, and that the map tells of exactly the bytes that matter."""

import hashlib
import struct
import xml.etree.ElementTree as tree
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image import layout
from image.report import block_map
from image.report.source import ReportError

LIMITS = SimpleNamespace(settings_mib=1, boot_mib=1, slot_mib=2, state_mib=1, data_min_mib=1)


@pytest.fixture
def card(tmp_path):
    """A small card with a squashfs of 5,000 bytes in slot A."""
    path = tmp_path / "sdcard.img"
    where = {name: first for name, first, _ in layout.partitions(LIMITS)}
    with path.open("wb") as file:
        file.truncate(layout.image_bytes(LIMITS))
        file.write(b"MBR")
        file.seek(where["p5"])
        file.write(b"hsqs" + bytes(36) + struct.pack("<Q", 5000) + bytes(4900) + b"end")
    return path


def ranges(text):
    return [tuple(map(int, one.text.split("-"))) for one in tree.fromstring(text).iter("Range")]


def test_only_unread_blocks_are_left_out(card):
    text = block_map.block_map(card, LIMITS)
    where = {name: (first, size) for name, first, size in layout.partitions(LIMITS)}
    found = ranges(text)
    block = block_map.BLOCK_BYTES
    assert found[0] == (0, where["p5"][0] // block + 1)
    # The table of p6 lies before it and is written.
    assert found[1] == ((where["p5"][0] + where["p5"][1]) // block, where["p6"][0] // block - 1)
    assert found[2] == ((where["p6"][0] + where["p6"][1]) // block, layout.image_bytes(LIMITS) // block - 1)
    assert len(found) == 3


def test_sums_are_those_of_the_bytes(card):
    root = tree.fromstring(block_map.block_map(card, LIMITS))
    data = card.read_bytes()
    for one in root.iter("Range"):
        first, last = map(int, one.text.split("-"))
        assert one.get("chksum") == hashlib.sha256(data[first * 4096 : (last + 1) * 4096]).hexdigest()
    assert int(root.find("ImageSize").text) == len(data) and root.get("version") == "2.0"
    assert int(root.find("MappedBlocksCount").text) < int(root.find("BlocksCount").text) == len(data) // 4096


def test_the_map_has_its_own_sum(card):
    text = block_map.block_map(card, LIMITS)
    own = tree.fromstring(text).find("BmapFileChecksum").text.strip()
    assert hashlib.sha256(text.replace(own, "0" * 64).encode()).hexdigest() == own


def test_a_slot_without_squashfs_is_written_whole(card):
    with card.open("r+b") as file:
        file.seek(next(first for name, first, _ in layout.partitions(LIMITS) if name == "p5"))
        file.write(b"none")
    assert len(ranges(block_map.block_map(card, LIMITS))) == 2


def test_a_card_of_another_profile(card, tmp_path):
    with card.open("r+b") as file:
        file.truncate(1 << 20)
    with pytest.raises(ReportError, match="build it again"):
        block_map.block_map(card, LIMITS)
    with pytest.raises(ReportError, match="cannot be read"):
        block_map.block_map(tmp_path / "none", LIMITS)


@given(st.integers(1, 1 << 20), st.lists(st.integers(0, 1 << 20), max_size=8).map(sorted))
def test_no_byte_outside_the_skipped_ranges_is_lost(size, edges):
    skipped = list(zip(edges[::2], edges[1::2], strict=False))
    rows = block_map.mapped(size, skipped)
    assert all(first <= last for first, last in rows) and all(a[1] < b[0] for a, b in zip(rows, rows[1:], strict=False))
    covered = {block for first, last in rows for block in range(first, last + 1)}
    for block in range(-(-size // block_map.BLOCK_BYTES)):
        begin, end = block * block_map.BLOCK_BYTES, (block + 1) * block_map.BLOCK_BYTES
        inside = any(first <= begin and end <= last for first, last in skipped)
        assert block in covered or inside or _joined(skipped, begin, end)


def _joined(skipped, begin, end):
    return all(any(first <= byte < last for first, last in skipped) for byte in range(begin, end, 64))
