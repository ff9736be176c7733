"""What a peer that means harm can make a channel hold, or do."""

import tracemalloc
from types import SimpleNamespace

import pytest
import trio

from leither_edge.core import cbor
from leither_edge.peer.channel import frames
from leither_edge.peer.channel.errors import CallTimedOut, Refused
from leither_edge.peer.channel.frames import ABORT, CALL, DATA, END, MORE, OPEN
from leither_edge.peer.channel.limits import MESSAGE_MAX_BYTES, MESSAGE_MAX_ITEMS, NORMAL, Limits
from leither_edge.peer.services import Services
from tests.peer.pair import channel_pair

from .muxes import Raw
from .test_trouble import in_mock_time

REASON = frames.reason("x", "y")


@pytest.mark.parametrize("item", [b"\xa0", b"\x81\x00", b"\xa1\x00\x80"])
def test_a_message_of_a_hundred_thousand_empty_things_is_not_made(item):
    count = (MESSAGE_MAX_BYTES - 20) // len(item)
    message = b"\x83\x61x\x9a" + count.to_bytes(4, "big") + item * count + b"\x00"
    raw = Raw()
    tracemalloc.start()
    try:
        for at in range(0, len(message), frames.PAYLOAD_MAX_BYTES):
            piece = message[at : at + frames.PAYLOAD_MAX_BYTES]
            raw.send(OPEN, CALL | END | (MORE if at + len(piece) < len(message) else 0), 1, piece)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert raw.mux.closed[0] == "message" and most < 6 * MESSAGE_MAX_BYTES


def test_a_message_of_too_many_things_is_not_sent():
    for value in ([0] * MESSAGE_MAX_ITEMS, [[]] * MESSAGE_MAX_ITEMS, dict.fromkeys(range(MESSAGE_MAX_ITEMS // 2))):
        with pytest.raises(cbor.CborError) as caught:
            frames.request("x", value, 0)
        assert caught.value.code == "too-many"
    assert frames.read_request(frames.request("x", [0] * (MESSAGE_MAX_ITEMS - 3), 0))[0] == "x"


def test_requests_that_are_taken_back_at_once_hold_nothing():
    raw = Raw(Limits(streams_max=4, opens_per_s=100))
    for number in (1, 3):
        raw.call(number)
    assert raw.mux.next_request(0.0, False).number == 1 and raw.mux.next_request(0.0, False) is None
    for number in range(5, 1000, 2):
        raw.call(number, "taken.back", {"x": bytes(1000)})
        raw.send(ABORT, 0, number, REASON)
        raw.received()
    assert raw.mux.closed is None and len(raw.mux.opened) == 1


def test_names_that_a_peer_makes_up_are_in_no_account():
    raw = Raw(Limits(streams_max=4, opens_per_s=100))
    for number in range(1, 60, 2):
        raw.call(number, f"\x1b[2J{number}")
        raw.mux.take_traffic()
        raw.send(ABORT, 0, number, REASON)
        assert set(raw.mux.take_traffic()) <= {"channel"}


def test_bytes_sent_one_by_one_cost_no_more_than_others():
    raw = Raw(Limits(window_bytes=64 << 10))
    raw.open(1)
    half = raw.mux.next_request(0.0, True)
    raw.mux.answer(half, {})
    for at in range(20_000):
        raw.send(DATA, 0, 1, bytes([at & 255]))
    assert half.arrived == 20_000 and len(half.inbox) <= 8
    assert b"".join(half.take(None) for _ in range(len(half.inbox))) == bytes(at & 255 for at in range(20_000))


@pytest.mark.parametrize("is_call", [True, False])
def test_nothing_comes_before_the_answer(is_call):
    raw = Raw()
    raw.mux.open("x", {}, NORMAL, is_call)
    raw.received()
    assert raw.send(DATA, END, 2, b"").closed[0] == "credit"


@in_mock_time
async def test_who_takes_requests_back_has_no_more_of_them_at_work():
    gate, at_work, most, done = trio.Event(), 0, 0, 0

    async def stubborn(call):
        nonlocal at_work, most, done
        at_work += 1
        most = max(most, at_work)
        with trio.CancelScope(shield=True):
            await gate.wait()
        at_work, done = at_work - 1, done + 1

    made = Services()
    made.add("stubborn", stubborn)
    async with channel_pair(None, made, limits=Limits(streams_max=4)) as (a, b):
        for _ in range(20):
            with pytest.raises(CallTimedOut):
                await a.call("stubborn", timeout_s=0.1)
        gate.set()
        assert most == 4
        assert await a.call("stubborn") is None and done == 5


@in_mock_time
async def test_a_stream_whose_end_is_not_awaited_is_given_back():
    async def deaf(call):
        await call.stream.accept()
        await trio.sleep_forever()

    made = Services()
    made.add("deaf", deaf, is_stream=True)
    async with channel_pair(None, made, limits=Limits(streams_max=4)) as (a, b):
        with trio.move_on_after(1):
            async with a.open("deaf") as stream:
                await stream.send(bytes(200_000))
        await trio.sleep(1)
        assert a.streams == b.streams == (0, 0)


@in_mock_time
async def test_arguments_are_a_map():
    async def reader(call):
        return call.arguments.get("x")

    faults = []
    made = Services()
    made.add("reader", reader)
    log = SimpleNamespace(error=lambda *what, **fields: faults.append(what))
    async with channel_pair(None, made, log=log) as (a, b):
        for arguments in ([], "x", 1, b"x", [{"x": 1}]):
            with pytest.raises(Refused) as caught:
                await a.call("reader", arguments)
            assert caught.value.code == "bad-call"
        assert await a.call("reader", {"x": 1}) == 1 and not faults
