"""Nodes in temp folders that back each other up over channels in memory, which may be cut."""

from contextlib import ExitStack, asynccontextmanager

import trio
from trio.testing import memory_stream_pair

from leither_edge.core.ids import key_id
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.crypto.noise.cipher_state import CipherState
from leither_edge.flow.backup.bringing import Bringing
from leither_edge.flow.backup.holder import Holder
from leither_edge.flow.backup.keeping import Keeping
from leither_edge.flow.backup.leaving import Leaving
from leither_edge.flow.blocks_service import BlocksService
from leither_edge.flow.fetch import Fetcher
from leither_edge.flow.tables import ALL
from leither_edge.mimei.library import open_library
from leither_edge.mimei.sealed.sealing import SealedBlocks
from leither_edge.observe.counters import Counters
from leither_edge.peer.channel.limits import Limits
from leither_edge.peer.connection import Channel, Remote
from leither_edge.peer.errors import Unreachable
from leither_edge.peer.services import Services
from tests.mimei.library.people import Clock, profile
from tests.peer.pair import KEYS

OWNER = KeyPair(b"o" * 32)
HELD_MIB = 64


class Node:
    """A node. Attributes: library, sealed, keeping, holder, bringing; friends: {node id} of whose backups are held here."""

    def __init__(self, folder, seed, world, held_mib=HELD_MIB, labels_open=False):
        self.key, self.world, self.is_online = KeyPair(bytes([seed]) * 32), world, True
        self.counters, self.friends, self.asked = Counters(), set(), 0
        self.library = open_library(str(folder), profile(), self.key, counters=self.counters, clock=world.clock, more_tables=ALL)
        self.library.labels_open = labels_open
        library = self.library
        self.sealed = SealedBlocks(library.blocks, library.store, library.held, library.random_bytes)
        self.services = Services()
        self.blocks = BlocksService(library, sealed=self.sealed)
        self.blocks.add_to(self.services)
        fetcher = Fetcher(library)
        self.holder = Holder(library, fetcher, held_mib, self.friends.__contains__, counters=self.counters)
        self.holder.add_to(self.services)
        self.keeping = Keeping(library, self.sealed, self.connect, lambda: [OWNER.public_key])
        self.bringing = Bringing(library, self.sealed, self.connect)
        self.leaving = Leaving(library, self.sealed, self.connect, self.bringing)

    async def connect(self, public_key):
        return await self.world.connect(self, public_key)

    def close(self):
        self.library.close()


class World:
    """Nodes by their keys, and the channels between them."""

    def __init__(self, nursery):
        self.nursery, self.clock = nursery, Clock()
        self.nodes, self.open = {}, {}
        self.wrap = None
        self.hashes = 0

    def add(self, folder, seed, **options):
        node = Node(folder, seed, self, **options)
        self.nodes[node.key.public_key] = node
        return node

    async def connect(self, asker, public_key):
        node = self.nodes.get(public_key)
        await trio.lowlevel.checkpoint()
        if node is None or not node.is_online:
            raise Unreachable("The node is switched off.")
        known = self.open.get((asker, public_key))
        if known is not None and known[0].is_open:
            return known[0]
        ours, theirs = memory_stream_pair()
        if self.wrap is not None:
            ours = self.wrap(ours)
        one, two = KEYS
        self.hashes += 1
        name = self.hashes.to_bytes(32, "big")
        there = Remote(public_key, node.key.id, "holder", True, None)
        is_friend = asker.key.id in node.friends
        here = Remote(asker.key.public_key, asker.key.id, "asker", is_friend, None)
        a = Channel(ours, CipherState(one), CipherState(two), True, there, asker.services, Limits(), hash=name)
        b = Channel(theirs, CipherState(two), CipherState(one), False, here, node.services, Limits(), hash=name)
        await self.nursery.start(a.run)
        await self.nursery.start(b.run)
        self.open[asker, public_key] = a, b, ours
        return a

    async def cut(self):
        """Ends all channels without a word."""
        channels, self.open = self.open, {}
        for _, _, stream in channels.values():
            await trio.aclose_forcefully(stream)


@asynccontextmanager
async def world():
    """``async with world() as World``."""
    async with trio.open_nursery() as nursery:
        with ExitStack() as stack:
            found = World(nursery)
            try:
                yield found
            finally:
                nursery.cancel_scope.cancel()
                for node in found.nodes.values():
                    stack.callback(node.close)


def befriend(a, b):
    """Each holds the other's backups."""
    a.friends.add(key_id(b.key.public_key))
    b.friends.add(key_id(a.key.public_key))
