"""A private network of our nodes in one process: `python -m tests.bench.dht_parts.ours NODES ITEMS`, one JSON object.

Every node has the limits of the smallest hardware profile and an address in a /24 of its own; all are in one thread.
"""

import ctypes
import gc
import json
import random
import sys
import time
from pathlib import Path

import trio

from leither_edge.crypto import sodium
from leither_edge.dht import DhtError, Settings, open_dht
from leither_edge.dht.bencode import encode
from leither_edge.dht.item import immutable_target, make_mutable
from leither_edge.dht.round_trip import HARD_S
from leither_edge.observe.counters import Counters
from leither_edge.observe.log import Log
from leither_edge.profile import load
from tests.bench.dht_parts.places import place

PROFILE = "pi-zero"
K = 8
AT_ONCE = 10
JOIN_S = 20
# Between two questions, so that no limit of requests a second meets a network that answers within a millisecond.
PAUSE_S = 0.02
SETTLE_S = 3
KILLED_SHARE = 0.3
SEED = 5


class Network:
    """N running nodes. Attributes: nodes {number: node}; counters, of all together."""

    def __init__(self, nursery):
        self.nodes, self.counters, self._stops, self._nursery = {}, Counters(), {}, nursery

    async def start(self, number, doors):
        """Start one node and wait until it has joined."""
        started, stop, chance = trio.Event(), trio.CancelScope(), random.Random(f"{SEED} {number}").randbytes
        settings = Settings.from_profile(load(PROFILE), hosts=(place(number),), bootstrap=doors, local_only=True)

        async def run():
            with stop:
                async with open_dht(settings, counters=self.counters, log=Log(lambda line: None), random_bytes=chance) as dht:
                    self.nodes[number] = dht
                    await dht.joined(JOIN_S)
                    started.set()
                    await trio.sleep_forever()

        self._stops[number] = stop
        self._nursery.start_soon(run)
        await started.wait()

    async def grow(self, most):
        """Start nodes until there are so many; each enters by three that are there."""
        await self.start(0, ())
        for first in range(1, most, AT_ONCE):
            there = list(self.nodes.values())
            async with trio.open_nursery() as nursery:
                for number in range(first, min(first + AT_ONCE, most)):
                    doors = random.sample(there, min(3, len(there)))
                    nursery.start_soon(self.start, number, [tuple(dht.addresses[0]) for dht in doors])

    def kill(self, number):
        """End a node as a power cut does: nobody is told."""
        del self.nodes[number]
        self._stops.pop(number).cancel()

    def any(self):
        """A node by chance."""
        return self.nodes[random.choice(list(self.nodes))]

    def holders(self, target):
        """How many nodes have an item."""
        now = time.monotonic()
        return sum(dht.shared.items.get(target, now) is not None for dht in self.nodes.values())

    def true_closest(self, target, asker):
        """Ids of the K nodes that are closest to a target, the asker left out."""
        ids = [own_id(dht) for dht in self.nodes.values() if dht is not asker]
        return set(sorted(ids, key=lambda id: int.from_bytes(id, "big") ^ int.from_bytes(target, "big"))[:K])


def own_id(dht):
    return bytes.fromhex(dht.stat()["ipv4"]["id"])


