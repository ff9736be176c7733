import pytest

from leither_edge.names.cache import ABSENT_S, FAILED_S, FRESH_MAX_S, FRESH_MIN_S, STALE_MAX_S, STALE_TTL_S, Cache
from leither_edge.names.errors import PacketError
from tests.names.fakes import key_pair, record, signed

PAIR = key_pair()
KEY = PAIR.public_key


def item(ttl=300, sequence=1, data=b"abcd"):
    return signed(PAIR, [record(KEY, "", "A", data, ttl)], sequence)


def test_fresh_for_as_long_as_the_records_say():
    cache = Cache()
    cache.learned(KEY, item(300), 1000.0)
    entry = cache.get(KEY, 1299.0)
    assert entry.is_fresh(1299.0) and not entry.may_ask(1299.0)
    assert [r.ttl for r in entry.records(1100.0)] == [200]
    assert not entry.is_fresh(1300.0) and entry.may_ask(1300.0)
    assert [r.ttl for r in entry.records(1300.0)] == [STALE_TTL_S]
    assert cache.get(KEY, 1299.0 + STALE_MAX_S) is entry
    assert cache.get(KEY, 1300.0 + STALE_MAX_S) is None and not len(cache)


@pytest.mark.parametrize("ttl, life", [(0, FRESH_MIN_S), (59, FRESH_MIN_S), (90, 90), (10**9, FRESH_MAX_S)])
def test_lives_are_bounded(ttl, life):
    entry = Cache().learned(KEY, item(ttl), 0.0)
    assert entry.is_fresh(life - 1) and not entry.is_fresh(life)
    assert 1 <= entry.records(0.0)[0].ttl <= FRESH_MAX_S


def test_an_older_packet_is_not_believed():
    cache = Cache()
    new, old = item(sequence=5, data=b"new."), item(sequence=4, data=b"old.")
    cache.learned(KEY, new, 0.0)
    entry = cache.learned(KEY, old, 1000.0)
    assert entry.item == new and entry.is_fresh(1001.0), "who replays an old one still shows that the network was asked"
    assert cache.learned(KEY, item(sequence=6), 1001.0).item.seq == 6


def test_silence_does_not_undo_what_was_there():
    cache = Cache()
    cache.learned(KEY, item(), 0.0)
    entry = cache.learned(KEY, None, 1000.0)
    assert entry.item is not None and not entry.is_fresh(1000.0)
    assert not entry.may_ask(1000.0 + ABSENT_S - 1) and entry.may_ask(1000.0 + ABSENT_S)


def test_absent_for_a_minute():
    cache = Cache()
    entry = cache.learned(KEY, None, 0.0)
    assert entry.is_known and entry.is_fresh(ABSENT_S - 1) and entry.records(0.0) == []
    assert cache.get(KEY, ABSENT_S) is None


def test_failed_for_a_moment():
    cache = Cache()
    entry = cache.failed(KEY, 0.0)
    assert not entry.is_known and not entry.is_fresh(0.0) and not entry.may_ask(FAILED_S - 1)
    assert cache.get(KEY, FAILED_S) is None
    cache.learned(KEY, item(), 10.0)
    entry = cache.failed(KEY, 400.0)
    assert entry.is_known and entry.item is not None and not entry.is_fresh(400.0) and entry.may_ask(400.0 + FAILED_S)


def test_the_least_used_gives_way():
    cache = Cache(3)
    pairs = [key_pair(number) for number in range(1, 5)]
    for pair in pairs[:3]:
        cache.learned(pair.public_key, None, 0.0)
    cache.get(pairs[0].public_key, 1.0)
    cache.learned(pairs[3].public_key, None, 2.0)
    assert len(cache) == 3
    assert cache.get(pairs[0].public_key, 3.0) and cache.get(pairs[1].public_key, 3.0) is None


def test_what_is_no_packet_is_not_kept():
    cache = Cache()
    cache.learned(KEY, item(), 0.0)
    with pytest.raises(PacketError):
        cache.learned(KEY, item(sequence=9)._replace(value=b"4:junk"), 1.0)
    assert cache.get(KEY, 2.0).item.seq == 1
