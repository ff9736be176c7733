"""A node that asks another one by its public key through whatever way it finds: ``NETWORK ENTRANCE KEY TEXT...``.

Prints JSON: the address where it met it, the hash that names the channel on both ends, how often it asked. Each text is sent as the
argument of a call to which there is no service, so that it crosses the whole way.
"""

import json
import os
import sys
import tempfile

import trio

from leither_edge import profile
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.dht import Settings, open_dht
from leither_edge.flow.tables import ALL
from leither_edge.mimei.library import open_library
from leither_edge.observe.counters import Counters
from leither_edge.observe.log import Log
from leither_edge.peer.channel.errors import Refused
from leither_edge.peer_node import open_peer_node

JOIN_S, LIMIT_S = 15, 60


async def ask(network, host, port, key, texts):
    limits, counters, log = profile.load("pi-zero"), Counters(), Log(lambda line: None)
    settings = Settings(network=network, hosts=("0.0.0.0",), bootstrap=((host, port),), read_only=True)
    with tempfile.TemporaryDirectory() as folder, trio.fail_after(LIMIT_S):
        with open_library(folder, limits, KeyPair(os.urandom(32)), counters=counters, more_tables=ALL) as library:
            async with open_dht(settings, counters=counters, log=log) as dht:
                await dht.joined(JOIN_S)
                async with open_peer_node(library, folder, limits, dht=dht, counters=counters, log=log) as node:
                    channel = await node.peers.connect(key)
                    for text in texts:
                        try:
                            await channel.call("nothing", {"text": text})
                        except Refused:
                            pass
                    print(json.dumps({"address": channel.peer.address, "hash": channel.hash.hex(), "asked": len(texts)}), flush=True)


if __name__ == "__main__":
    door, _, number = sys.argv[2].rpartition(":")
    trio.run(ask, bytes.fromhex(sys.argv[1]), door, int(number), bytes.fromhex(sys.argv[3]), sys.argv[4:])
