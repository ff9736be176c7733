"""Real nodes with all that flows between them: their owner's key is the node's, as on a laptop."""

from contextlib import asynccontextmanager

import trio

from leither_edge.flow.flow import Flow
from leither_edge.mimei import info
from tests.mimei.library.people import read, write  # noqa: F401
from tests.peer.nodes import open_nodes

WITHIN_S = 20


class Flowing:
    """A node. Attributes: those of tests.peer.nodes.Node, flow, session (its owner's), heard ([(mid, number)] recorded here)."""

    def __init__(self, node, flow):
        self.node, self.flow, self.library, self.peers = node, flow, node.library, node.peers
        self.key, self.public_key, self.id, self.name, self.address = node.key, node.public_key, node.id, node.name, node.address
        self.session = node.library.local_session(node.key)
        self.heard, self._told = [], trio.Event()
        token = trio.lowlevel.current_trio_token()
        node.library.listeners.append(lambda mid, number: token.run_sync_soon(self._hear, mid, number))

    def _hear(self, mid, number):
        self.heard.append((mid, number))
        self._told.set()

    async def in_thread(self, function, *arguments):
        return await trio.to_thread.run_sync(lambda: function(*arguments))

    async def until(self, condition):
        """Waits until something is so, looked at whenever a version was recorded here, and now and then."""
        with trio.fail_after(WITHIN_S):
            while not condition():
                self._told = trio.Event()
                with trio.move_on_after(0.05):
                    await self._told.wait()

    async def made(self, *texts, mid=None, data_type=info.FILES):
        """A MiMei of the owner with a version for each text; its mid."""
        library = self.library
        if mid is None:
            mid = await self.in_thread(lambda: library.create(self.session, data_type=data_type))
        for text in texts:
            await self.in_thread(write, library, self.session, mid, text)
            await self.in_thread(library.backup, self.session, mid)
        return mid

    async def read(self, mid, version="last"):
        """What a version holds."""
        return await self.read_as(self.session, mid, version)

    async def read_as(self, session, mid, version="last"):
        """The same, for another session."""
        return await self.in_thread(read, self.library, session, mid, version)

    def last(self, mid):
        """The number of the last version here, None where there is none."""
        return next((number for found, number in reversed(self.heard) if found == mid), None)


@asynccontextmanager
async def flowing(folder, *names, friends=True, flow=None, **options):
    """Flowing nodes, each running. Args: flow (options of Flow), options (of open_node)."""
    async with open_nodes(folder, *names, friends=friends, **options) as nodes:
        async with trio.open_nursery() as nursery:
            found = []
            for node in nodes:
                made = Flow(node.library, node.peers, counters=node.counters, **(flow or {}))
                await nursery.start(made.run)
                found.append(Flowing(node, made))
            yield found
            nursery.cancel_scope.cancel()
