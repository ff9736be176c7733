"""Libraries in temp folders, and channels between them that end and begin again, for tests of what flows."""

from contextlib import asynccontextmanager

import trio
from trio.testing import memory_stream_pair

from leither_edge.core.ids import key_id
from leither_edge.crypto.noise.cipher_state import CipherState
from leither_edge.flow.blocks_service import BlocksService
from leither_edge.flow.providers import ChannelProvider
from leither_edge.peer.channel.limits import Limits
from leither_edge.peer.connection import Channel, Remote
from leither_edge.peer.errors import Unreachable
from leither_edge.peer.services import Services
from tests.peer.pair import KEYS

MIB = 1 << 20
# What a slow stream gives at once.
PIECE_BYTES = 256 << 10


def public_key(seed):
    """A made-up public key. Args: seed (0 to 255)."""
    return bytes([seed]) * 32


class Giver:
    """A node that gives blocks: its service, and connections to it in memory, each of which may be killed.

    Args: library, seed (of its made-up key), nursery, is_friend (what it takes the asker for), options (of BlocksService).
    is_online: False: it is not reached. wrap: function of the asker's stream end, for what a test does to what goes over it.
    """

    def __init__(self, library, seed, nursery, is_friend=True, **options):
        self.name, self.key = f"node {seed}", public_key(seed)
        self.service = BlocksService(library, **options)
        self.services = Services()
        self.service.add_to(self.services)
        self.is_online, self.is_friend, self.wrap = True, is_friend, None
        self.channels, self.connects = [], 0
        self._nursery = nursery

    async def connect(self):
        """A channel to it. Raises Unreachable."""
        self.connects += 1
        await trio.lowlevel.checkpoint()
        if not self.is_online:
            raise Unreachable("The node is switched off.")
        ours, theirs = memory_stream_pair()
        if self.wrap is not None:
            ours = self.wrap(ours)
        one, two = KEYS
        asker = Remote(public_key(0), key_id(public_key(0)), "asker", self.is_friend, None)
        giver = Remote(self.key, key_id(self.key), self.name, True, None)
        there = Channel(theirs, CipherState(two), CipherState(one), False, asker, self.services, Limits())
        here = Channel(ours, CipherState(one), CipherState(two), True, giver, Services(), Limits())
        await self._nursery.start(there.run)
        await self._nursery.start(here.run)
        self.channels = [channel for channel in self.channels if channel[0].is_open] + [(here, there, ours)]
        return here

    async def kill(self):
        """Ends all connections without a word."""
        channels, self.channels = self.channels, []
        for _, _, stream in channels:
            await trio.aclose_forcefully(stream)

    def provider(self, mids=()):
        """The provider of a fetch."""
        return ChannelProvider(self.key, self.name, self.connect, mids)


@asynccontextmanager
async def givers(*libraries, **options):
    """``async with givers(library, ...) as [Giver]``."""
    async with trio.open_nursery() as nursery:
        try:
            yield [Giver(library, seed, nursery, **options) for seed, library in enumerate(libraries, 1)]
        finally:
            nursery.cancel_scope.cancel()


class Flow(trio.abc.Stream):
    """A stream whose incoming side is slow, or stops, or ends.

    Args: stream, rate (bytes a second; None: as it comes), stop_after, end_after (bytes after which nothing comes any more; None: never).
    """

    def __init__(self, stream, rate=None, stop_after=None, end_after=None):
        self._stream, self._rate, self._stop_after, self._end_after = stream, rate, stop_after, end_after
        self._count = self._owed = 0

    async def receive_some(self, max_bytes=None):
        most = min(max_bytes or 65536, 65536)
        for bound in (self._stop_after, self._end_after):
            if bound is not None:
                most = min(most, bound - self._count)
        if not most:
            if self._end_after is not None:
                return b""
            await trio.sleep_forever()
        data = await self._stream.receive_some(most)
        self._count += len(data)
        self._owed += len(data)
        if self._rate and self._owed > min(PIECE_BYTES, self._rate):
            # In pieces, as each pause costs the clock that jumps some real time.
            await trio.sleep(self._owed / self._rate)
            self._owed = 0
        return data

    async def send_all(self, data):
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self):
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self):
        await self._stream.aclose()
