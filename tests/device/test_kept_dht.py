"""Which network the owner's configuration puts the device into."""

from types import SimpleNamespace

import pytest
import trio
import trio.testing

from appliance.device.kept_dht import LAN, KeptDht, Wish, parse_entrances, parse_network
from leither_edge.dht import DhtError
from leither_edge.dht.settings import MAINLINE


def config(reach, network="", bootstrap=""):
    return {"reach": reach, "dht_network": network, "dht_bootstrap": bootstrap}


def test_the_house_alone_is_a_network_of_its_own():
    wish = Wish(config("lan"))
    assert wish.network == LAN and wish.bootstrap == ()


def test_the_public_network_is_entered_where_everybody_enters_or_where_the_owner_says():
    assert Wish(config("mainline")).bootstrap == MAINLINE and Wish(config("mainline")).network is None
    assert Wish(config("mainline", bootstrap="203.0.113.9:6881")).bootstrap == (("203.0.113.9", 6881),)


def test_an_organizations_network_needs_its_id():
    wish = Wish(config("organization", "00ff00ff00ff00ff", "dht.example.org:8041, [2001:db8::1]:8041"))
    assert wish.network == bytes.fromhex("00ff00ff00ff00ff")
    assert wish.bootstrap == (("dht.example.org", 8041), ("2001:db8::1", 8041))
    with pytest.raises(DhtError, match="dht_network"):
        Wish(config("organization"))


@pytest.mark.parametrize("text", ["host", "host:0", "host:70000", ":1", "host:x", "host:-1"])
def test_a_wrong_entrance_is_named(text):
    with pytest.raises(DhtError, match="host:port"):
        parse_entrances(text)


@pytest.mark.parametrize("text", ["0", "00ff", "zz" * 8, "00" * 9])
def test_a_wrong_network_id_is_named(text):
    with pytest.raises(DhtError, match="16 hexadecimal digits"):
        parse_network(text)


def test_the_same_wish_leaves_the_node_alone():
    assert Wish(config("lan")) == Wish(config("lan")) != Wish(config("mainline"))


def test_the_answer_to_the_command_that_changes_the_network_still_goes_the_old_way():
    told = []

    async def test():
        executor = SimpleNamespace(config=config("lan"), answers_left=None)

        class Kept(KeptDht):
            async def _serve(self, wish):
                async def answers_left():
                    await trio.sleep(5)
                    told.append((wish.reach, "answered"))

                executor.answers_left = answers_left
                try:
                    await trio.sleep_forever()
                finally:
                    executor.answers_left = None
                    told.append((wish.reach, "left"))

        kept = Kept(None, executor, SimpleNamespace(claimed=True), None, ())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(kept.run)
            await trio.sleep(1)
            executor.config = config("mainline")
            kept.config_changed(executor.config)
            await trio.sleep(60)
            nursery.cancel_scope.cancel()

    trio.run(test, clock=trio.testing.MockClock(autojump_threshold=0))
    assert told == [("lan", "answered"), ("lan", "left"), ("mainline", "left")]
