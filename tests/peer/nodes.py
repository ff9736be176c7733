"""Real nodes in temp folders: each with a content store, a key, a channel key and a listening port on this machine.

    async with open_nodes(tmp_path, "anna", "ben", friends=True) as (anna, ben):
        channel = await anna.connect(ben)

A Node has peers (Peers), services (add your own before somebody calls), library, key, counters, address (text).
"""

from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import trio

from leither_edge import profile
from leither_edge.crypto.node_key import load_or_create
from leither_edge.flow.tables import ALL
from leither_edge.mimei.library import open_library
from leither_edge.observe.counters import Counters
from leither_edge.peer.channel import credential
from leither_edge.peer.peers import Peers
from leither_edge.peer.services import Services

PROFILE = profile.load("pi-zero")


class Node:
    """One node; see open_node."""

    def __init__(self, name, folder, library, peers, services, counters):
        self.name, self.folder, self.library, self.peers, self.services, self.counters = name, folder, library, peers, services, counters
        self.key, self.id, self.public_key = library.node_key, library.node_key.id, library.node_key.public_key
        self.address = None

    async def connect(self, other):
        """The Channel to another Node, by its key and address."""
        return await self.peers.connect(other.public_key, addresses=[other.address] if other.address else [])

    async def befriend(self, other, **more):
        """Name another Node a friend, with its address."""
        addresses = [other.address] if other.address else []
        return await self.peers.book.put(
            public_key=other.public_key, **{"name": other.name, "addresses": addresses, "state": "friend", **more}
        )


@asynccontextmanager
async def open_node(folder, name="node", *, limits=PROFILE, hosts=("127.0.0.1",), port=0, log=None, network=None, services=None):
    """A Node over the folder, made or opened again; it listens on hosts (none: it only connects) until the end.

    limits: a Profile. The library's `run` goes on beside.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    counters, services = Counters(), services or Services()
    key = load_or_create(folder / "node.key")
    channel_key = credential.load_or_create(folder / credential.FILE_NAME, key)
    with open_library(str(folder), limits, key, counters=counters, log=log, more_tables=ALL) as library:
        options = {} if network is None else {"network": network}
        peers = Peers(library, channel_key, limits, services, counters=counters, log=log, **options)
        node = Node(name, folder, library, peers, services, counters)
        async with trio.open_nursery() as nursery:
            await nursery.start(peers.run)
            nursery.start_soon(library.run)
            try:
                if hosts:
                    host, at = (await peers.listen(hosts, port))[0]
                    node.address = f"[{host}]:{at}" if ":" in host else f"{host}:{at}"
                yield node
            finally:
                nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_nodes(folder, *names, friends=False, **options):
    """Nodes of these names in folders of their own; friends: each names all others friends. options: of open_node."""
    async with AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(open_node(Path(folder) / name, name, **options)) for name in names]
        if friends:
            for node in nodes:
                for other in nodes:
                    if other is not node:
                        await node.befriend(other)
        yield nodes
