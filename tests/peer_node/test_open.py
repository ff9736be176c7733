"""Whole nodes in one process: found on the LAN and through the DHT, connected, asked."""

import contextlib

import pytest
import trio

from leither_edge.discovery.node_records import address_records, service_records
from leither_edge.observe.counters import Counters
from leither_edge.observe.log import Log
from leither_edge.peer.errors import NotListening, Unreachable
from leither_edge.peer_node import open_peer_node
from tests.names.fakes import FakeDht, key_pair, signed
from tests.peer.kept_library import PROFILE, open_kept

PLACE = "127.0.0.1"
LIMIT_S = 30


class JoinedDht(FakeDht):
    """Also says how others see it."""

    async def joined(self, timeout_s):
        return 1

    def stat(self):
        return {"ipv4": {"external": None, "is_server": True}}


@contextlib.asynccontextmanager
async def node_of(folder, number, **more):
    """An open node of the key of a number."""
    folder.mkdir(exist_ok=True)
    options = {"hosts": (PLACE,), "port": 0, "counters": Counters(), "log": Log(lambda line: None), **more}
    with open_kept(folder, bytes([number]) * 32) as library:
        async with open_peer_node(library, str(folder), PROFILE, **options) as node:
            yield node


def run(main):
    async def limited():
        with trio.fail_after(LIMIT_S):
            await main()

    trio.run(limited)


def test_found_on_the_lan_by_its_key_alone(tmp_path):
    async def hello(call):
        return {"for": call.peer.public_key, "text": call.arguments["text"]}

    async def main():
        async with node_of(tmp_path / "a", 1, name="Attic") as a, node_of(tmp_path / "b", 2) as b:
            a.services.add("hello", hello, for_strangers=True)
            channel = await b.peers.connect(key_pair(1).public_key)
            assert await channel.call("hello", {"text": "x"}) == {"for": key_pair(2).public_key, "text": "x"}
            assert channel.peer.address == a.address == f"{PLACE}:{a.port}"
            # Others of this house may be there, too.
            assert (key_pair(1).public_key, "Attic") in [(each.public_key, each.name) for each in await b.discovery.nearby(0)]
            assert not a.has_company()
            await a.peers.book.put(public_key=key_pair(2).public_key, state="friend")
            assert a.has_company()

    run(main)


def test_found_through_the_dht_where_it_has_published_itself(tmp_path):
    async def main():
        dht = JoinedDht()
        async with node_of(tmp_path / "a", 1, dht=dht, publishes=True) as a:
            while key_pair(1).public_key not in dht.items:
                await trio.sleep(0.01)
            # It only asks, and looks around on no interface that there is.
            async with node_of(tmp_path / "b", 2, dht=lambda: dht, hosts=(), port=None) as b:
                assert b.port is None and b.address is None
                channel = await b.peers.connect(key_pair(1).public_key)
                assert channel.peer.public_key == a.library.node_key.public_key

    run(main)


def test_somebody_else_at_its_address_is_not_taken_for_it(tmp_path):
    async def main():
        async with node_of(tmp_path / "a", 1) as a:
            key = key_pair(3).public_key
            lie = signed(key_pair(3), [*address_records(key, [PLACE]), *service_records(key, a.port)])
            async with node_of(tmp_path / "b", 2, dht=FakeDht(lie), hosts=(), port=None) as b:
                with pytest.raises(Unreachable):
                    await b.peers.connect(key)

    run(main)


def test_a_taken_port_is_told_and_an_error_inside_comes_out_as_it_is(tmp_path):
    async def main():
        async with node_of(tmp_path / "a", 1) as a:
            with pytest.raises(NotListening):
                async with node_of(tmp_path / "b", 2, port=a.port):
                    pass
        with pytest.raises(ZeroDivisionError):
            async with node_of(tmp_path / "a", 1):
                _ = 1 / 0

    run(main)
