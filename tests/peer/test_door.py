"""A flood from many networks, and who still gets in."""

import socket
from types import SimpleNamespace

from leither_edge.observe.counters import Counters
from leither_edge.peer.addresses import group_of
from leither_edge.peer.admission import Half, HalfOpen
from leither_edge.peer.door import Door

FRIEND, STRANGER = "198.51.100.7", "203.0.113.9"


def accepted():
    """A socket as the listener gives it, connected to one that is kept open."""
    ours, theirs = socket.socketpair()
    return ours, theirs


async def test_a_flood_leaves_friends_their_own_budget():
    begun, kept = [], []
    peers = SimpleNamespace(
        limits=SimpleNamespace(half_open_max=16), random_bytes=bytes, counters=Counters(), start_soon=lambda *work: begun.append(work)
    )
    door = Door(peers)
    door._friends_groups[group_of(FRIEND)] = None

    def knock(host):
        before = len(begun)
        ours, theirs = accepted()
        kept.append(theirs)
        door._admit(ours, host, 40000)
        return len(begun) > before

    assert knock(STRANGER)
    for number in range(200):
        knock(f"198.18.{number}.1")
    assert len(begun) < 100
    assert not knock(STRANGER) and knock(FRIEND)
    # From one address not even a friend gets in as often as he likes.
    assert sum(knock(FRIEND) for _ in range(200)) < 50
    for each in [*kept, *(work[1].socket for work in begun)]:
        each.close()


def test_where_a_friend_came_from_a_handshake_keeps_its_place():
    places, dropped = HalfOpen(16), []
    for number in range(40):
        half = Half(b"%d" % number, 0.0, lambda number=number: dropped.append(number), is_expected=number == 3)
        # The one that is expected has not even spoken yet.
        half.has_spoken = number != 3
        assert places.enter(half) is None
    assert len(places) == 16 and len(dropped) == 24 and 3 not in dropped
