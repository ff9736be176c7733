"""WebSocket frames and sessions, with wsproto as the other side."""

import pytest
import wsproto
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto import events
from wsproto.frame_protocol import CloseReason

from leither_edge.gateway.websocket import frames
from leither_edge.gateway.websocket.frames import FrameError, Reader, close_frame, frame
from leither_edge.gateway.websocket.handshake import answer_headers, asks_for_websocket
from leither_edge.gateway.websocket.session import talk
from leither_edge.http import HttpError, Router, Upgrade, text
from tests.http.serving import serving

MESSAGE_MAX = 100_000
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ASK = {"upgrade": "WebSocket", "connection": "keep-alive, Upgrade", "sec-websocket-version": "13", "sec-websocket-key": KEY}


def masked(data, mask=b"\1\2\3\4"):
    """A server's frame as a client would send it."""
    length = data[1]
    at = {126: 4, 127: 10}.get(length, 2)
    body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data[at:]))
    return bytes((data[0], length | 0x80)) + data[2:at] + mask + body


def all_of(data, piece=None, message_max=MESSAGE_MAX):
    reader, found = Reader(message_max), []
    for at in range(0, len(data), piece or len(data) or 1):
        reader.feed(data[at : at + (piece or len(data))])
        while (message := reader.next()) is not None:
            found.append(message)
    return found


# The handshake


def test_the_answer_is_that_of_the_standards_example():
    assert asks_for_websocket(ASK)
    assert dict(answer_headers(ASK))["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize("change", [{"upgrade": "h2c"}, {"connection": "close"}, {"upgrade": ""}])
def test_another_request_is_none(change):
    assert not asks_for_websocket(ASK | change)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"sec-websocket-version": "8"}, 426),
        ({"sec-websocket-key": "dGhl"}, 400),
        ({"sec-websocket-key": "%" * 24}, 400),
        ({"sec-websocket-key": ""}, 400),
    ],
)
def test_a_bad_handshake_is_refused(change, status):
    with pytest.raises(HttpError) as caught:
        answer_headers(ASK | change)
    assert caught.value.status == status


# Frames


@settings(max_examples=40)
@given(st.lists(st.one_of(st.text(max_size=300), st.binary(max_size=300)), max_size=6), st.integers(1, 64))
def test_what_wsproto_sends_is_read(messages, piece):
    client = wsproto.connection.Connection(wsproto.ConnectionType.CLIENT)
    data = b""
    for message in messages:
        cut = len(message) // 2
        for part, is_last in ((message[:cut], False), (message[cut:], True)):
            event = events.TextMessage if isinstance(message, str) else events.BytesMessage
            data += client.send(event(data=part, message_finished=is_last))
        data += client.send(events.Ping(payload=b"hey"))
    data += client.send(events.CloseConnection(code=CloseReason.GOING_AWAY, reason="x"))
    found = all_of(data, piece)
    assert found[-1] == (frames.CLOSE, 1001)
    assert [content for kind, content in found if kind in (frames.TEXT, frames.BINARY)] == messages
    assert [content for kind, content in found if kind == frames.PING] == [b"hey"] * len(messages)


@pytest.mark.parametrize("length", [0, 125, 126, 65535, 65536])
def test_what_is_sent_wsproto_reads(length):
    client = wsproto.connection.Connection(wsproto.ConnectionType.CLIENT)
    client.receive_data(frame(frames.TEXT, b"x" * length) + close_frame(1009, "é" * 100))
    messages, close = [], None
    for event in client.events():
        if isinstance(event, events.TextMessage):
            messages.append(event.data)
        else:
            close = event
    assert "".join(messages) == "x" * length and close.code == 1009
    assert all_of(masked(frame(frames.BINARY, b"y" * length))) == [(frames.BINARY, b"y" * length)]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(frames.TEXT, b"not masked"), 1002),
        (b"\xc1\x80\0\0\0\0", 1002),  # a reserved bit
        (b"\x83\x80\0\0\0\0", 1002),  # a reserved opcode
        (b"\x09\x80\0\0\0\0", 1002),  # a ping in pieces
        (b"\x89\xfe\x00\x7e", 1002),  # a long ping
        (b"\x81\xfe\x00\x05\0\0\0\0hello", 1002),  # a length that is not the shortest
        (b"\x80\x80\0\0\0\0", 1002),  # goes on without having begun
        (b"\x01\x80\0\0\0\0\x81\x80\0\0\0\0", 1002),  # begins within another
        (b"\x81\x82\0\0\0\0\xc3\x28", 1007),
        (b"\x88\x81\0\0\0\0\x03", 1002),
        (b"\x88\x82\0\0\0\0\x03\xed", 1002),  # 1005 must not be sent
        (b"\x88\x83\0\0\0\0\x03\xe8\xff", 1007),
        (b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 1009),
        (b"\x01\x81\0\0\0\0x" + b"\x00\x81\0\0\0\0x" * 2000, 1009),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_refused_with_its_code(data, code):
    with pytest.raises(FrameError) as caught:
        all_of(data)
    assert caught.value.code == code


