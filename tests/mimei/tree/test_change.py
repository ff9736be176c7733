"""A changed tree against one built afresh from the same rows, and what a change costs."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.mimei.errors import TooLarge
from leither_edge.mimei.tree import boundaries, build, change, node, read
from tests.mimei.memory_blocks import MemoryBlocks

# Few different keys meet often; the long values are over the bound of what stays in a leaf.
keys = st.integers(0, 400).map(lambda number: b"%03d" % number * (1 + number % 7 * 8))
values = st.one_of(st.binary(max_size=90), st.integers(900, 1100).map(lambda size: b"x" * size))


def built(rows):
    blocks = MemoryBlocks()
    return blocks, build.build(blocks, sorted(rows.items()))


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(keys, values, max_size=300), st.lists(st.dictionaries(keys, st.none() | values, max_size=60), max_size=4))
def test_the_order_of_writes_never_changes_the_root(rows, rounds):
    blocks, root = built(rows)
    for changes in rounds:
        root = change.apply(blocks, root, sorted(changes.items()))
        rows = {key: value for key, value in {**rows, **changes}.items() if value is not None}
        assert root == built(rows)[1]
        assert list(read.scan(blocks, root)) == sorted(rows.items())
        assert read.count(blocks, root) == len(rows)


@pytest.mark.parametrize("seed", range(3))
def test_large_trees_grow_shrink_and_move_like_fresh_ones(seed):
    dice = random.Random(seed)
    rows = {dice.randbytes(dice.choice((4, 20, 200))): dice.randbytes(dice.choice((0, 8, 60, 900))) for _ in range(3000)}
    blocks, root = built(rows)
    for _ in range(6):
        share = dice.choice((0.001, 0.3, 0.9))
        changes = {key: dice.choice((None, b"new", b"n" * 950)) for key in rows if dice.random() < share}
        changes |= {dice.randbytes(6): b"added" for _ in range(dice.choice((0, 1, 500)))}
        first = dice.choice((b"", b"\x80"))
        changes = {key: value for key, value in changes.items() if key >= first}
        root = change.apply(blocks, root, sorted(changes.items()))
        rows = {key: value for key, value in {**rows, **changes}.items() if value is not None}
        assert root == built(rows)[1]
    assert change.apply(blocks, root, ((key, None) for key in sorted(rows))) == built({})[1]
    # What stays is the short end of a tall tree.
    last = max(rows)
    assert change.apply(blocks, root, ((key, None) for key in sorted(rows) if key != last)) == built({last: rows[last]})[1]


def test_an_empty_tree_is_one_block_and_no_change_is_none():
    blocks, root = built({})
    assert blocks.new == 1
    assert change.apply(blocks, None, []) == root
    assert change.apply(blocks, root, [(b"absent", None)]) == root
    assert change.apply(blocks, None, [(b"a", b"1")]) == change.apply(blocks, root, [(b"a", b"1")]) == built({b"a": b"1"})[1]


@pytest.fixture(scope="module")
def hundred_thousand():
    rows = {b"user:%06d" % number: b"value %d" % number for number in range(100_000)}
    return rows, *built(rows)


def test_one_change_of_100_000_rows_writes_few_small_blocks(hundred_thousand):
    rows, blocks, root = hundred_thousand
    dice = random.Random(5)
    most, bytes_most = 0, 0
    for number in range(150):
        key = b"user:%06d" % dice.randrange(100_000)
        changed = [(key, b"other"), (key, None), (key + b"+", b"new one")][number % 3]
        blocks.reset()
        change.apply(blocks, root, [changed])
        most, bytes_most = max(most, blocks.new), max(bytes_most, blocks.new_bytes)
        assert blocks.gets < 20
    assert most <= 12
    assert bytes_most <= 1 << 16


def test_nodes_are_two_kib_on_average_and_fit_a_page(hundred_thousand):
    sizes = [len(data) for data in hundred_thousand[1].rows.values()]
    assert max(sizes) <= boundaries.NODE_MAX
    assert 1600 < sum(sizes) / len(sizes) < 2400


def test_no_entry_makes_a_node_too_large():
    dice = random.Random(1)
    for rows in (
        {dice.randbytes(511): b"" for _ in range(300)},
        {dice.randbytes(511): b"v" * 489 for _ in range(300)},
        {dice.randbytes(2): b"v" * 998 for _ in range(300)},
        {dice.randbytes(511): node.Reference(bytes(256), build.build(MemoryBlocks(), [])) for _ in range(300)},
    ):
        blocks, root = built(rows)
        assert max(map(len, blocks.rows.values())) <= boundaries.NODE_MAX
        assert dict(read.scan(blocks, root)) == rows


def test_what_is_out_of_order_or_too_large_is_refused():
    blocks = MemoryBlocks()
    for rows in ([(b"b", b""), (b"a", b"")], [(b"a", b""), (b"a", b"")]):
        with pytest.raises(ValueError, match="rising"):
            build.build(blocks, rows)
        with pytest.raises(ValueError, match="rising"):
            change.apply(blocks, None, rows)
    with pytest.raises(TooLarge):
        build.build(blocks, [(bytes(512), b"")])
    with pytest.raises(TooLarge):
        build.build(blocks, [(b"a", node.Reference(bytes(257), bytes(36)))])
