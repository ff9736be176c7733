"""One side of the measured sync, in a process of its own: `sync_side.py give FOLDER MIB` or `sync_side.py take FOLDER PORT LABEL`.

Each says a line of JSON when it is ready, does what it is for, and says another. Memory is resident memory: at the begin with everything
loaded and connected, and its highest from then on, as the kernel counts it.
"""

import json
import os
import sys
import time

import trio

from leither_edge import profile
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.flow.blocks_service import BlocksService
from leither_edge.flow.fetch import Fetcher
from leither_edge.flow.providers import ChannelProvider
from leither_edge.flow.tables import ALL
from leither_edge.mimei.files.build import build
from leither_edge.mimei.files.label_profile import V1_2025
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld.walk import walk
from leither_edge.mimei.library import open_library
from leither_edge.mimei.quota import Writing
from leither_edge.observe.counters import Counters
from leither_edge.peer.services import Services
from leither_edge.profile.profile import Section
from tests.bench.flow_parts import edge

MIB = 1 << 20
USER = b"u" * 20
# A device's limits, but for how much may be kept.
PROFILE = "pi-zero"
WARM_BYTES = 3 * MIB


class Limits:
    """The profile, with room for what is measured."""

    def __init__(self):
        found = profile.load(PROFILE)
        room = {"data_quota_mib": 16384, "data_free_min_mib": 64}
        self.storage = Section("storage", {**_values(found.storage), **room})
        self.mimei = Section("mimei", {**_values(found.mimei), "user_quota_mib": 16384})
        self.http, self.peers = found.http, found.peers


def _values(section):
    return {name: value for name, value in vars(section).items() if not name.startswith("_")}


def kib(name):
    """A line of /proc/self/status, in KiB."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))


def begin_peak():
    """Has the kernel count the highest resident memory from now on."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def say(**facts):
    print(json.dumps(facts), flush=True)


def add(library, source):
    """The label of a file."""
    with Writing(library, USER) as writing:
        root = build(writing, V1_2025, source)[0]
        writing.finish()
    return root


def read(path):
    with open(path, "rb") as file:
        while piece := file.read(MIB):
            yield piece


async def give(library, path):
    limits = library.limits
    services = Services()
    BlocksService(library).add_to(services)
    root, warm = add(library, read(path)), add(library, [os.urandom(WARM_BYTES)])
    # As nginx has its file in memory, too.
    for _ in walk(library.blocks, [root]):
        pass
    async with trio.open_nursery() as nursery:
        nursery.start_soon(library.run)
        port = await nursery.start(edge.listen, edge.channel_key(1), services, limits.peers.window_kib << 10)
        say(port=port, root=cids.to_text(root), warm=cids.to_text(warm))
        lines = trio.lowlevel.FdStream(os.dup(0))
        while word := (await lines.receive_some(1)):
            if word == b"b":
                begin_peak()
                before, cpu = kib("VmRSS"), time.process_time()
                say(rss_kib=before)
            else:
                say(rss_kib=before, peak_kib=kib("VmHWM"), cpu_s=time.process_time() - cpu)
        nursery.cancel_scope.cancel()


async def take(library, port, root, warm):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(library.run)
        async with edge.connected(port, edge.channel_key(2), library.limits.peers.window_kib << 10) as channel:
            fetcher = Fetcher(library)

            async def connect():
                return channel

            provider = ChannelProvider(channel.peer.public_key, "giver", connect)
            # Everything is loaded and has run once.
            await fetcher.fetch([warm], [provider], USER)
            say(is_ready=True)
            await trio.to_thread.run_sync(sys.stdin.readline)
            begin_peak()
            before, cpu, start = kib("VmRSS"), time.process_time(), time.perf_counter()
            found = await fetcher.fetch([root], [provider], USER)
            seconds = time.perf_counter() - start
            say(
                seconds=seconds, bytes=found.bytes, twice_bytes=found.twice_bytes, rss_kib=before, peak_kib=kib("VmHWM"),
                cpu_s=time.process_time() - cpu,
            )  # fmt: skip
        nursery.cancel_scope.cancel()


def main():
    what, folder, *more = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    key = KeyPair((b"g" if what == "give" else b"t") * 32)
    with open_library(folder, Limits(), key, counters=Counters(), more_tables=ALL) as library:
        if what == "give":
            trio.run(give, library, more[0])
        else:
            trio.run(take, library, int(more[0]), cids.from_text(more[1]), cids.from_text(more[2]))


if __name__ == "__main__":
    main()
