"""Lists of elements by position, against Python's."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.mimei.tree import read, sequence
from tests.mimei.memory_blocks import MemoryBlocks

elements = st.lists(st.one_of(st.binary(max_size=12), st.integers(990, 1010).map(lambda size: b"y" * size)), max_size=400)


@settings(deadline=None, max_examples=50)
@given(elements, st.integers(0, 400), st.integers(0, 420), st.integers(0, 420), st.booleans())
def test_elements_are_where_they_were_put(items, split, start, stop, reverse):
    blocks = MemoryBlocks()
    root = sequence.build(blocks, items)
    assert read.count(blocks, root) == len(items)
    found = list(sequence.cut(blocks, root, start, stop, reverse))
    assert found == (items[start:stop][::-1] if reverse else items[start:stop])
    assert sequence.append(blocks, sequence.build(blocks, items[:split]), items[split:]) == root
    if start < len(items):
        assert sequence.get(blocks, root, start) == items[start]
    else:
        with pytest.raises(IndexError):
            sequence.get(blocks, root, start)


def test_long_lists_share_what_is_alike_and_grow_at_their_end_cheaply():
    dice = random.Random(2)
    items = [b"record %d" % dice.randrange(10**9) for _ in range(60_000)]
    blocks = MemoryBlocks()
    root = sequence.build(blocks, items)
    blocks.reset()
    longer = sequence.append(blocks, root, [b"one more"])
    assert blocks.new <= 6 and blocks.gets <= 6
    blocks.reset()
    assert sequence.build(blocks, [*items, b"one more"]) == longer
    assert blocks.new == 0
    sequence.build(blocks, [b"at the front", *items])
    assert blocks.new <= 12
    assert list(sequence.cut(blocks, longer, 59_990)) == [*items[59_990:], b"one more"]
    assert sequence.append(blocks, None, []) == sequence.build(blocks, [])


def test_equal_elements_are_cut_too():
    blocks = MemoryBlocks()
    root = sequence.build(blocks, [b"same"] * 50_000)
    assert read.count(blocks, root) == 50_000
    assert max(map(len, blocks.rows.values())) <= 4000
    assert len(blocks) < 20
