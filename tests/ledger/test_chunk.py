"""Chunks: what is packed comes back, in pages of bounded size, and bytes that are not a chunk are refused in one way."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.ledger.base import FIRST_KEY, bucket_entry, key_of, pack
from leither_edge.ledger.chunk import (
    GOES_BACK,
    GOES_ON,
    LEVELS_MAX,
    VALUE_BYTES_MAX,
    Chunk,
    ChunkError,
    account_of,
    bucket_of,
    encode,
    lowest,
    pack_rows,
    row_bytes,
)
from tests.ledger.test_tree_hash import made_chunk, spoilt

SEEDS = st.integers(0, 2**64 - 1)
LEVELS = st.integers(1, LEVELS_MAX)
AMOUNTS = (0, 1, (1 << 40) - 2, (1 << 40) - 1, 1 << 40, (1 << 56) - 1)


def made_buckets(choose, levels, most):
    """{number: [(account, pulse, amount), ...]} of up to ``most`` records a bucket, some neighbours, some far apart."""
    numbers = {0, (1 << levels) - 1} if choose.random() < 0.3 else set()
    at = 0
    while len(numbers) < 20 and at < 1 << levels:
        numbers.add(at)
        # Around where a gap takes more than its byte, and anywhere.
        at += 1 + choose.choice((0, 0, 1, 253, 254, 255, 256, choose.randrange(1 << levels)))
    amounts = choose.choice((AMOUNTS[:3], AMOUNTS))
    rest = 160 - levels
    return {
        number: sorted(
            (account, choose.randrange(1 << 32), choose.choice(amounts))
            for account in {(number << rest | choose.randrange(1 << rest)).to_bytes(20, "big") for _ in range(choose.randint(1, most))}
        )
        for number in sorted(numbers)
    }


def assert_reads(chunk, number, records):
    index = chunk.numbers.index(number)
    assert chunk.records(index) == records
    assert chunk.leaves(index) == {
        account: pulse.to_bytes(8, "big") + amount.to_bytes(8, "big") + account for account, pulse, amount in records
    }
    assert chunk.held(index) == sum(amount for _, _, amount in records)
    for account, pulse, amount in records:
        assert chunk.find(account) == (pulse, amount)


@given(SEEDS, LEVELS)
def test_what_is_packed_comes_back(seed, levels):
    choose = random.Random(seed)
    buckets = made_buckets(choose, levels, 5)
    roots = {number: choose.randbytes(20) for number in buckets}
    chunk = Chunk(encode(levels, [(number, roots[number], *pack_rows(records, levels)) for number, records in buckets.items()]))
    assert (chunk.levels, chunk.flags, chunk.numbers) == (levels, 0, list(buckets))
    assert chunk.count() == sum(map(len, buckets.values()))
    assert chunk.is_narrow() == all(amount < (1 << 40) - 1 for records in buckets.values() for _, _, amount in records)
    for index, (number, records) in enumerate(buckets.items()):
        assert_reads(chunk, number, records)
        assert chunk.root(index) == roots[number] and chunk.is_whole(index)
        rows, _ = pack_rows(records, levels)
        assert [account_of(number, levels, rows, place) for place in (0, -1)] == [records[0][0], records[-1][0]]
        assert lowest(number, levels) <= records[0][0] and bucket_of(records[0][0], levels) == number
    known = {account for records in buckets.values() for account, _, _ in records}
    for account in (bytes(20), b"\xff" * 20, choose.randbytes(20), choose.choice(sorted(known))[:19] + b"\0"):
        assert account in known or chunk.find(account) is None


@pytest.mark.parametrize("gap", [0, 1, 254, 255, 256, 65_535, (1 << 28) - 2])
def test_gaps_of_any_width(gap):
    numbers = [0, gap + 1]
    buckets = [(number, bytes(20), *pack_rows([(lowest(number, 28), 1, 2)], 28)) for number in numbers]
    data = encode(28, buckets)
    assert Chunk(data).numbers == numbers
    assert len(data) == 8 + 2 * (22 + row_bytes(28)) + 4 * (gap >= 255)


def test_as_many_records_as_a_chunk_holds():
    for levels in (1, 8, 16, 28):
        most = (VALUE_BYTES_MAX - 8 - 26) // row_bytes(levels)
        assert most < 256
        records = [(number.to_bytes(20, "big"), 1, number) for number in range(most)]
        data = encode(levels, [(0, bytes(20), *pack_rows(records, levels))])
        assert len(data) <= VALUE_BYTES_MAX and Chunk(data).count() == most
        assert Chunk(data).records(0) == records


@settings(max_examples=60)
@given(SEEDS, LEVELS, st.sampled_from((3, 40, 400)), st.booleans(), st.integers(0, 3))
def test_buckets_of_any_size_in_pages(seed, levels, most, even, flags):
    buckets = made_buckets(random.Random(seed), levels, most)
    entries = [bucket_entry(number, b"r" * 20, records, levels) for number, records in buckets.items()]
    found, previous, key = {}, None, None
    goes_on = flags & GOES_BACK
    made = list(pack(levels, entries, even, flags))
    for first, last, data in made:
        chunk = Chunk(data)
        assert len(data) <= VALUE_BYTES_MAX
        assert bool(chunk.flags & GOES_BACK) == bool(goes_on)
        goes_on = chunk.flags & GOES_ON
        for index, number in enumerate(chunk.numbers):
            found.setdefault(number, []).extend(chunk.records(index))
            # A bucket in parts has no root that could be taken for its own.
            assert chunk.root(index) == (b"r" * 20 if chunk.is_whole(index) else bytes(20))
        there = FIRST_KEY if previous is None else key_of(first, previous)
        assert key is None or there > key
        accounts = [account for index in range(len(chunk.numbers)) for account, _, _ in chunk.records(index)]
        # Whoever looks for the last chunk whose key is not above an account comes to the one that has it.
        assert there <= accounts[0] and accounts[-1] == last and (previous is None or there > previous)
        previous, key = last, there
    assert bool(goes_on) == bool(flags & GOES_ON)
    assert found == buckets
    size = sum(22 + 4 + len(rows) + len(wide) for _, _, rows, wide in entries)
    # Where a bucket with some wide amounts is cut, room is left as if all were wide.
    assert len(made) <= 2 + 1.3 * size / (VALUE_BYTES_MAX - 150)


def assert_refused_or_bounded(data):
    try:
        chunk = Chunk(data)
    except ChunkError as error:
        assert str(error)
        return
    assert chunk.count() * row_bytes(chunk.levels) <= len(data)
    for index, number in enumerate(chunk.numbers):
        records = chunk.records(index)
        assert len(records) == len(chunk.leaves(index)) or len({account for account, _, _ in records}) < len(records)
        assert chunk.held(index) >= 0 and len(chunk.root(index)) == 20
        chunk.find(lowest(number, chunk.levels))
        chunk.find(records[0][0])


@settings(max_examples=300)
@given(SEEDS, st.binary(max_size=200))
def test_what_is_not_a_chunk_is_refused(seed, data):
    choose = random.Random(seed)
    _, good = made_chunk(choose)
    assert_refused_or_bounded(data)
    for bad in (spoilt(choose, good), good + data, good[:8] + data):
        assert_refused_or_bounded(bad)
    at = choose.randrange(min(len(good), 60))
    assert_refused_or_bounded(good[:at] + bytes((choose.randrange(256),)) + good[at + 1 :])


@given(SEEDS)
def test_a_chunk_cut_short_is_refused(seed):
    choose = random.Random(seed)
    levels = choose.choice((1, 8, 20))
    buckets = made_buckets(choose, levels, 4)
    good = encode(levels, [(number, bytes(20), *pack_rows(records, levels)) for number, records in buckets.items()])
    for size in {choose.randrange(len(good)) for _ in range(20)} | {0, 7, 8, len(good) - 1, len(good) - 7}:
        with pytest.raises(ChunkError):
            Chunk(good[:size])
