"""The rules of a channel, frame by frame."""

import pytest

from leither_edge.peer.channel import arrivals, frames, outbox
from leither_edge.peer.channel.frames import ABORT, ANSWER, CALL, CLOSE, CREDIT, DATA, END, HELLO, MORE, OPEN, PING, PONG, REFUSE
from leither_edge.peer.channel.limits import BULK, CONTROL, LEDGER, NORMAL, Limits

from .muxes import Raw, carry, feed, opened, pair

REASON = frames.reason("x", "y")
REQUEST = frames.request("x", {}, 0)


def code_after(*sent, limits=None):
    raw = Raw(limits)
    for frame in sent:
        raw.send(*frame)
    return raw.mux.closed and raw.mux.closed[0]


@pytest.mark.parametrize(
    ("code", "sent"),
    [
        ("frame", [(11, 0, 0, b"")]),
        ("frame", [(PING, 0, 0, b"short")]),
        ("frame", [(PING, 0, 1, bytes(8))]),
        ("frame", [(PING, END, 0, bytes(8))]),
        ("frame", [(DATA, 0, 0, b"x")]),
        ("frame", [(OPEN, 64, 1, REQUEST)]),
        ("frame", [(OPEN, 0, 1, REQUEST), (DATA, 0, 1, b"")]),
        ("frame", [(CREDIT, 0, 1, b"123")]),
        ("frame", [(ABORT, 0, 1, bytes(5000))]),
        ("frame", [(OPEN, CALL, 1, REQUEST)]),
        ("frame", [(OPEN, END, 1, REQUEST)]),
        ("order", [(HELLO, 0, 0, frames.hello(4))]),
        ("stream", [(DATA, 0, 1, b"x")]),
        ("stream", [(OPEN, 0, 2, REQUEST)]),
        ("stream", [(OPEN, 0, 3, REQUEST), (OPEN, 0, 1, REQUEST)]),
        ("stream", [(OPEN, 0, 1, REQUEST), (OPEN, 0, 1, REQUEST)]),
        ("stream", [(ANSWER, 0, 2, frames.answer(1, 0))]),
        ("stream", [(OPEN, 0, 1, REQUEST), (ANSWER, 0, 1, frames.answer(1, 0))]),
        ("stream", [(REFUSE, 0, 1, REASON)]),
        ("stream", [(CREDIT, 0, 1, frames.NUMBER.pack(5))]),
        ("stream", [(ABORT, 0, 2, REASON)]),
        ("credit", [(OPEN, 0, 1, REQUEST), (DATA, 0, 1, b"x")]),
        ("credit", [(OPEN, 0, 1, REQUEST), (CREDIT, 0, 1, frames.NUMBER.pack(0))]),
        ("credit", [(OPEN, 0, 1, REQUEST)] + [(CREDIT, 0, 1, frames.NUMBER.pack(frames.CREDIT_MAX))] * 2),
        ("message", [(OPEN, 0, 1, b"\xff")]),
        ("message", [(OPEN, 0, 1, frames.cbor.encode(["x", {}]))]),
        ("message", [(OPEN, 0, 1, frames.cbor.encode(["", {}, 0]))]),
        ("message", [(OPEN, 0, 1, frames.cbor.encode(["x", {}, -1]))]),
        ("message", [(OPEN, 0, 1, frames.cbor.encode(["x" * 65, {}, 0]))]),
        ("message", [(CLOSE, 0, 0, b"")]),
        ("message", [(CLOSE, 0, 0, frames.cbor.encode(["", "", {}]))]),
        ("message", [(OPEN, MORE, number, bytes(100)) for number in (1, 3, 5, 7, 9)]),
        ("message", [(OPEN, MORE, 1, bytes(60_000))] * 5),
        ("x", [(CLOSE, 0, 0, REASON)]),
        (None, [(PING, 0, 0, bytes(8)), (PONG, 0, 0, bytes(8)), (OPEN, MORE, 1, REQUEST[:3]), (OPEN, 0, 1, REQUEST[3:])]),
    ],
)
def test_who_breaks_a_rule_loses_the_channel(code, sent):
    assert code_after(*sent) == code


def test_the_first_frame_says_what_a_side_takes():
    for payload in (b"", b"\xff", frames.cbor.encode([]), frames.cbor.encode([0]), frames.cbor.encode({})):
        raw = Raw(hello=False)
        raw.send(HELLO, payload=payload)
        assert raw.mux.closed[0] == "message"
    raw = Raw(hello=False)
    assert raw.send(PING, payload=bytes(8)).closed[0] == "order"
    # What a later version says beside is left alone.
    raw = Raw(hello=False)
    assert raw.send(HELLO, payload=frames.cbor.encode([9, "more"])).closed is None


