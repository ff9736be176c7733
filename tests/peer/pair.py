"""Two ends of a channel in one process: real Noise and real streams over a connection in memory."""

from contextlib import asynccontextmanager

import trio
from trio.testing import memory_stream_pair

from leither_edge.core.ids import key_id
from leither_edge.peer.channel.limits import Limits
from leither_edge.peer.connection import Channel, Remote
from leither_edge.peer.services import Services
from tests.peer.channel.two_nodes import ALICE, BOB, initiator, responder, shaken

# Two secrets for those who only need a channel's ciphers.
KEYS = bytes(range(32)), bytes(range(32, 64))


def remote(key, name=None, is_friend=True, address=None):
    """The Remote of a made-up node. Args: key (ChannelKey)."""
    return Remote(key.public_key, key_id(key.public_key), name, is_friend, address)


def as_friend(key=ALICE):
    return remote(key, is_friend=True)


def as_stranger(key=ALICE):
    return remote(key, is_friend=False)


@asynccontextmanager
async def channel_pair(services_a=None, services_b=None, *, streams=None, limits=None, peer_a=None, peer_b=None, **options):
    """``async with channel_pair(services_a, services_b) as (a, b)``: a is the initiator; services_a are what b may ask of a.

    Args: streams (two trio streams that are connected; in memory if None), limits (of both sides), peer_a and peer_b (Remote: who a and b
    are to the other; friends if None), options (of Channel, for both).
    """
    stream_a, stream_b = streams or memory_stream_pair()
    known, met = shaken(initiator(), responder())
    limits = limits or Limits()
    a = Channel(stream_a, known.sending, known.receiving, True, peer_b or remote(BOB, "b"), services_a or Services(), limits,
                hash=known.hash, **options)  # fmt: skip
    b = Channel(stream_b, met.sending, met.receiving, False, peer_a or remote(ALICE, "a"), services_b or Services(), limits,
                hash=met.hash, **options)  # fmt: skip
    async with trio.open_nursery() as nursery:
        await nursery.start(a.run)
        await nursery.start(b.run)
        try:
            yield a, b
        finally:
            with trio.CancelScope(shield=True), trio.move_on_after(5):
                await a.aclose()
            nursery.cancel_scope.cancel()
