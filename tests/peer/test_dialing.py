import pytest
import trio
import trio.testing

from leither_edge.peer.addresses import parse
from leither_edge.peer.dialing import LOOK_AFTER_S, STAGGER_S, first_of, in_order
from leither_edge.peer.dials import Dials
from leither_edge.peer.errors import Unreachable, WrongPeer

RELAY = "via:" + "A" * 27


class Places:
    """Attempts that answer after so long, fail, or never end. Args: what of each host (seconds, or an error)."""

    def __init__(self, **what):
        self._what, self.begun = what, {}

    async def attempt(self, address):
        self.begun[address.host] = trio.current_time() - self.start
        what = self._what[address.host]
        if isinstance(what, Exception):
            raise what
        await trio.sleep(what)
        return (address.host,)

    def first(self, *hosts, more=None):
        async def main():
            self.start = trio.current_time()
            return (await first_of([parse(f"{host}:1") for host in hosts], self.attempt, more))[0]

        return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_near_ones_come_first_and_relays_last():
    texts = [RELAY, "192.0.2.1:1", "10.0.0.1:1", "192.0.2.2:1", "192.0.2.1:1"]
    assert [str(each) for each in in_order(map(parse, texts))] == ["10.0.0.1:1", "192.0.2.1:1", "192.0.2.2:1", RELAY]


def test_the_next_begins_while_the_first_still_tries():
    places = Places(slow=100, fast=1, never=100)
    assert places.first("slow", "fast", "never") == "fast"
    assert places.begun == {"slow": 0, "fast": STAGGER_S, "never": 2 * STAGGER_S}


def test_a_failure_brings_the_next_at_once():
    places = Places(bad=OSError("refused"), good=1)
    assert places.first("bad", "good") == "good"
    assert places.begun["good"] == 0


def test_more_are_looked_for_when_all_have_failed_or_take_long():
    async def more(told):
        told([parse("other:1")])
        await trio.sleep_forever()

    places = Places(bad=OSError("refused"), slow=100, other=1)
    assert places.first("bad", more=more) == "other"
    assert places.begun["other"] == 0
    assert places.first("slow", more=more) == "other"
    assert places.begun["other"] == LOOK_AFTER_S


def test_what_comes_in_portions_is_tried_in_turn():
    async def more(told):
        told([parse("one:1"), parse("two:1")])
        told([parse("two:1"), parse("three:1")])
        return [parse("one:1")]

    places = Places(one=100, two=100, three=100)

    async def main():
        places.start = trio.current_time()
        await first_of([], places.attempt, more)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert places.begun == {"one": 0, "two": STAGGER_S, "three": 2 * STAGGER_S}


def test_a_peer_that_comes_and_goes_is_not_dialled_without_end():
    class Flighty:
        closed, count = trio.Event(), 0
        counters = None

        async def connect(self, public_key):
            self.count += 1
            assert self.count < 20
            self.closed.set()
            return self

    async def main():
        peers = Flighty()
        with trio.move_on_after(10):
            await Dials(peers)._keep(bytes(32), trio.CancelScope())
        assert peers.count >= 5

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_the_end_says_what_was_tried():
    with pytest.raises(Unreachable) as raised:
        Places(a=OSError(111, "Connection refused"), b=WrongPeer("Another one.")).first("a", "b")
    assert raised.value.code == "unreachable"
    assert raised.value.details == {"tried": [["a:1", "Connection refused"], ["b:1", "Another one."]]}
    with pytest.raises(Unreachable) as raised:
        Places(b=WrongPeer("Another one.")).first("b")
    assert (raised.value.code, str(raised.value)) == ("wrong-peer", "Another one.")
    with pytest.raises(Unreachable) as raised:
        Places().first()
    assert raised.value.code == "no-address"
