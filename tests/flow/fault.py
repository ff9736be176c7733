"""A file from ten nodes of which three are switched off, one lies, one falls silent, and the others are killed 50 times at random.

`python -m tests.flow.fault`: real processes, TCP, kill -9. The file must arrive identical, at most 2 % of its bytes twice, and the liar be
named and not asked again.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import trio

from leither_edge.flow import fetch_rows
from leither_edge.flow.fetch import Fetcher
from leither_edge.flow.providers import ChannelProvider
from leither_edge.mimei.files.build import build
from leither_edge.mimei.files.label_profile import V1_2025
from leither_edge.mimei.files.read import read
from leither_edge.mimei.ipld.walk import walk
from leither_edge.mimei.quota import Writing
from leither_edge.peer.channel.handshake_errors import HandshakeFailed
from leither_edge.peer.errors import Unreachable
from tests.bench.flow_parts import edge
from tests.flow.nodes_of_blocks import Flow
from tests.peer.kept_library import open_kept

ROOT = Path(__file__).resolve().parent.parent.parent
MIB = 1 << 20
USER = b"u" * 20
SIZE_MIB, KILLS, GOOD, OFFLINE = 192, 50, 5, 3
TWICE_MAX = 0.02
TAKER_SEED, ASK_S = 99, 30
PAUSE_S = 0.8
# Of one node, in bytes a second.
RATE = 2 * MIB


class Node:
    """One of the nodes: a process that is there, or not."""

    def __init__(self, kind, folder, seed):
        self.kind, self.folder, self.seed, self.port, self.process, self.given = kind, folder, seed, 0, None, 0
        self.name = f"{kind} {seed}"
        self.key = edge.channel_key(seed).public_key

    def start(self):
        """Starts it, at the port that it had."""
        words = [sys.executable, "-m", "tests.flow.fault_giver", self.kind, str(self.folder), str(self.seed), str(self.port)]
        self.process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the node {self.name} did not start")
        self.port = int(line)

    def kill(self):
        """Ends it without a word."""
        self.process.kill()
        self.process.wait()


class Run:
    """The whole of it. Args: place (a folder), size_mib, kills, seed (of chance)."""

    def __init__(self, place, size_mib, kills, seed):
        self.place, self.size_mib, self.kills, self.seed, self.chance = Path(place), size_mib, kills, seed, random.Random(seed)
        self.received = self.killed = 0

    def prepare(self):
        """Stores with the file, one for each node; its label."""
        first = self.place / "node-1"
        with open_kept(_made(first)) as library, Writing(library, USER) as writing:
            content = random.Random(self.seed)
            root = build(writing, V1_2025, (content.randbytes(MIB) for _ in range(self.size_mib)))[0]
            writing.finish()
            self.size = sum(len(data) for _, data in walk(library.blocks, [root]))
        kinds = ["good"] * GOOD + ["liar", "silent"] + ["offline"] * OFFLINE
        self.nodes = [Node(kind, self.place / f"node-{seed}", seed) for seed, kind in enumerate(kinds, 1)]
        for node in self.nodes[1:]:
            if node.kind != "offline":
                # The rows are copied, the blocks are the same files.
                shutil.copytree(first / "db", node.folder / "db")
                shutil.copytree(first / "blocks", node.folder / "blocks", copy_function=os.link)
        return root

    def measure(self):
        """{figure: number}; see main."""
        root = self.prepare()
        try:
            for node in self.nodes:
                if node.kind != "offline":
                    node.start()
            with open_kept(_made(self.place / "taker")) as library:
                found, seconds = trio.run(self._fetch, library, root)
                with library.store.read() as tx:
                    shunned = [row[1] for row in fetch_rows.shunned(tx)]
                is_same = self._is_same(library, root)
        finally:
            for node in self.nodes:
                if node.process is not None and node.process.poll() is None:
                    node.kill()
        return {
            "identical": is_same, "kills": self.killed, "offline_share": OFFLINE / len(self.nodes), "seconds": round(seconds, 1),
            "bytes": found.bytes, "twice_bytes": found.twice_bytes, "twice_share": round(found.twice_bytes / self.size, 5),
            "received_over_size": round(self.received / self.size - 1, 5), "shunned": found.shunned, "shunned_rows": shunned,
            "by_provider": found.by_provider,
        }  # fmt: skip

    def _is_same(self, library, root):
        again = random.Random(self.seed)
        size = 0
        for piece in read(library.blocks, root, 0, None):
            size += len(piece)
            if bytes(piece) != again.randbytes(len(piece)):
                return False
        return size == self.size_mib * MIB

    async def _fetch(self, library, root):
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            providers = [ChannelProvider(node.key, node.name, self._connect_to(node)) for node in self.nodes]
            nursery.start_soon(self._kill_some)
            start = time.perf_counter()
            found = await Fetcher(library).fetch([root], providers, USER)
            seconds = time.perf_counter() - start
            nursery.cancel_scope.cancel()
        return found, seconds

    def _connect_to(self, node):
        async def connect():
            if not node.port:
                raise Unreachable("It is switched off.")
            try:
                stream = Counted(await trio.open_tcp_stream("127.0.0.1", node.port), self, node)
                channel = await edge.shaken(stream, edge.channel_key(TAKER_SEED), 512 << 10)
            except (OSError, trio.BrokenResourceError, HandshakeFailed) as error:
                raise Unreachable(f"It was not reached: {error}") from None
            await self._nursery.start(channel.run)
            return channel

        return connect

    async def _kill_some(self):
        """Kills a node that gives, in the middle of what it gives, and starts it again."""
        good = [node for node in self.nodes if node.kind == "good"]
        while True:
            await trio.sleep(self.chance.uniform(0, PAUSE_S))
            node = self.chance.choice(good)
            before = node.given
            with trio.move_on_after(1):
                while node.given == before:
                    await trio.sleep(0.01)
            node.kill()
            self.killed += 1
            await trio.to_thread.run_sync(node.start)

    async def in_time(self):
        """Returns when no more has come than the kills so far let come, so that all of them fall into the fetch."""
        while self.received > self.size * (self.killed + 1) / (self.kills + 1):
            await trio.sleep(0.02)


class Counted(Flow):
    """A stream that counts what comes, no more than a home's line gives, and waits for the kills."""

    def __init__(self, stream, run, node):
        super().__init__(stream, rate=RATE)
        self._run, self._node = run, node

    async def receive_some(self, max_bytes=None):
        # A liar has its time to lie.
        if self._node.kind == "good":
            await self._run.in_time()
        data = await super().receive_some(max_bytes)
        self._run.received += len(data)
        self._node.given += len(data)
        return data


def _made(folder):
    Path(folder).mkdir()
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mib", type=int, default=SIZE_MIB)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=0, help="of chance (drawn)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    seed = options.seed or random.SystemRandom().randrange(1, 1 << 32)
    with tempfile.TemporaryDirectory(prefix="fault-") as place:
        figures = Run(place, options.mib, options.kills, seed).measure()
    is_good = (
        figures["identical"] and figures["kills"] >= options.kills and figures["twice_share"] <= TWICE_MAX
        and figures["shunned"] == figures["shunned_rows"] == [f"liar {GOOD + 1}"]
    )  # fmt: skip
    if options.json:
        print(json.dumps({**figures, "seed": seed, "good": is_good}))
    else:
        for name, value in figures.items():
            print(f"  {name:20} {value}")
        print(f"  {'as it must be':20} {'yes' if is_good else 'NO'}   (--seed {seed})")
    sys.exit(not is_good)


if __name__ == "__main__":
    main()
