import pytest
import trio
import trio.testing

from leither_edge.dht import DhtError
from leither_edge.names.cache import FRESH_MIN_S
from leither_edge.names.errors import ResolveError
from leither_edge.names.resolver import LOOKUP_MAX_S, PATIENCE_S, STALE_PATIENCE_S, Resolver
from leither_edge.observe.counters import Counters
from tests.names.fakes import FakeDht, key_pair, record, signed

PAIR = key_pair()
KEY = PAIR.public_key


def item(ttl=300, sequence=1):
    return signed(PAIR, [record(KEY, "", "A", b"abcd", ttl)], sequence)


def on_mock_time(test):
    """Run a test with (dht, resolver, counters) where sleeping takes no time."""

    def run():
        async def main():
            dht, counters = FakeDht(item()), Counters()
            async with trio.open_nursery() as nursery:
                await test(dht, Resolver(dht, nursery, counters, lookups_max=2), counters)
                nursery.cancel_scope.cancel()

        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))

    run.__name__ = test.__name__
    return run


@on_mock_time
async def test_asked_once_and_then_known(dht, resolver, counters):
    assert (await resolver.resolve(KEY)).item == item()
    await trio.sleep(299)
    assert (await resolver.resolve(KEY)).item == item()
    assert dht.asked == [KEY]
    await trio.sleep(1)
    await resolver.resolve(KEY)
    assert dht.asked == [KEY, KEY]
    assert counters.get("names_resolved", result="fresh") == 3


@on_mock_time
async def test_all_who_ask_at_once_share_one_search(dht, resolver, counters):
    dht.delay_s = 2
    found = []

    async def ask():
        found.append((await resolver.resolve(KEY)).item)

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(ask)
    assert found == [item()] * 20 and dht.asked == [KEY]


@on_mock_time
async def test_absent_and_unreachable_are_told_apart(dht, resolver, counters):
    other = key_pair(2).public_key
    entry = await resolver.resolve(other)
    assert entry.item is None and entry.is_known
    dht.answered = 0
    with pytest.raises(ResolveError) as refused:
        await resolver.resolve(key_pair(3).public_key)
    assert refused.value.code == "network"
    dht.failure = DhtError("no-contacts", "Nobody is there.")
    with pytest.raises(ResolveError):
        await resolver.resolve(key_pair(4).public_key)
    before = len(dht.asked)
    with pytest.raises(ResolveError):
        await resolver.resolve(key_pair(4).public_key)
    assert len(dht.asked) == before, "what has just failed is not tried for everyone"


@on_mock_time
async def test_stale_is_better_than_nothing(dht, resolver, counters):
    await resolver.resolve(KEY)
    await trio.sleep(1000)
    dht.delay_s = 10
    begun = trio.current_time()
    entry = await resolver.resolve(KEY)
    assert entry.item == item() and not entry.is_fresh(trio.current_time())
    assert trio.current_time() - begun == pytest.approx(STALE_PATIENCE_S)
    dht.items[KEY] = item(sequence=2)
    await trio.sleep(10)
    assert (await resolver.resolve(KEY)).item.seq == 2, "the search went on by itself"
    await trio.sleep(1000)
    dht.failure = DhtError("no-contacts", "Nobody is there.")
    dht.delay_s = 0
    assert (await resolver.resolve(KEY)).item.seq == 2


@on_mock_time
async def test_nobody_waits_for_ever(dht, resolver, counters):
    dht.delay_s = 1000
    begun = trio.current_time()
    with pytest.raises(ResolveError) as refused:
        await resolver.resolve(KEY)
    assert refused.value.code == "time-out" and trio.current_time() - begun == pytest.approx(PATIENCE_S)
    await trio.sleep(LOOKUP_MAX_S)
    assert not resolver._running


@on_mock_time
async def test_searches_are_bounded(dht, resolver, counters):
    dht.delay_s = 2
    results = []

    async def ask(number):
        try:
            results.append((await resolver.resolve(key_pair(number).public_key)).is_known)
        except ResolveError as error:
            results.append(error.code)

    async with trio.open_nursery() as nursery:
        for number in range(1, 6):
            nursery.start_soon(ask, number)
    assert results.count("busy") == 3 and len(dht.asked) == 2


@on_mock_time
async def test_an_old_packet_replayed(dht, resolver, counters):
    dht.items[KEY] = item(FRESH_MIN_S, sequence=7)
    await resolver.resolve(KEY)
    await trio.sleep(FRESH_MIN_S)
    dht.items[KEY] = item(FRESH_MIN_S, sequence=3)
    assert (await resolver.resolve(KEY)).item.seq == 7


@on_mock_time
async def test_what_is_no_packet_counts_as_absent(dht, resolver, counters):
    dht.items[KEY] = item()._replace(value=b"4:junk")
    assert (await resolver.resolve(KEY)).item is None
    assert counters.get("names_unreadable", reason="dns") == 1


@on_mock_time
async def test_the_own_key_is_known_without_the_network(dht, resolver, counters):
    dht.failure = DhtError("no-contacts", "Nobody is there.")
    own = signed(key_pair(9), [])
    resolver.keep_own(own)
    assert (await resolver.resolve(own.key)).item == own and not dht.asked


@on_mock_time
async def test_a_search_that_is_cancelled_leaves_nothing_behind(dht, resolver, counters):
    dht.delay_s = 3
    with trio.move_on_after(1):
        await resolver.resolve(KEY)
    assert (await resolver.resolve(KEY)).item == item() and dht.asked == [KEY]
