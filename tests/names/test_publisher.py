import pytest

from leither_edge.dht import DhtError
from leither_edge.names import packet
from leither_edge.names.errors import PacketError
from leither_edge.names.publisher import Publisher
from tests.names.fakes import FakeDht, key_pair, record, signed

PAIR = key_pair()
KEY = PAIR.public_key
RECORDS = [record(KEY, "", "A", b"abcd")]
OTHERS = [record(KEY, "", "A", b"efgh")]


async def test_published_and_kept():
    dht = FakeDht()
    done = await Publisher(dht, PAIR, lambda: 77).publish(RECORDS)
    assert done.is_new and done.item.seq == 77 and done.report.stored == 8
    assert dht.items[KEY] == done.item and dht.kept == [done.item]
    assert packet.read(dht.items[KEY]).records == RECORDS


async def test_the_same_records_are_not_signed_again():
    dht = FakeDht(signed(PAIR, RECORDS, 5))
    done = await Publisher(dht, PAIR, lambda: 77).publish(RECORDS, is_kept=False)
    assert not done.is_new and done.item.seq == 5 and not dht.kept


@pytest.mark.parametrize("clock, seen, sequence", [(77, 5, 77), (77, 77, 78), (3, 1000, 1001)])
async def test_later_than_any_that_was_seen(clock, seen, sequence):
    dht = FakeDht(signed(PAIR, RECORDS, seen))
    publisher = Publisher(dht, PAIR, lambda: clock)
    assert (await publisher.publish(OTHERS)).item.seq == sequence
    # The network may forget; this publisher does not.
    dht.items.clear()
    assert (await publisher.publish(RECORDS)).item.seq > sequence


async def test_too_much_is_not_sent():
    dht = FakeDht()
    with pytest.raises(PacketError):
        await Publisher(dht, PAIR, lambda: 1).publish([record(KEY, "", "TXT", (b"\xff" + bytes(255)) * 4)])
    assert not dht.asked


async def test_a_failure_is_passed_on():
    dht = FakeDht()
    dht.failure = DhtError("not-stored", "No node took it.")
    publisher = Publisher(dht, PAIR, lambda: 1)
    with pytest.raises(DhtError):
        await publisher.publish(RECORDS)
    assert publisher.last is None and not dht.kept
