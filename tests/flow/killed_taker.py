"""A node that fetches slowly until it is killed: `killed_taker.py FOLDER PORT LABEL`; it prints how much has come."""

import sys

import trio

from leither_edge.flow.fetch import Fetcher
from leither_edge.flow.providers import ChannelProvider
from leither_edge.mimei.ipld import cid as cids
from tests.bench.flow_parts import edge
from tests.flow.nodes_of_blocks import MIB, Flow
from tests.peer.kept_library import open_kept

USER = b"u" * 20
RATE = 2 * MIB


async def fetch(library, port, root, rate=None, progress=None):
    """Fetched from the node at a port. Args: rate (bytes a second; None: as fast as it goes)."""
    async with trio.open_nursery() as nursery:

        async def connect():
            stream = await trio.open_tcp_stream("127.0.0.1", port)
            channel = await edge.shaken(stream if rate is None else Flow(stream, rate), edge.channel_key(99), 512 << 10)
            await nursery.start(channel.run)
            return channel

        provider = ChannelProvider(edge.channel_key(1).public_key, "giver", connect)
        found = await Fetcher(library).fetch([root], [provider], USER, progress=progress)
        nursery.cancel_scope.cancel()
    return found


def main():
    folder, port, label = sys.argv[1:]
    with open_kept(folder) as library:
        trio.run(lambda: fetch(library, int(port), cids.from_text(label), RATE, lambda done, *_: print(done, flush=True)))


if __name__ == "__main__":
    main()
