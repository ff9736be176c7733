"""What differs between two trees, against two dictionaries; and what is read for it."""

import random

import pytest

from leither_edge.mimei.errors import BadBlock
from leither_edge.mimei.tree import build, change, diff, node, sequence
from tests.mimei.memory_blocks import MemoryBlocks


def differences(old, new):
    return [(key, old.get(key), new.get(key)) for key in sorted({**old, **new}) if old.get(key) != new.get(key)]


@pytest.mark.parametrize("seed", range(5))
def test_a_diff_is_what_two_dictionaries_say(seed):
    dice = random.Random(seed)
    blocks = MemoryBlocks()
    rows = {dice.randbytes(dice.choice((2, 12))): dice.randbytes(dice.choice((5, 50))) for _ in range(dice.choice((3, 4000)))}
    root = build.build(blocks, sorted(rows.items()))
    for share in (0, 0.002, 0.5, 1):
        changes = {key: dice.choice((None, b"new")) for key in rows if dice.random() < share}
        changes |= {dice.randbytes(3): b"added" for _ in range(dice.choice((0, 1, 300)))}
        other = {key: value for key, value in {**rows, **changes}.items() if value is not None}
        changed = change.apply(blocks, root, sorted(changes.items()))
        assert list(diff.diff(blocks, root, changed)) == differences(rows, other)
        assert list(diff.diff(blocks, changed, root)) == differences(other, rows)
    assert list(diff.diff(blocks, None, root)) == differences({}, rows)
    assert list(diff.diff(blocks, root, None)) == differences(rows, {})


def test_a_small_difference_in_a_large_tree_reads_few_blocks():
    rows = {b"%08d" % (number * 7): b"value" for number in range(60_000)}
    blocks = MemoryBlocks()
    root = build.build(blocks, sorted(rows.items()))
    changed = change.apply(blocks, root, [(b"00000003", b"new"), (b"00210000", None), (b"00419993", b"other")])
    blocks.reset()
    assert [key for key, _, _ in diff.diff(blocks, root, changed)] == [b"00000003", b"00210000", b"00419993"]
    assert blocks.gets < 40


def test_lists_differ_by_position():
    blocks = MemoryBlocks()
    items = [b"%d" % (number * number) for number in range(20_000)]
    root = sequence.build(blocks, items)
    longer = sequence.append(blocks, root, [b"a", b"b"])
    blocks.reset()
    assert list(diff.diff(blocks, root, longer)) == [(20_000, None, b"a"), (20_001, None, b"b")]
    assert blocks.gets < 12
    items[77] = b"other"
    assert list(diff.diff(blocks, root, sequence.build(blocks, items))) == [(77, b"5929", b"other")]
    assert list(diff.diff(blocks, root, None))[:2] == [(0, b"0", None), (1, b"1", None)]
    with pytest.raises(BadBlock):
        list(diff.diff(blocks, root, build.build(blocks, [(b"a", b"b")])))


def test_large_values_are_told_by_their_labels():
    blocks = MemoryBlocks()
    old, new = (build.build(blocks, [(b"k", letter * 5000)]) for letter in (b"a", b"b"))
    ((key, before, after),) = diff.diff(blocks, old, new)
    assert key == b"k" and before.size == after.size == 5000 and before.cid != after.cid
    assert isinstance(before, node.Large)
