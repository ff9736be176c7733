"""Who is asked for what: the whole plan against made-up providers, second by second, without any I/O."""

import random

import pytest

from leither_edge.flow import assignment
from leither_edge.flow.arriving import Arriving
from leither_edge.flow.assignment import GONE, Assignment
from leither_edge.mimei.ipld import cid as cids

KIB = 1 << 10
SIZE = 256 * KIB
STEP_S = 0.05


class Provider:
    """Made up: a rate (bytes/s; a function of time or a number), the labels it has (None: all), a round trip (s)."""

    def __init__(self, rate, has=None, trip_s=0.02):
        self.rate = rate if callable(rate) else lambda now: rate
        self.has, self.trip_s = has, trip_s
        self.queue, self.left = [], 0.0


def simulate(providers, labels, limit_s=600):
    """(seconds, bytes of each provider, bytes twice) until all labels came; the plan is asked every 50 ms."""
    plan, arriving = Assignment(), Arriving()
    sources = [plan.add(bytes([number]), f"node {number}") for number in range(len(providers))]
    for source in sources:
        plan.begin(source, 0.0)
    plan.need(labels)
    came, now = set(), 0.0
    while len(came) < len(labels):
        now += STEP_S
        assert now < limit_s, "it does not come to an end"
        for source, provider in zip(sources, providers, strict=True):
            if source.state == assignment.RESTING and now >= source.until:
                plan.begin(source, now)
            while (entry := plan.take(source, now)) is not None:
                provider.queue.append((now + provider.trip_s, entry, arriving.offset(entry.label), None))
            plan.take_cancels(source)
            _give(plan, arriving, source, provider, now, came)
        for source in plan.check(now):
            provider = providers[sources.index(source)]
            for _, _, _, block in provider.queue:
                if block is not None:
                    arriving.cut(block)
            provider.queue.clear()
            plan.lost(source, now)
    return now, [source.given for source in sources], arriving.dropped_bytes


def _give(plan, arriving, source, provider, now, came):
    room = provider.rate(now) * STEP_S
    while provider.queue and provider.queue[0][0] <= now:
        begins, entry, offset, block = provider.queue[0]
        if not entry.is_live and block is None:
            provider.queue.pop(0)
            plan.answered(entry)
            continue
        if provider.has is not None and entry.label not in provider.has:
            provider.queue.pop(0)
            plan.answered(entry)
            plan.missing(entry)
            continue
        if block is None:
            block = arriving.begin(entry.label, SIZE, offset)
            assert block is not None
            block.add(source.key, 0)
            provider.queue[0] = begins, entry, offset, block
        count = int(min(room, SIZE - block.filled))
        if not count:
            return
        room -= count
        block.add(source.key, count)
        plan.heard(source, count, now)
        plan.sized(entry, SIZE - block.filled)
        if not block.is_whole:
            return
        provider.queue.pop(0)
        plan.answered(entry)
        if entry.is_live:
            came.add(entry.label)
            plan.good(entry.label, source, SIZE)


def made(count):
    return [cids.of(cids.RAW, b"%d" % number) for number in range(count)]


@pytest.mark.parametrize("rates", [(1000, 1000), (2000, 500, 100), (4000, 4000, 4000, 10)])
def test_all_of_the_lines_are_used(rates):
    labels = made(200)
    seconds, given, twice = simulate([Provider(rate * KIB) for rate in rates], labels)
    best_s = len(labels) * SIZE / (sum(rates) * KIB)
    assert seconds < best_s * 1.3 + 2
    assert twice <= 0.02 * len(labels) * SIZE
    assert sum(given) == len(labels) * SIZE


def test_a_long_way_is_filled():
    seconds, _, _ = simulate([Provider(4000 * KIB, trip_s=0.5)], made(200))
    assert seconds < 200 * SIZE / (4000 * KIB) * 1.4 + 3


def test_one_that_stops_and_goes_on_is_taken_again():
    stopping = Provider(lambda now: 0 if 3 < now < 20 else 2000 * KIB)
    seconds, given, _ = simulate([stopping, Provider(500 * KIB)], made(200))
    assert seconds < 50 and given[0] > 2 * given[1] / 2


def test_each_is_asked_for_what_it_has():
    labels = made(60)
    providers = [Provider(1000 * KIB, set(labels[::2])), Provider(1000 * KIB, set(labels[1::2]))]
    seconds, given, twice = simulate(providers, labels)
    assert seconds < 15 and given[0] == given[1] and not twice


def test_what_nobody_has_is_known():
    plan, labels = Assignment(), made(3)
    source = plan.add(b"a", "a")
    plan.begin(source, 0.0)
    plan.need(labels)
    for _ in labels:
        entry = plan.take(source, 0.0)
        plan.answered(entry)
        plan.missing(entry)
    assert plan.take(source, 0.0) is None and plan.nobody_has() in labels
    other = plan.add(b"b", "b")
    assert plan.nobody_has() is None
    plan.lost(other, 0.0, is_gone=True)
    assert other.state == GONE and plan.nobody_has() in labels


@pytest.mark.parametrize("seed", range(4))
def test_any_set_of_providers_comes_to_an_end(seed):
    chance = random.Random(seed)
    labels = made(80)

    def provider():
        rate, pauses = chance.choice((20, 300, 3000)) * KIB, [chance.uniform(0, 60) for _ in range(3)]
        part = set(chance.sample(labels, 60)) if chance.random() < 0.5 else None
        return Provider(lambda now: 0 if any(0 < now - pause < 8 for pause in pauses) else rate, part, chance.choice((0.01, 0.3)))

    _, given, twice = simulate([provider() for _ in range(5)] + [Provider(200 * KIB)], labels)
    assert sum(given) == len(labels) * SIZE and twice <= 0.05 * len(labels) * SIZE