def test_what_was_altered_or_is_too_short_ends_the_channel():
    for data, code in ((frames.LENGTH.pack(21) + bytes(21), "frame-size"), (frames.LENGTH.pack(30) + bytes(30), "cipher")):
        raw = Raw()
        feed(raw.mux, data)
        assert raw.mux.closed[0] == code
        kind, _, _, payload = raw.received()[-1]
        assert (kind, frames.read_reason(payload)[0]) == (CLOSE, code)
        feed(raw.mux, data)
        assert raw.mux.fill(1 << 20, 0) is None


def test_no_more_streams_than_agreed():
    raw = Raw(Limits(streams_max=4))
    for number in range(1, 15, 2):
        raw.call(number)
    refused = [(stream, frames.read_reason(payload)[0]) for kind, _, stream, payload in raw.received() if kind == REFUSE]
    assert refused == [(9, "busy"), (11, "busy"), (13, "busy")] and raw.mux.streams == (0, 4) and len(raw.mux.opened) == 4
    raw.mux.answer(raw.mux.opened.popleft(), 1)
    raw.received()
    raw.call(15)
    assert raw.mux.streams == (0, 4) and raw.mux.opened[-1].number == 15


def test_more_requests_a_second_than_agreed_wait():
    for is_friend, count in ((True, 10), (False, 1)):
        raw = Raw(Limits(streams_max=20, opens_per_s=100))
        for number in range(1, 41, 2):
            raw.call(number)
        begun = []
        while (half := raw.mux.next_request(0.0, is_friend)) is not None:
            begun.append(half.number)
        assert begun == list(range(1, 2 * count + 1, 2)) and len(raw.mux.opened) == 20 - count
        assert raw.mux.tick(0.0, bytes) < 0.1 and raw.mux.closed is None
        # What was broken off meanwhile is nobody's business any more.
        raw.send(ABORT, 0, 2 * count + 1, REASON)
        assert raw.mux.next_request(0.1, is_friend).number == 2 * count + 3


def test_a_flood_of_small_frames_ends_the_channel():
    raw = Raw()
    for _ in range(45_000):
        if raw.send(PING, payload=bytes(8)).closed:
            break
    assert raw.mux.closed[0] == "flood"
    # One pong is enough for all of them.
    assert [frame[0] for frame in raw.received()].count(PONG) <= 1


def test_who_opens_more_than_it_was_told_again_and_again_loses_the_channel():
    raw = Raw(Limits(streams_max=4))
    for number in range(1, 1000, 2):
        if raw.call(number).closed:
            break
    assert raw.mux.closed[0] == "flood" and number == 2 * (4 + arrivals.REFUSED_PER_S) + 1


def test_a_peer_that_is_owed_too_much_loses_the_channel():
    raw, now = Raw(Limits(streams_max=4)), 0.0
    for number in range(1, 10_000, 2):
        now += 0.01
        if raw.call(number, now=now).closed:
            break
    assert raw.mux.closed[0] == "flood" and number > 2 * arrivals.URGENT_MAX


def test_no_byte_goes_without_credit_and_credit_grows_with_the_reader():
    a, b = pair(Limits(window_bytes=256 * 1024))
    half, other = opened(a, b)
    a.send(half, bytes(1 << 20))
    carry(a, b)
    assert other.arrived == 64 * 1024 and half.queued == (1 << 20) - 64 * 1024
    targets = set()
    while half.queued or other.inbox:
        while other.inbox:
            other.take(None)
        b.taken(other)
        carry(a, b)
        assert other.arrived <= 256 * 1024
        targets.add(other.target)
    assert targets == {128 * 1024, 256 * 1024}
    a.finish(half)
    b.finish(other)
    carry(a, b)
    assert half.is_over and other.is_over and a.streams == b.streams == (0, 0)


def test_many_streams_share_what_one_channel_may_hold():
    raw = Raw(Limits(streams_max=1000, window_bytes=256 * 1024, opens_per_s=10_000))
    for number in range(1, 400, 2):
        raw.open(number)
        raw.mux.answer(raw.mux.opened.popleft(), None)
    credits = [frames.read_answer(payload)[1] for kind, _, _, payload in raw.received() if kind == ANSWER]
    assert credits[0] == 64 * 1024 and credits[-1] == 8 * 1024 and sum(credits) == 512 * 1024 + 200 * 8 * 1024
    for number in range(1, 400, 2):
        raw.send(ABORT, 0, number, REASON)
    raw.open(401)
    raw.mux.answer(raw.mux.opened.popleft(), None)
    assert frames.read_answer(raw.received()[-1][3])[1] == 64 * 1024


def test_the_urgent_goes_first_and_nobody_starves():
    raw, halves = Raw(), []
    for number, priority in ((1, BULK), (3, LEDGER), (5, CONTROL)):
        raw.send(OPEN, frames.flags_of_open(priority, False), number, frames.request("x", {}, 1 << 30))
        half = raw.mux.opened.popleft()
        assert half.priority == priority
        raw.mux.answer(half, None)
        raw.received()
        halves.append(half)
    for half in halves:
        raw.mux.send(half, bytes(64 * 65513))
    order = [stream for kind, _, stream, _ in raw.received() if kind == DATA]
    assert order[:15] == [3] * 15 and order.count(1) == order.count(3) == order.count(5) == 64
    first = order[:70]
    assert 3 <= first.count(5) <= 6 and 3 <= first.count(1) <= 6


