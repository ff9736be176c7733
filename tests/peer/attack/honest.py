"""The honest peers: a friend with a channel, a friend who comes again and again, strangers. For each line, what they noticed meanwhile.

Reads {"seconds": s}; writes {calls, call_ms [median, 95th, longest], mb_per_s, friend and stranger {tries, came, ms [median, longest]}}.
"""

import itertools
import json
import os
import statistics
import sys

import trio

from leither_edge.core.ids import key_id
from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.peer.channel.credential import ChannelKey
from leither_edge.peer.channel.handshake import Initiator
from leither_edge.peer.connection import Channel, Remote
from leither_edge.peer.errors import PeerError
from leither_edge.peer.meeting import shake_hands
from leither_edge.peer.services import Services

PIECE = bytes(65536)
CALL_EVERY_S = 0.01
COME_EVERY_S = 0.25
COME_S = 5.0
FRIEND, RETURNING = (ChannelKey(letter * 32, KeyPair(letter * 32)) for letter in (b"f", b"r"))


class Place:
    """Where the node is, and who it is. Args: its line of JSON, host, sources ({who: [addresses of ours]}, or none)."""

    def __init__(self, where, host, sources):
        self.at = host, where["port"]
        self.public_key, self.static = bytes.fromhex(where["key"]), bytes.fromhex(where["static"])
        self._sources = {name: itertools.cycle(addresses) for name, addresses in sources.items()}

    async def stream(self, source):
        sock = trio.socket.socket()
        if self._sources:
            await sock.bind((next(self._sources[source]), 0))
        await sock.connect(self.at)
        return trio.SocketStream(sock)

    async def channel(self, key, source, static, task_status):
        """Run a channel to the node until it ends."""
        stream = await self.stream(source)
        side = Initiator(key, sodium.random_bytes, expected=self.public_key, static=static)
        met, leftover = await shake_hands(side, stream)
        peer = Remote(met.public_key, key_id(met.public_key), None, True, None)
        channel = Channel(stream, met.sending, met.receiving, True, peer, Services(), hash=met.hash, leftover=leftover)
        await channel.run(task_status)


async def call_often(channel, spent):
    while True:
        start = trio.current_time()
        await channel.call("echo", {"n": 1})
        spent.append((trio.current_time() - start) * 1000)
        await trio.sleep(CALL_EVERY_S)


async def send(channel, sent):
    async with channel.open("sink") as stream:
        while True:
            await stream.send(PIECE)
            sent.append(len(PIECE))


async def come_often(place, key_of, source, static, tries, spent, errors):
    while True:
        tries.append(1)
        start = trio.current_time()
        try:
            with trio.fail_after(COME_S):
                async with trio.open_nursery() as nursery:
                    channel = await nursery.start(place.channel, key_of(), source, static)
                    await channel.call("echo", {})
                    spent.append((trio.current_time() - start) * 1000)
                    await channel.aclose()
        except* (PeerError, OSError, trio.TooSlowError, trio.BrokenResourceError) as group:
            errors.append(type(group.exceptions[0]).__name__ + " " + str(getattr(group.exceptions[0], "code", "")))
        await trio.sleep(COME_EVERY_S)


async def measure(place, channel, seconds):
    calls, sent, friend, stranger = [], [], ([], [], []), ([], [], [])
    with trio.move_on_after(seconds):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(call_often, channel, calls)
            nursery.start_soon(send, channel, sent)
            nursery.start_soon(come_often, place, lambda: RETURNING, "returning", place.static, *friend)
            nursery.start_soon(come_often, place, lambda: ChannelKey(os.urandom(32), KeyPair(os.urandom(32))), "stranger", None, *stranger)
    call_ms = [rounded(statistics.median(calls)), rounded(at(calls, 0.95)), rounded(max(calls))] if calls else None
    return {
        "calls": len(calls), "call_ms": call_ms, "mb_per_s": round(sum(sent) / seconds / 1e6, 2), "friend": came(*friend),
        "stranger": came(*stranger),
    }  # fmt: skip


def came(tries, spent, errors):
    # One may be on its way when time is up.
    tried = len(spent) + len(errors)
    ms = [rounded(statistics.median(spent)), rounded(max(spent))] if spent else None
    return {"tries": tried, "came": len(spent), "ms": ms, "errors": errors}


def at(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def rounded(value):
    return round(value, 1)


async def main(where, host, sources):
    place = Place(where, host, sources)
    async with trio.open_nursery() as nursery:
        channel = await nursery.start(place.channel, FRIEND, "friend", place.static)
        print(json.dumps({"is_open": True}), flush=True)
        while line := await trio.to_thread.run_sync(sys.stdin.readline):
            found = await measure(place, channel, json.loads(line)["seconds"])
            print(json.dumps({**found, "is_open": channel.is_open}), flush=True)
        await channel.aclose()


if __name__ == "__main__":
    trio.run(main, *map(json.loads, sys.argv[1:4]))
