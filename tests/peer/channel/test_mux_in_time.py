"""What time does to a channel: new keys, silence, idleness, rest, and its end."""

from leither_edge.peer.channel import inbox, liveness, outbox
from leither_edge.peer.channel.frames import PING
from leither_edge.peer.channel.limits import NORMAL, Limits

from .muxes import Raw, carry, opened, pair


def test_the_key_changes_by_bytes_and_by_time(monkeypatch):
    monkeypatch.setattr(outbox, "KEY_BYTES", 100_000)
    a, b = pair()
    half, other = opened(a, b)
    half.credit = other.granted = 1 << 30
    before = bytes(a._out._cipher._key.raw)
    a.send(half, bytes(1_000_000))
    carry(a, b, batch=70_000)
    assert other.arrived == 1_000_000 and bytes(a._out._cipher._key.raw) != before and a.closed is b.closed is None
    before = bytes(b._out._cipher._key.raw)
    b.send(other, b"x")
    carry(a, b, now=10.0)
    assert bytes(b._out._cipher._key.raw) == before
    b.send(other, b"x")
    carry(a, b, now=outbox.KEY_S + 10.0)
    assert bytes(b._out._cipher._key.raw) != before and half.arrived == 2
    raw = Raw()
    raw.rekey()
    assert raw.call(1).closed is None and len(raw.mux.opened) == 1


def test_one_key_for_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(inbox, "KEY_MAX_FRAMES", 10)
    raw = Raw()
    for _ in range(20):
        raw.send(PING, payload=bytes(8))
    assert raw.mux.closed[0] == "cipher"


def test_a_silent_peer_is_asked_and_then_given_up():
    a, b = pair()
    random = bytes
    assert a.tick(1.0, random) == liveness.QUIET_S
    assert a.tick(10.0, random) == liveness.SILENCE_S
    now = liveness.SILENCE_S
    a.tick(now, random)
    assert a.has_some
    carry(a, b, now + 0.25)
    assert a.live.round_trip_s == 0.25 and a.closed is None
    now += liveness.SILENCE_S + 1
    then = a.tick(now, random)
    assert then == now + liveness.ANSWER_S
    a.tick(then, random)
    assert a.closed == ("silent", "The peer does not answer any more.")
    # With work under way it goes faster.
    a, b = pair()
    a.open("x", {}, NORMAL, True)
    carry(a, b)
    a.tick(liveness.SILENCE_BUSY_S, random)
    a.tick(liveness.SILENCE_BUSY_S + liveness.ANSWER_S, random)
    assert a.closed[0] == "silent"


def test_an_idle_channel_ends_if_that_is_wanted():
    a, b = pair(Limits(idle_s=20))
    half, other = opened(a, b, is_call=True)
    a.tick(15.0, bytes)
    carry(a, b, 15.0)
    assert a.tick(25.0, bytes) is not None and a.closed is None
    b.answer(other, 1)
    carry(a, b, 25.0)
    a.tick(34.0, bytes)
    carry(a, b, 34.0)
    a.tick(45.5, bytes)
    assert a.closed[0] == "idle"
    carry(a, b, 45.5)
    assert b.closed[0] == "idle" and not b.is_ours_closed


def test_a_quiet_channel_gives_its_buffers_back():
    a, b = pair()
    half, other = opened(a, b)
    half.credit = other.granted = 1 << 30
    a.send(half, bytes(1 << 20))
    carry(a, b)
    a.tick(1.0, bytes)
    b.tick(1.0, bytes)
    assert not a.is_at_rest and not b.is_at_rest
    a.tick(6.0, bytes)
    b.tick(6.0, bytes)
    assert a.is_at_rest and b.is_at_rest
    a.rest()
    b.rest()
    assert len(a._out._buffer) == len(b._in._buffer) == 4096
    a.send(half, b"x")
    carry(a, b)
    assert other.arrived == (1 << 20) + 1


def test_an_orderly_end_lets_answers_out():
    a, b = pair()
    half, other = opened(a, b, is_call=True)
    stream, far = opened(a, b)
    b.answer(other, "well")
    b.send(far, bytes(50_000))
    b.close("bye", "It was nice.")
    b.open("late", {}, NORMAL, True)
    carry(a, b)
    assert half.answer == ("well",) and stream.arrived == 0
    assert a.closed == ("bye", "It was nice.") and not a.is_ours_closed
