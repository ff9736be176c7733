"""Channels over TCP for what is measured: a real handshake, then the channel, and nothing of an address book around them."""

from contextlib import asynccontextmanager

import trio

from leither_edge.core.ids import key_id
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.crypto.sodium import random_bytes
from leither_edge.peer.channel.credential import ChannelKey
from leither_edge.peer.channel.handshake import Initiator, Responder
from leither_edge.peer.channel.handshake_errors import HandshakeFailed
from leither_edge.peer.channel.limits import Limits
from leither_edge.peer.connection import Channel, Remote
from leither_edge.peer.services import Services


def channel_key(seed):
    """The ChannelKey of a made-up node. Args: seed (0 to 255)."""
    return ChannelKey(bytes([seed]) * 32, KeyPair(bytes([seed ^ 0x80]) * 32))


async def shake(stream, side):
    """Carries a handshake over a stream to its end; returns the Established."""
    if isinstance(side, Initiator):
        await stream.send_all(side.begin())
    while side.established is None:
        data = await stream.receive_some(4096)
        if not data:
            side.end_of_input()
        answer = side.receive(data)
        if answer:
            await stream.send_all(answer)
    return side.established


def made(stream, side, services, window_bytes):
    """The Channel after a handshake; not running yet."""
    found = side.established
    remote = Remote(found.public_key, key_id(found.public_key), None, True, None)
    return Channel(
        stream, found.sending, found.receiving, isinstance(side, Initiator), remote, services, Limits(window_bytes=window_bytes),
        hash=found.hash, leftover=side.leftover,
    )  # fmt: skip


async def listen(key, services, window_bytes, port=0, *, task_status=trio.TASK_STATUS_IGNORED):
    """Takes connections at a loopback address, whose port is told when it is open. Args: port (0: a free one)."""

    async def serve(stream):
        side = Responder(key, random_bytes)
        try:
            await shake(stream, side)
        except (OSError, trio.BrokenResourceError, HandshakeFailed):
            return
        await made(stream, side, services, window_bytes).run()

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(port, host="127.0.0.1")
        task_status.started(listeners[0].socket.getsockname()[1])
        await trio.serve_listeners(serve, listeners, handler_nursery=nursery)


async def shaken(stream, key, window_bytes, services=None):
    """The Channel that begins with a stream to a node; not running yet."""
    side = Initiator(key, random_bytes)
    await shake(stream, side)
    return made(stream, side, services or Services(), window_bytes)


@asynccontextmanager
async def connected(port, key, window_bytes, services=None):
    """``async with connected(port, key, window_bytes) as channel``."""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    channel = await shaken(stream, key, window_bytes, services)
    async with trio.open_nursery() as nursery:
        await nursery.start(channel.run)
        yield channel
        await channel.aclose()
