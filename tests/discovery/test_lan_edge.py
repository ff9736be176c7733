"""Sockets around the engine, on the loopback interface, in a group of this test's own."""

import trio

from leither_edge.discovery.lan.edge import Lan, own_of
from leither_edge.discovery.lan.engine import LanEngine, Nearby
from leither_edge.observe.counters import Counters
from leither_edge.observe.log import Log
from tests.names.fakes import key_pair

KEY = key_pair(7).public_key
PLACE = "127.0.0.1"
LIMIT_S = 20


def run(main):
    async def limited():
        with trio.fail_after(LIMIT_S):
            async with trio.open_nursery() as nursery:
                await main(nursery)
                nursery.cancel_scope.cancel()

    trio.run(limited)


def lan(own=None, ways=lambda: (PLACE,), log=None, counters=None):
    return Lan(ways, counters or Counters(), log, own)


def test_two_find_each_other_and_a_fault_ends_neither(monkeypatch):
    heard, receive = [], LanEngine.receive

    def faulty(engine, data, source, now):
        heard.append(data)
        receive(engine, data, source, now)
        raise RuntimeError("a mistake")

    async def main(nursery):
        counters = Counters()
        looking = lan(counters=counters)
        await nursery.start(looking.run)
        await nursery.start(lan(own_of(KEY, 8042, lambda: "Attic", lambda: ("192.0.2.9",))).run)
        assert await looking.find(KEY, LIMIT_S) == ("192.0.2.9:8042",)
        assert Nearby(KEY, "Attic", ("192.0.2.9:8042",)) in await looking.nearby(0)
        monkeypatch.setattr(LanEngine, "receive", faulty)
        heard.clear()
        await looking.nearby(0.05)
        while not heard or not counters.get("lan_faults", kind="RuntimeError"):
            await trio.sleep(0.01)

    run(main)


def test_without_a_network_it_waits_and_says_so_once():
    lines = []

    async def main(nursery):
        nowhere = lan(ways=lambda: (), log=Log(lines.append))
        await nursery.start(nowhere.run)
        assert await nowhere.find(KEY, LIMIT_S) == () and await nowhere.nearby() == []

    run(main)
    assert len(lines) == 1 and "not looked for" in lines[0]
