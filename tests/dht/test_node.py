"""The DHT node on real sockets of loopback, with a real store: what a program that uses it relies on."""

import contextlib

import pytest
import trio

from leither_edge.crypto import sodium
from leither_edge.dht import DhtError, Settings, open_dht
from leither_edge.dht.item import immutable_target, make_mutable, mutable_target
from leither_edge.dht.kept import TABLES
from leither_edge.observe.counters import Counters
from leither_edge.observe.log import Log
from leither_edge.storage import open_store

NETWORK = b"testnet1"
KEY, SECRET = sodium.keypair_from_seed(bytes(32))
QUIET = Log(lambda line: None)


def signed(seq, value=b"5:hello", salt=b""):
    return make_mutable(value, KEY, salt, seq, lambda message: sodium.sign(message, SECRET))


def node(**settings):
    store = settings.pop("store", None)
    return open_dht(Settings(**{"network": NETWORK, **settings}), store=store, counters=Counters(), log=QUIET)


@contextlib.asynccontextmanager
async def nodes(count, **settings):
    async with contextlib.AsyncExitStack() as stack:
        first = await stack.enter_async_context(node(hosts=("127.9.1.1",), **settings))
        opened = [first]
        for number in range(2, count + 1):
            opened.append(await stack.enter_async_context(node(hosts=(f"127.9.{number}.1",), bootstrap=first.addresses, **settings)))
            with trio.fail_after(10):
                await opened[-1].joined()
        yield opened


def run(test):
    async def within_time():
        with trio.fail_after(30):
            await test()

    trio.run(within_time)


def test_items_and_providers_cross_the_network():
    async def test():
        async with nodes(12) as opened:
            seen = []
            report = await opened[1].put_mutable(signed(1, salt=b"s"), progress=lambda *numbers: seen.append(numbers))
            # Seven others where the writer is one of the eight nearest itself.
            assert report.stored >= 7 and seen[-1][2] == report.stored
            found = await opened[7].get_mutable(KEY, b"s")
            assert found.value == signed(1, salt=b"s")
            assert (await opened[7].get_mutable(KEY, b"s", newer_than=1)).value is None
            await opened[2].put_mutable(signed(2, salt=b"s"), cas=1)
            assert (await opened[7].poll_mutable(KEY, b"s", 1)).value == signed(2, salt=b"s")
            with pytest.raises(DhtError) as refused:
                await opened[3].put_mutable(signed(1, salt=b"s"))
            assert refused.value.code == "refused-302" and "302" in str(refused.value)

            value = b"4:data"
            assert (await opened[3].put_immutable(value)).stored >= 7
            assert (await opened[9].get_immutable(immutable_target(value))).value == value
            assert (await opened[9].get_immutable(bytes(20))).value is None

            assert (await opened[4].announce(b"h" * 20, 4321)).stored >= 7
            assert (await opened[5].peers(b"h" * 20)).value == [("127.9.5.1", 4321)]
            nearest = (await opened[5].lookup(b"t" * 20)).value
            assert len(nearest) == 8

    run(test)


def test_a_cheap_look_asks_one_node_and_finds_what_came_since():
    async def test():
        async with nodes(10) as opened:
            await opened[1].poll_mutable(KEY, b"box", None)
            await opened[2].put_mutable(signed(1, salt=b"box"))
            before = opened[1].stat()["ipv4"]["packets_out"]
            for _ in range(8):
                found = await opened[1].poll_mutable(KEY, b"box", None)
                if found.value is not None:
                    break
            assert found.value == signed(1, salt=b"box")
            assert opened[1].stat()["ipv4"]["packets_out"] - before <= 16

    run(test)


def test_what_the_caller_raises_comes_out_as_it_is():
    async def test():
        with pytest.raises(KeyError):
            async with node(hosts=("127.0.0.1",)):
                raise KeyError

    run(test)


def test_nobody_there_is_said_in_plain_words():
    async def test():
        async with node(hosts=("127.0.0.1",)) as alone:
            await alone.joined(1)
            with pytest.raises(DhtError) as nobody:
                await alone.get_mutable(KEY)
            assert nobody.value.code == "no-contacts" and "network connection" in str(nobody.value)

    run(test)


def test_a_restarted_node_rejoins_without_its_entrance_and_remembers(tmp_path):
    async def test():
        with open_store(str(tmp_path), map_bytes=4 << 20, tables=TABLES) as store:
            async with nodes(4) as opened:
                async with node(hosts=("127.9.20.1",), bootstrap=opened[0].addresses, store=store) as kept:
                    await kept.joined()
                    own_id = kept.stat()["ipv4"]["id"]
                    await kept.keep(signed(3, salt=b"kept"))
                    kept.shared.items.put(signed(8, salt=b"seen"), None, b"\x7f\x00\x00\x01\x1a\xe1", 0)
                async with node(hosts=("127.9.20.1",), store=store) as again:
                    assert await again.joined() >= 3
                    assert again.stat()["ipv4"]["id"] == own_id and again.stat()["published"] == 1
                    assert again._sequences.get(mutable_target(KEY, b"seen")) == 8
                    await again.republish(again._clock())
                    assert (await opened[1].get_mutable(KEY, b"kept")).value == signed(3, salt=b"kept")
                    await again.forget(mutable_target(KEY, b"kept"))
                async with node(hosts=("127.9.20.1",), store=store) as last:
                    assert last.stat()["published"] == 0

    run(test)


def test_both_families_answer_and_are_asked():
    async def test():
        async with node(hosts=("127.0.0.1", "::1")) as first, node(hosts=("127.0.0.1", "::1"), bootstrap=first.addresses) as second:
            await second.joined()
            while min(second.stat()[family]["contacts"] for family in ("ipv4", "ipv6")) < 1:
                await trio.sleep(0.01)
            report = await second.put_mutable(signed(1))
            assert report.stored == 2 and {row.host for row in report.rows} == {"127.0.0.1", "::1"}
            assert (await first.get_mutable(KEY)).value == signed(1)

    run(test)


def test_two_that_name_each_other_as_entrance_meet():
    async def test():
        async with node(hosts=("127.9.1.1",), port=0) as probe:
            port = probe.addresses[0][1]
        async with node(hosts=("127.9.1.1",), port=port, bootstrap=(("127.9.2.1", port),)) as one:
            async with node(hosts=("127.9.2.1",), port=port, bootstrap=(("127.9.1.1", port),)) as other:
                assert await other.joined() == 1
                assert (await other.put_mutable(signed(1))).stored == 1
                assert (await one.get_mutable(KEY)).value == signed(1)

    run(test)


def test_nodes_of_one_lan_find_each_other_with_no_entrance_named():
    async def test():
        settings = {"discovery": True, "local_only": True}
        async with node(hosts=("127.9.1.1",), **settings) as one, node(hosts=("127.9.2.1",), **settings) as other:
            while not (one.contacts and other.contacts):
                await trio.sleep(0.01)
            await one.put_mutable(signed(1))
            assert (await other.get_mutable(KEY)).value == signed(1)

    run(test)


def test_a_mistake_brought_out_by_one_packet_does_not_end_the_node():
    async def test():
        async with nodes(2) as opened:
            honest = opened[0].engines[4].server.respond

            def mistaken(message, *rest):
                if message.method == b"find_node":
                    raise ZeroDivisionError
                return honest(message, *rest)

            opened[0].engines[4].server.respond = mistaken
            await opened[1].lookup(b"t" * 20)
            assert opened[0]._counters.get("dht_faults", kind="ZeroDivisionError")
            assert (await opened[1].put_mutable(signed(1))).stored == 1

    run(test)
