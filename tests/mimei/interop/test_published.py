"""The labels that IPIP-499 publishes."""

import pytest

from leither_edge.mimei.files import build
from leither_edge.mimei.files.directory import directory_of
from leither_edge.mimei.ipld import cid as cids
from tests.mimei.memory_blocks import MemoryBlocks

from .inputs import FAN_OUT, drawn
from .published import EMPTY_FOLDERS, FILES, FOLDERS, names


class Nowhere:
    """A store that keeps nothing, for labels alone."""

    def put(self, cid, data):
        pass


@pytest.mark.parametrize(
    "profile, size, seed, label",
    [pytest.param(*row, id=row[3], marks=pytest.mark.slow if row[1] > 2 * FAN_OUT else ()) for row in FILES],
)
def test_files(profile, size, seed, label):
    pieces = [b"hello world"] if seed is None else drawn(seed, size)
    assert cids.to_text(build.build(Nowhere(), profile, pieces)[0]) == label


@pytest.mark.parametrize("profile, count, size, last_size, label", FOLDERS, ids=[row[-1] for row in FOLDERS])
def test_folders(profile, count, size, last_size, label):
    blocks = MemoryBlocks()
    cid, _, total = build.build(blocks, profile, [b"x"])
    rows = [(name.encode(), cid, total) for name in names(profile, count, size, last_size)]
    assert cids.to_text(directory_of(blocks, profile, rows)[0]) == label


@pytest.mark.parametrize("profile, label", EMPTY_FOLDERS, ids=["v0", "v1"])
def test_empty_folders(profile, label):
    assert cids.to_text(directory_of(MemoryBlocks(), profile, [])[0]) == label
