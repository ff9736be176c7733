"""The node that is attacked: prints where it listens, then a line of figures for each line that it reads. Ends with its standard input."""

import json
import sys
import tempfile

import trio

from leither_edge import profile
from tests.peer.nodes import open_node


async def echo(call):
    return call.arguments


async def sink(call):
    """Takes bytes; the length of all of them at the end."""
    await call.stream.accept({})
    total = 0
    while data := await call.stream.receive():
        total += len(data)
    await call.stream.send(str(total).encode())


async def never(call):
    await trio.sleep_forever()


def figures(node):
    counted = {}
    for name, (_, _, series) in node.counters.snapshot().items():
        if name.startswith("peer"):
            counted[name] = {labels[0][1] if labels else "": value for labels, value in series}
    return {"counters": counted, "half_open": len(node.peers.half_open), "channels": len(node.peers.channels())}


async def main(hosts, friends, profile_name):
    with tempfile.TemporaryDirectory() as folder:
        async with open_node(folder, "attacked", limits=profile.load(profile_name), hosts=hosts) as node:
            node.services.add("echo", echo, for_strangers=True)
            node.services.add("never", never, for_strangers=True)
            node.services.add("sink", sink, is_stream=True, for_strangers=True)
            for number, public_key in enumerate(friends):
                await node.peers.book.put(public_key=public_key, name=f"friend {number}", state="friend")
            key = node.peers.channel_key
            where = {"port": int(node.address.rpartition(":")[2]), "key": key.public_key.hex(), "static": key.pair.public.hex()}
            print(json.dumps(where), flush=True)
            while await trio.to_thread.run_sync(sys.stdin.readline):
                print(json.dumps(figures(node)), flush=True)


if __name__ == "__main__":
    trio.run(main, sys.argv[2].split(","), [bytes.fromhex(each) for each in sys.argv[3].split(",")], sys.argv[1])
