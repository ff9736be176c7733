"""Pending changes beside a dictionary, the age of what waits included."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.ledger.overlay import Overlay
from tests.ledger import twins

STEPS = st.lists(st.sampled_from(("put", "put", "put", "put back", "clear", "resize")), max_size=30)


def leaf(account, pulse, amount):
    return pulse.to_bytes(8, "big") + amount.to_bytes(8, "big") + account


def bucket_of(account, levels):
    return int.from_bytes(account, "big") >> (160 - levels)


def assert_like(overlay, known, waiting, choose, ids):
    assert overlay.count == len(known)
    records = sorted((account, *record) for account, record in known.items())
    for account in ids:
        assert overlay.get(account) == known.get(account)
    start, end = sorted((choose.choice(ids), choose.choice(ids)))
    assert overlay.between(start, end) == [record for record in records if start <= record[0] < end]
    assert overlay.between(start, None) == [record for record in records if start <= record[0]]
    buckets = {}
    for account, pulse, amount in records:
        buckets.setdefault(bucket_of(account, overlay.levels), []).append(leaf(account, pulse, amount))
    assert overlay.buckets() == list(buckets)
    for bucket in range(1 << overlay.levels):
        assert overlay.run(bucket) == b"".join(buckets.get(bucket, []))
    asked = choose.choice(ids)
    round_the_end = [account for account, _, _ in records if account >= asked] + [account for account, _, _ in records]
    assert overlay.next_account(asked) == (round_the_end[0] if round_the_end else None)
    # Whoever starts reads from there: older than what waits is only less good, younger would lose it.
    needed = min((waiting[account] for account in known if waiting[account]), default=None)
    assert needed is None or overlay.oldest() is not None and overlay.oldest() <= needed


@twins.BOTH
def test_beside_a_dictionary(loops, monkeypatch):
    twins.use(loops, monkeypatch)

    @settings(max_examples=150)
    @given(STEPS, st.integers(0, 2**64 - 1))
    def run(steps, seed):
        choose = random.Random(seed)
        ids = sorted(bytes((choose.randrange(256), choose.choice((0, 255)))) + choose.randbytes(18) for _ in range(25))
        overlay = Overlay(choose.randrange(1, 9))
        # waiting: the pulse since which a start needs the log for an account; 0 where what is put back is what the base has.
        known, waiting, pulse = {}, {}, 1
        for step in steps:
            pulse += 1
            if step in ("put", "put back"):
                changes = {}
                for account in sorted(choose.sample(ids, choose.randrange(1, 9))):
                    amount = choose.choice((0, 1, (1 << 56) - 1))
                    changes.setdefault(bucket_of(account, overlay.levels), []).append(leaf(account, pulse, amount))
                    if step == "put":
                        known[account] = pulse, amount
                        waiting[account] = pulse
                before = {account: overlay.get(account) for account in ids}
                for bucket, leaves in changes.items():
                    overlay.put(bucket, b"".join(leaves), pulse)
                if step == "put back":
                    for account in [run[16:] for leaves in changes.values() for run in leaves]:
                        then = before[account] or (0, 0)
                        overlay.put(bucket_of(account, overlay.levels), leaf(account, *then), pulse)
                        known[account] = then
                        waiting[account] = waiting[account] if before[account] else 0
            elif step == "clear":
                start, end = sorted((choose.choice((bytes(20), *ids)), choose.choice(ids)))
                end = choose.choice((end, None))
                overlay.clear(start, end)
                known = {account: record for account, record in known.items() if account < start or end is not None and account >= end}
            else:
                overlay = overlay.resized(max(overlay.levels + choose.choice((-1, 1, 2)), 1))
            assert_like(overlay, known, waiting, choose, ids)

    run()


def test_an_age_outlives_fewer_buckets():
    overlay = Overlay(2)
    overlay.put(0, leaf(bytes(20), 50, 1), 50)
    overlay.put(1, leaf(b"\x40" + bytes(19), 30, 1), 30)
    assert overlay.resized(1).oldest() == 30


def test_what_was_put_back_hides_no_age():
    overlay, low, high = Overlay(1), bytes(20), b"\x01" + bytes(19)
    overlay.put(0, leaf(low, 0, 0), 7)
    overlay.put(0, leaf(high, 8, 1), 8)
    overlay.clear(b"\x02" + bytes(19), None)
    assert overlay.oldest() is not None and overlay.oldest() <= 8


@pytest.mark.parametrize("levels", [1, 10])
def test_nothing_pending(levels):
    overlay = Overlay(levels)
    assert overlay.next_account(bytes(20)) is None and overlay.oldest() is None and not overlay.buckets() and not overlay.count
    assert overlay.between(bytes(20), None) == [] and overlay.get(bytes(20)) is None and overlay.run(0) == b""