def test_a_message_in_pieces_is_bounded_as_a_whole():
    piece = masked(frame(frames.CONTINUATION, bytes(60)))
    first = bytes((frames.BINARY,)) + piece[1:]
    more = bytes((frames.CONTINUATION,)) + piece[1:]
    with pytest.raises(FrameError):
        all_of(first + more, message_max=100)
    assert all_of(first + bytes((0x80,)) + more[1:], message_max=120) == [(frames.BINARY, bytes(120))]


# Sessions


def routes(seen):
    router = Router()

    async def answer(message):
        seen.append(message)
        return None if message == "quiet" else message[::-1]

    async def open_it(request):
        if not asks_for_websocket(request.headers):
            return text("no")

        async def talk_on(duplex):
            await talk(duplex, 1000, answer, seen.counters, ping_every_s=seen.ping_every_s)

        return Upgrade(answer_headers(request.headers), talk_on)

    router.add("GET", "/socket", open_it)
    return router


class Seen(list):
    ping_every_s = 60


class Socket:
    """A client by wsproto."""

    def __init__(self, client):
        self.client = client
        self.parser = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)

    async def send(self, event):
        await self.client.send(self.parser.send(event))

    async def next(self):
        while True:
            for event in self.parser.events():
                return event
            data = await self.client.stream.receive_some(65536)
            self.parser.receive_data(data or None)


async def opened(server):
    socket = Socket(await server.connect())
    await socket.send(events.Request(host="a", target="/socket"))
    assert isinstance(await socket.next(), events.AcceptConnection)
    return socket


async def test_messages_are_answered_in_their_order():
    seen = Seen()
    async with serving(routes(seen)) as server:
        seen.counters = server.counters
        socket = await opened(server)
        for message in ("one", "quiet", "two"):
            await socket.send(events.TextMessage(data=message))
        assert (await socket.next()).data == "eno" and (await socket.next()).data == "owt"
        await socket.send(events.Ping(payload=b"there?"))
        assert (await socket.next()).payload == b"there?"
        await socket.send(events.CloseConnection(code=1000))
        assert (await socket.next()).code == 1000
        assert await socket.client.rest() == b""
        assert seen == ["one", "quiet", "two"] and server.counters.get("websocket_messages") == 3


@pytest.mark.parametrize(("event", "code"), [(events.BytesMessage(data=b"x"), 1003), (events.TextMessage(data="x" * 1001), 1009)])
async def test_what_is_not_taken_closes_with_a_reason(event, code):
    seen = Seen()
    async with serving(routes(seen)) as server:
        seen.counters = server.counters
        socket = await opened(server)
        await socket.send(event)
        assert (await socket.next()).code == code
        assert server.counters.get("websocket_refusals", code=code) == 1


async def test_a_client_that_answers_no_ping_is_let_go():
    seen = Seen()
    seen.ping_every_s = 0.01
    async with serving(routes(seen)) as server:
        seen.counters = server.counters
        socket = await opened(server)
        assert isinstance(await socket.next(), events.Ping)
        assert await socket.client.rest() == b""


async def test_a_client_that_answers_pings_stays():
    seen = Seen()
    seen.ping_every_s = 0.3
    async with serving(routes(seen)) as server:
        seen.counters = server.counters
        socket = await opened(server)
        ping = await socket.next()
        await socket.send(ping.response())
        await socket.send(events.TextMessage(data="still"))
        assert (await socket.next()).data == "llits"
        await socket.client.stream.aclose()