def resident_bytes():
    """This process's own memory, without what the C library keeps for later."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return int(fields["VmRSS"].split()[0]) * 1024


async def timed(network, name, *args):
    """([packets, bytes, seconds, messages, hops, stored], answer, node) of a question to a random node.

    packets and bytes: all that it sent and got meanwhile; messages: requests and replies of the question itself.
    """
    dht = network.any()
    before = dht.engines[4].traffic.copy()
    answer = await getattr(dht, name)(*args)
    grown = [late - early for early, late in zip(before, dht.engines[4].traffic, strict=True)]
    report = getattr(answer, "report", answer)
    await trio.sleep(PAUSE_S)
    figures = [grown[2] + grown[3], grown[0] + grown[1], report.seconds, report.messages, report.hops, report.stored]
    return figures, answer, dht


async def lookups(network, count):
    """[(figures, share of the true closest K that it found)] of searches for random targets by random nodes."""
    seen = []
    for _ in range(count):
        target = random.randbytes(20)
        figures, found, asker = await timed(network, "lookup", target)
        wanted = network.true_closest(target, asker)
        seen.append((figures, len(wanted & {contact[:20] for contact in found.value[:K]}) / len(wanted)))
    return seen


async def puts(network, count, names):
    """[(target, figures or None)] of immutable values; names: where each one's number begins."""
    seen = []
    for number in range(names, names + count):
        value = encode(b"value %d" % number)
        try:
            figures, _, _ = await timed(network, "put_immutable", value)
        except DhtError as error:
            print(f"put: {error}", file=sys.stderr)
            figures = None
        seen.append((immutable_target(value), figures))
    return seen


async def gets(network, targets):
    """[(figures, whether it was there)] of values that were put before, by random nodes."""
    seen = []
    for target in targets:
        figures, found, _ = await timed(network, "get_immutable", target)
        seen.append((figures, found.value is not None))
    return seen


async def updates(network, count):
    """How many of so many signed values were found in their second version, by another node than its author."""
    good = 0
    for _ in range(count):
        public_key, secret = sodium.keypair_from_seed(random.randbytes(32))
        for sequence in (1, 2):
            signed = make_mutable(encode(b"version %d" % sequence), public_key, b"salt", sequence, lambda m, s=secret: sodium.sign(m, s))
            await network.any().put_mutable(signed)
            await trio.sleep(PAUSE_S)
        found = await network.any().get_mutable(public_key, b"salt")
        good += found.value is not None and found.value.seq == 2
    return good


async def measure(count, items):
    """Everything, for JSON."""
    random.seed(SEED)
    async with trio.open_nursery() as warm:
        # What is made once, with the first nodes, is no node's.
        network = Network(warm)
        await network.grow(3)
        await puts(network, 2, -10)
        warm.cancel_scope.cancel()
    before = resident_bytes()
    async with trio.open_nursery() as nursery:
        network = Network(nursery)
        begin = time.monotonic()
        await network.grow(count)
        grown_s = time.monotonic() - begin
        await trio.sleep(SETTLE_S)
        after = resident_bytes()
        contacts = [dht.stat()["contacts"] for dht in network.nodes.values()]
        found = {"lookups": await lookups(network, items), "puts": await puts(network, items, 0)}
        targets = [target for target, _ in found["puts"]]
        replicas = [network.holders(target) for target in targets]
        found["gets"] = await gets(network, targets)
        updated = await updates(network, max(items // 5, 3))
        used = resident_bytes()
        for number in random.sample(sorted(network.nodes), round(count * KILLED_SHARE)):
            network.kill(number)
        left = [network.holders(target) for target in targets]
        found["gets after"] = await gets(network, targets)
        found["puts after"] = await puts(network, items, 10_000)
        dropped = network.counters.snapshot().get("dht_dropped", ("", "", []))[2]
        nursery.cancel_scope.cancel()
    return {
        "nodes": count, "grown_s": grown_s, "bytes_a_node": (after - before) / count, "bytes_a_node_used": (used - before) / count,
        "contacts": contacts, "replicas": replicas, "replicas_left": left, "updated": [updated, max(items // 5, 3)],
        "rpc_timeout_s": HARD_S,
        "dropped": {labels[0][1]: value for labels, value in dropped},
        "lookups": found["lookups"], "gets": found["gets"], "gets_after": found["gets after"],
        "puts": [seen for _, seen in found["puts"]], "puts_after": [seen for _, seen in found["puts after"]],
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(trio.run(measure, int(sys.argv[1]), int(sys.argv[2]))))