def test_streams_of_one_urgency_take_turns_and_messages_go_whole():
    a, b = pair()
    one, two = opened(a, b)[0], opened(a, b)[0]
    one.credit = two.credit = 1 << 30
    a.send(one, bytes(3 * 65513))
    a.send(two, bytes(3 * 65513))
    a.open("big", {"x": bytes(200_000)}, NORMAL, True)
    a.open("big", {"x": bytes(200_000)}, NORMAL, True)
    kinds = [(kind, stream) for kind, _, stream, _ in raw_frames(a)]
    assert kinds[:2] == [(DATA, 1), (DATA, 3)]
    assert kinds[2:10] == [(OPEN, 5)] * 4 + [(OPEN, 7)] * 4
    assert kinds[10:14] == [(DATA, 1), (DATA, 3)] * 2


def raw_frames(mux):
    """What a Mux of pair() sends, read with its peer's key as it is after what was carried."""
    from leither_edge.crypto.noise.cipher_state import CipherState

    from .muxes import ONE

    cipher, found = CipherState(ONE), []
    cipher.nonce = mux._out._cipher.nonce
    while (view := mux.fill(1 << 20, 0)) is not None:
        data = bytes(view)
        while data:
            size = frames.LENGTH.unpack_from(data)[0]
            plain, data = cipher.decrypt(data[2 : 2 + size]), data[2 + size :]
            found.append((*frames.HEADER.unpack_from(plain), plain[frames.HEADER.size :]))
    return found


def test_what_is_on_its_way_when_a_stream_is_broken_off_does_no_harm():
    a, b = pair()
    half, other = opened(a, b)
    b.send(other, bytes(30_000))
    a.abort(half, "enough")
    assert a.streams == (0, 0)
    carry(a, b)
    assert (b.closed, a.closed, other.end[0], b.streams) == (None, None, "enough", (0, 0))
    # The peer's word came: nothing is remembered of it.
    assert a._streams.leaving_count == b._streams.leaving_count == 0
    # Both at once.
    half, other = opened(a, b)
    a.abort(half, "a")
    b.abort(other, "b")
    carry(a, b)
    assert a.closed is b.closed is None and a._streams.leaving_count == b._streams.leaving_count == 0
    # Before its first frame is out, nobody hears of it.
    a.abort(a.open("x", {}, NORMAL, True), "never mind")
    carry(a, b)
    assert not b.opened and a.streams == (0, 0)
    # An answer on its way to a call that was given up.
    half, other = opened(a, b, is_call=True)
    b.answer(other, 1)
    a.abort(half, "late")
    carry(a, b)
    assert a.closed is b.closed is None and a._streams.leaving_count == 0 and b.streams == (0, 0)


def test_messages_that_cbor_does_not_hold_change_nothing():
    a, b = pair()
    for arguments in ({"x": 1.5}, {"x": bytes(300_000)}, object()):
        with pytest.raises(ValueError):
            a.open("x", arguments, NORMAL, False)
    assert a.streams == (0, 0) and a._streams._spare == 2 * Limits().window_bytes
    half, other = opened(a, b, is_call=True)
    with pytest.raises(ValueError):
        b.answer(other, 1.5)
    b.refuse(other, "x" * 100, "y" * 1000, {"z": 1.5})
    carry(a, b)
    assert half.refusal == ["x" * frames.CODE_MAX, "y" * frames.SENTENCE_MAX, {}]


def test_bytes_are_accounted_to_services_and_none_is_forgotten():
    a, b = pair()
    assert a.take_traffic().keys() == b.take_traffic().keys() == {"channel"}
    half, other = opened(a, b, arguments={"x": bytes(1000)})
    a.send(half, bytes(50_000))
    carry(a, b)
    other.take(None)
    b.taken(other)
    carry(a, b)
    traffic = a.take_traffic()
    sent, received = traffic.pop("x")
    assert 51_000 < sent < 51_200 and 0 < received < 200 and traffic == {} == a.take_traffic()
    assert b.take_traffic() == {"x": (received, sent)}
    # Refusals, pings, ends: whoever sends more is the one who sent more.
    a.open("y", {}, NORMAL, True)
    carry(a, b)
    b.refuse(b.opened.popleft(), "no", "No.")
    a.abort(half, "enough")
    a.ping(bytes, 1.0)
    carry(a, b, now=outbox.KEY_S * 2)
    carry(a, b)
    one, other = a.take_traffic().values(), b.take_traffic().values()
    assert [sum(column) for column in zip(*one, strict=True)] == [sum(column) for column in zip(*other, strict=True)][::-1]
