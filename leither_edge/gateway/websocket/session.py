"""The trio edge of WebSockets: messages of one client, each answered before the next is read."""

import trio

from leither_edge.http import Disconnected

from . import frames
from .frames import FrameError, Reader

RECEIVE_BYTES = 65536
# NAT boxes forget a silent connection after a minute or two; a client that is gone is noticed within two of these.
PING_EVERY_S = 45.0


async def talk(duplex, message_max, answer, counters, *, ping_every_s=PING_EVERY_S):
    """Answer text messages until the client closes, breaks a rule, or is silent for two pings.

    Args: duplex (Duplex of an upgraded connection); message_max bytes; answer async (text) -> text, or None for no answer;
    counters with ``add(name, **labels)``.
    """
    reader = Reader(message_max)
    try:
        while True:
            message = reader.next()
            if message is None:
                data = await _receive(duplex, ping_every_s)
                if not data:
                    return
                reader.feed(data)
                continue
            kind, content = message
            if kind == frames.TEXT:
                counters.add("websocket_messages")
                reply = await answer(content)
                if reply is not None:
                    await duplex.send(frames.frame(frames.TEXT, reply.encode()))
            elif kind == frames.PING:
                await duplex.send(frames.frame(frames.PONG, content))
            elif kind == frames.CLOSE:
                await duplex.send(frames.close_frame(frames.NORMAL if content is None else content))
                return
            elif kind == frames.BINARY:
                raise FrameError(1003, "Only text is understood here.")
    except FrameError as error:
        counters.add("websocket_refusals", code=error.code)
        await duplex.send(frames.close_frame(error.code, str(error)))
    except Disconnected:
        counters.add("http_disconnects")


async def _receive(duplex, ping_every_s):
    """Bytes of the client, b"" at its end or when it does not even answer a ping."""
    for is_last in (False, True):
        with trio.move_on_after(ping_every_s):
            return await duplex.receive(RECEIVE_BYTES)
        if not is_last:
            await duplex.send(frames.frame(frames.PING, b""))
    return b""
