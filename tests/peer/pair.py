"""Two ends of a channel in one process: real Noise and real streams over a connection in memory."""

from contextlib import asynccontextmanager

import trio
from trio.testing import memory_stream_pair

from leither_edge.core.ids import key_id
from leither_edge.crypto.noise.cipher_state import CipherState
from leither_edge.peer.channel.limits import Limits
from leither_edge.peer.connection import Channel, Remote
from leither_edge.peer.services import Services

KEYS = bytes(range(32)), bytes(range(32, 64))


def remote(seed, name=None, is_friend=True, address=None):
    """A Remote with a made-up public key. Args: seed (0 to 255)."""
    public_key = bytes([seed]) * 32
    return Remote(public_key, key_id(public_key), name, is_friend, address)


@asynccontextmanager
async def channel_pair(services_a=None, services_b=None, *, streams=None, limits=None, peer_a=None, peer_b=None, **options):
    """``async with channel_pair(services_a, services_b) as (a, b)``: a is the initiator; services_a are what b may ask of a.

    Args: streams (two trio streams that are connected; in memory if None), limits (of both sides), peer_a and peer_b (Remote: who a and b
    are to the other), options (of Channel, for both).
    """
    stream_a, stream_b = streams or memory_stream_pair()
    limits = limits or Limits()
    one, two = KEYS
    peer_a, peer_b = peer_a or remote(1, "a"), peer_b or remote(2, "b")
    a = Channel(stream_a, CipherState(one), CipherState(two), True, peer_b, services_a or Services(), limits, hash=bytes(32), **options)
    b = Channel(stream_b, CipherState(two), CipherState(one), False, peer_a, services_b or Services(), limits, hash=bytes(32), **options)
    async with trio.open_nursery() as nursery:
        await nursery.start(a.run)
        await nursery.start(b.run)
        try:
            yield a, b
        finally:
            with trio.CancelScope(shield=True), trio.move_on_after(5):
                await a.aclose()
            nursery.cancel_scope.cancel()
