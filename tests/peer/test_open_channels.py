from types import SimpleNamespace

from leither_edge.peer.open_channels import CHANNELS_OF_ONE, SIMULTANEOUS_S, Open, OpenChannels

OWN, LOW, HIGH = b"m" * 20, b"a" * 20, b"z" * 20


def opened(id20, began_here, now=0.0):
    channel = SimpleNamespace(peer=SimpleNamespace(node_id=id20), is_initiator=began_here, is_open=True)
    return Open(channel, None, "", True, now)


def end(channels, each):
    each.channel.is_open = False
    channels.leave(each)


def test_both_sides_keep_the_same_of_two_that_came_at_once():
    for peer, kept_began_here in ((HIGH, True), (LOW, False)):
        for order in ((True, False), (False, True)):
            channels = OpenChannels(OWN)
            first, second = (opened(peer, began_here) for began_here in order)
            assert channels.enter(first, 0.0) is None
            loser = channels.enter(second, 1.0)
            assert channels.of(peer).channel.is_initiator is kept_began_here
            assert loser.is_retired and not channels.of(peer).is_retired


def test_later_the_newer_one_is_believed():
    channels = OpenChannels(OWN)
    old, new = opened(HIGH, True), opened(HIGH, False)
    channels.enter(old, 0.0)
    assert channels.enter(new, SIMULTANEOUS_S + 1) is old
    assert channels.of(HIGH) is new


def test_of_two_from_one_side_the_newer_is_believed_and_the_older_comes_back():
    channels = OpenChannels(OWN)
    one, two = opened(HIGH, False), opened(HIGH, False)
    channels.enter(one, 0.0)
    assert channels.enter(two, 0.1) is one
    end(channels, two)
    assert channels.of(HIGH) is one and not one.is_retired
    end(channels, one)
    assert channels.of(HIGH) is None and len(channels) == 0


def test_a_dead_one_does_not_count():
    channels = OpenChannels(OWN)
    dead, new = opened(HIGH, True), opened(HIGH, False)
    channels.enter(dead, 0.0)
    dead.channel.is_open = False
    assert channels.of(HIGH) is None
    assert channels.enter(new, 0.1) is None
    channels.leave(dead)
    assert channels.of(HIGH) is new


def test_one_peer_has_so_many_channels_at_most():
    channels = OpenChannels(OWN)
    came = [opened(HIGH, False) for _ in range(CHANNELS_OF_ONE + 2)]
    for at, each in enumerate(came):
        channels.enter(each, at)
        channels.enter(opened(LOW, False), at)
    assert channels.beyond(HIGH) == came[:2] and channels.of(HIGH) is came[-1]
    end(channels, came[0])
    came[1].channel.is_open = False
    assert channels.beyond(HIGH) == []
