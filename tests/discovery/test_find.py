import pytest
import trio
import trio.testing

from leither_edge.core.ids import id_to_text, key_id
from leither_edge.dht import DhtError
from leither_edge.discovery.find import Discovery
from leither_edge.discovery.node_records import Relay, address_records, service_records
from leither_edge.discovery.own_packet import OwnPacket, told_hosts
from leither_edge.names import packet
from leither_edge.observe.counters import Counters
from leither_edge.observe.log import Log
from tests.names.fakes import FakeDht, key_pair, record, signed

PAIR, RELAY = key_pair(1), key_pair(2)
KEY = PAIR.public_key
VIA = f"via:{id_to_text(key_id(RELAY.public_key))}"
DIRECT = [*address_records(KEY, ["192.0.2.7"]), *service_records(KEY, 8042)]


class FakeLan:
    """Knows one key after a while."""

    def __init__(self, key, addresses, wait_s=1.0):
        self.key, self.addresses, self.wait_s = key, addresses, wait_s

    async def find(self, key):
        await trio.sleep(self.wait_s)
        return self.addresses if key == self.key else ()

    async def nearby(self, wait_s=1):
        return [wait_s]


def found(*, book=None, dht=None, lan=None, key=KEY, told=None):
    """What find_addresses gives."""

    async def main():
        discovery = Discovery(Counters(), book=book, dht=lambda: dht, lan=lan)
        return await discovery.find_addresses(key, told)

    return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_all_sources_are_asked_and_the_lan_comes_first():
    dht, lan = FakeDht(signed(PAIR, DIRECT)), FakeLan(KEY, ("192.168.1.5:8042",))
    heard = []
    texts = found(book=lambda key: ["198.51.100.1:8042", "192.168.1.5:8042"], dht=dht, lan=lan, told=heard.append)
    assert texts == ["192.168.1.5:8042", "198.51.100.1:8042", "192.0.2.7:8042"]
    assert heard[0] == ["198.51.100.1:8042", "192.168.1.5:8042"], "the book answers at once"


def test_relays_come_last_and_their_addresses_are_looked_up():
    hinted = service_records(KEY, 8042, [Relay(RELAY.public_key, ("203.0.113.9:8042",))])
    assert found(dht=FakeDht(signed(PAIR, DIRECT[:1] + hinted))) == ["192.0.2.7:8042", f"{VIA}@203.0.113.9:8042"]
    bare = signed(PAIR, service_records(KEY, None, [Relay(RELAY.public_key, ())]))
    assert found(dht=FakeDht(bare)) == [VIA]
    own = [*address_records(RELAY.public_key, ["203.0.113.9"]), *service_records(RELAY.public_key, 9000)]
    assert found(dht=FakeDht(bare, signed(RELAY, own))) == [f"{VIA}@203.0.113.9:9000"]


def test_nobody_found_is_no_error():
    slow, failing, odd = FakeDht(), FakeDht(), FakeDht(signed(PAIR, [record(KEY, "", "TXT", b"\1x")]))
    slow.delay_s, failing.failure = 1000, DhtError("no-contacts", "Nobody.")
    assert [found(dht=dht) for dht in (slow, failing, odd, None)] == [[], [], [], []]
    assert found(lan=FakeLan(RELAY.public_key, ("10.0.0.1:1",))) == []


def test_the_network_is_asked_once_at_a_time_and_again_a_moment_later():
    async def main():
        dht = FakeDht(signed(PAIR, DIRECT))
        dht.delay_s = 1
        discovery = Discovery(Counters(), dht=lambda: dht)
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(discovery.find_addresses, KEY)
        assert dht.asked == [KEY]
        dht.items[KEY] = signed(PAIR, service_records(KEY, None, [Relay(RELAY.public_key, ("203.0.113.9:1",))]))
        assert await discovery.find_addresses(KEY) == ["192.0.2.7:8042"]
        await trio.sleep(30)
        assert await discovery.find_addresses(KEY) == [f"{VIA}@203.0.113.9:1"]
        await trio.sleep(30)
        dht.failure = DhtError("no-contacts", "Nobody.")
        assert await discovery.find_addresses(KEY) == [f"{VIA}@203.0.113.9:1"], "what was known is better than nothing"
        assert len(discovery._under_way) == 0

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_providers_come_from_the_dht():
    async def main():
        from leither_edge.dht.report import Found

        dht = FakeDht()
        announced = []

        async def peers(info_hash):
            return Found([("192.0.2.1", 8042), ("2001:db8::1", 9), ("192.0.2.1", 8042)], None)

        async def announce(info_hash, port):
            announced.append((info_hash, port))
            return "report"

        dht.peers, dht.announce = peers, announce
        discovery = Discovery(Counters(), dht=lambda: dht)
        assert await discovery.find_providers(bytes(20)) == ["192.0.2.1:8042", "[2001:db8::1]:9"]
        assert await discovery.announce(bytes(20), 8042) == "report" and announced == [(bytes(20), 8042)]
        without = Discovery(Counters())
        assert await without.find_providers(bytes(20)) == [] and await without.announce(bytes(20), 1) is None

    trio.run(main)


class JoinedDht(FakeDht):
    """Also says how others see it."""

    external = None

    async def joined(self, timeout_s):
        return 1

    def stat(self):
        return {"ipv4": {"external": self.external}}


def published(dht, ways, seconds=100):
    """Runs OwnPacket for so long; ways: [(from when in s, what it is)]."""

    async def main():
        def way():
            return [what for since, what in ways if trio.current_time() >= since][-1]

        own = OwnPacket(dht, PAIR, way, lambda: int(trio.current_time() * 1e6), Counters(), Log(lambda line: None))
        with trio.move_on_after(seconds):
            await own.run()
        return packet.read(dht.items[KEY]).records if KEY in dht.items else None

    return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_the_way_is_published_beside_what_the_owner_says():
    www = record(KEY, "www", "A", b"\xc0\0\2\1")
    dht = JoinedDht(signed(PAIR, [www, *address_records(KEY, ["192.0.2.99"])], sequence=5_000))
    assert published(dht, [(0, (["192.0.2.7"], 8042, []))]) == [www, *DIRECT]
    assert dht.items[KEY].seq > 5_000


def test_it_is_published_anew_when_it_has_changed():
    relay = [Relay(RELAY.public_key, ("203.0.113.9:8042",))]
    dht = JoinedDht()
    assert published(dht, [(0, (["192.0.2.7"], 8042, [])), (50, ([], 8042, relay))], 200) == service_records(KEY, None, relay)


def test_who_does_not_listen_and_has_no_relay_says_nothing():
    assert published(JoinedDht(), [(0, (["192.0.2.7"], None, []))]) is None


def test_a_failure_is_tried_again():
    dht = JoinedDht()
    dht.failure = DhtError("silent", "Nobody.")
    assert published(dht, [(0, (["192.0.2.7"], 8042, []))]) is None
    dht.failure = None
    assert published(dht, [(0, (["192.0.2.7"], 8042, []))]) == DIRECT


@pytest.mark.parametrize(("is_public", "told"), [(True, ["198.51.100.1"]), (False, ["192.168.1.4", "198.51.100.1"])])
def test_the_public_network_is_told_no_private_address(is_public, told):
    dht = JoinedDht()
    dht.external = ["198.51.100.1", 6881]
    assert told_hosts(["192.168.1.4"], dht, is_public) == told
