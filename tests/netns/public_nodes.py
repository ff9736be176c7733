"""Nodes of a closed DHT network on public addresses, the first being everybody's entrance: ``NETWORK ADDRESS...``.

Says "ready" when all have joined, have found that they can be reached, and know each other, as nodes do that have been there for
long; runs until it is ended.
"""

import contextlib
import sys

import trio

from leither_edge.dht import Settings, open_dht
from leither_edge.observe.counters import Counters
from leither_edge.observe.log import Log

PORT = 6881
JOIN_S = 5


async def serve(network, addresses):
    async with contextlib.AsyncExitStack() as nodes:
        opened = []
        for address in addresses:
            entrance = () if address == addresses[0] else ((addresses[0], PORT),)
            settings = Settings(network=network, hosts=(address,), port=PORT, bootstrap=entrance)
            dht = await nodes.enter_async_context(open_dht(settings, counters=Counters(), log=Log(lambda line: None)))
            await dht.joined(JOIN_S)
            opened.append(dht)
        while not all(dht.stat()["ipv4"]["is_server"] for dht in opened):
            await trio.sleep(0.5)
        for dht in opened if len(opened) > 1 else ():
            await dht.lookup(bytes.fromhex(dht.stat()["ipv4"]["id"]))
        print("ready", flush=True)
        await trio.sleep_forever()


if __name__ == "__main__":
    trio.run(serve, bytes.fromhex(sys.argv[1]), sys.argv[2:])
