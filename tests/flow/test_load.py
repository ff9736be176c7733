"""When readers are sent to others, and to whom."""

import pytest
import trio

from leither_edge.core.ids import public_key_to_text
from leither_edge.flow.load import FAIR_BYTES_PER_S, FRIEND_BYTES_PER_S, Load
from leither_edge.mimei import rights
from leither_edge.peer.bandwidth import Gate
from tests.flow.flowing import flowing
from tests.peer.pair import as_friend, as_stranger

KEYS = [bytes([number]) * 32 for number in range(12)]
MID = bytes(20)


class Node:
    """A Load whose clock and processor are told."""

    def __init__(self, readers_max=8, up=None, cores=1):
        self.now = self.worked = 0.0
        self.load = Load(readers_max, up, lambda peer, mid: KEYS, clock=lambda: self.now, processor=lambda: self.worked, cores=cores)

    def work(self, seconds, given, share=0.0):
        for _ in range(int(seconds)):
            self.now += 1
            self.worked += share
            self.load.given(int(given))


def welcomed(load):
    return load.welcomes(as_friend()), load.welcomes(as_stranger())


def test_the_last_places_are_for_friends():
    node = Node(readers_max=4)
    for _ in range(3):
        assert welcomed(node.load) == (True, True)
        node.load.begin()
    assert welcomed(node.load) == (True, False)
    node.load.begin()
    assert welcomed(node.load) == (False, False)
    node.load.end()
    assert welcomed(node.load) == (True, False)


@pytest.mark.parametrize(
    ("each", "expected"), [(3 * FAIR_BYTES_PER_S, (True, True)), (FAIR_BYTES_PER_S, (True, False)), (FRIEND_BYTES_PER_S, (False, False))]
)
def test_a_busy_processor_takes_readers_whose_share_is_worth_it(each, expected):
    node = Node()
    node.load.begin()
    node.work(30, each, share=1.0)
    assert node.load.figures().processor > 0.9 and node.load.figures().bytes_per_s == pytest.approx(each, rel=0.1)
    assert welcomed(node.load) == expected
    # With a processor to spare nobody is sent away.
    node.work(30, each, share=0.2)
    assert welcomed(node.load) == (True, True)


def test_figures_of_long_ago_say_nothing():
    node = Node()
    node.load.begin()
    node.work(30, 10, share=1.0)
    assert welcomed(node.load) == (False, False)
    node.now += 60
    assert welcomed(node.load) == (True, True)


async def test_a_full_line_sends_strangers_away():
    up = Gate(100_000)
    node = Node(up=up)
    node.load.begin()
    for _ in range(10):
        up.took(100_000)
        node.work(1, 100_000)
    assert node.load.figures().line > 0.9
    assert welcomed(node.load) == (True, False)
    await trio.lowlevel.checkpoint()


def test_who_is_sent_away_hears_of_others():
    peer = as_stranger()._replace(public_key=KEYS[3])
    others = Node().load.others(peer, [MID])["providers"]
    assert others == [*KEYS[:3], *KEYS[4:9]]
    assert Node().load.others(peer) == {"providers": []}


async def test_a_reader_goes_on_with_whom_a_busy_node_names(tmp_path):
    async with flowing(tmp_path, "anna", "ben", "carl") as (anna, ben, carl):
        mid = await anna.made(b"one")
        await anna.in_thread(anna.library.set_right, anna.session, mid, "guest", rights.PUBLIC)
        await anna.in_thread(anna.library.release, anna.session, mid, 0)
        await carl.flow.follow(carl.session, mid, [public_key_to_text(anna.public_key)])
        await carl.until(lambda: carl.last(mid) == 0)
        given = anna.node.counters.get("blocks_given_bytes")
        anna.flow.blocks.load = Load(0, None, anna.flow._providers)
        await ben.flow.sync(ben.session, mid, [public_key_to_text(anna.public_key)])
        assert await ben.read(mid) == b"one"
        assert anna.node.counters.get("blocks_refused") and anna.node.counters.get("blocks_given_bytes") == given
        assert carl.node.counters.get("blocks_given_bytes")
