"""What a version of a database costs: `python -m tests.bench.mimei_parts.backup [--keys N] [--json]`.

A database of 100,000 strings in a library on this machine's disk is backed up, then changed at one key (another value of the same or
another length, a key added, one removed) and backed up again, many times. What a version wrote are the blocks that were not there
before, its signed manifest among them. Beside it what redis-server's SAVE of the same keys writes, which is everything, every time.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from leither_edge.crypto.key_pair import KeyPair
from leither_edge.mimei.info import DATABASE
from leither_edge.mimei.library import open_library
from leither_edge.observe.counters import Counters
from leither_edge.profile import profile

KEYS, QUICK_KEYS = 100_000, 100_000
VERSIONS, QUICK_VERSIONS = 200, 40
AT_ONCE = 1000
BLOCKS_MAX, BYTES_MAX = 12, 64 << 10


def key_of(number):
    return b"user:%06d" % number


def value_of(number):
    return b"value of the user %d" % number


def change_of(dice, number, count):
    """One command that changes one key; number: which of the kinds of change."""
    key = key_of(dice.randrange(count))
    return (
        [b"SET", key, value_of(dice.randrange(count))],
        [b"SET", key, b"something of another length altogether"],
        [b"SET", key + b":%d" % dice.randrange(1000), b"a new key"],
        [b"DEL", key],
    )[number % 4]


def versions(folder, count, number):
    """The figures of our versions."""
    node = KeyPair(bytes(32))
    with open_library(folder, profile.load("pi-zero"), node, counters=Counters()) as library:
        session = library.local_session(node)
        mid = library.create(session, mark="bench", data_type=DATABASE)
        rows = library.open(session, mid).database
        for first in range(0, count, AT_ONCE):
            pairs = [part for at in range(first, min(first + AT_ONCE, count)) for part in (key_of(at), value_of(at))]
            rows.execute([b"MSET", *pairs])
        before, start = library.blocks.stat(), time.perf_counter()
        library.backup(session, mid)
        after = library.blocks.stat()
        figures = {"first_s": time.perf_counter() - start, "first_blocks": after["blocks"] - before["blocks"]}
        figures["first_bytes"] = after["block_bytes"] - before["block_bytes"]
        dice, blocks, sizes, seconds = random.Random(4), [], [], []
        for step in range(number):
            rows.execute(change_of(dice, step, count))
            before, start = after, time.perf_counter()
            library.backup(session, mid)
            seconds.append(time.perf_counter() - start)
            after = library.blocks.stat()
            blocks.append(after["blocks"] - before["blocks"])
            sizes.append(after["block_bytes"] - before["block_bytes"])
    return figures | {
        "blocks_most": max(blocks), "blocks_mean": statistics.mean(blocks), "bytes_most": max(sizes), "bytes_mean": statistics.mean(sizes),
        "backup_ms": statistics.median(seconds) * 1000, "versions": number,
    }  # fmt: skip


def saved(folder, count):
    """{"bytes", "ms"} of redis-server's SAVE of the same keys; None where there is no redis-server."""
    server, client = shutil.which("redis-server"), shutil.which("redis-cli")
    if server is None or client is None:
        return None
    place = f"{folder}/redis.sock"
    command = [server, "--port", "0", "--unixsocket", place, "--dir", folder, "--save", "", "--appendonly", "no"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            while not Path(place).exists():
                time.sleep(0.01)
            lines = b"".join(b'SET %b "%b"\n' % (key_of(at), value_of(at)) for at in range(count))
            subprocess.run([client, "-s", place], input=lines, stdout=subprocess.DEVNULL, check=True)
            start = time.perf_counter()
            subprocess.run([client, "-s", place, "SAVE"], stdout=subprocess.DEVNULL, check=True)
            return {"ms": (time.perf_counter() - start) * 1000, "bytes": Path(folder, "dump.rdb").stat().st_size}
        finally:
            process.terminate()


def measure(count=KEYS, number=VERSIONS, folder=None):
    """{"ours", "redis"}, each with its figures."""
    with tempfile.TemporaryDirectory(dir=folder) as inner:
        return {"ours": versions(f"{inner}/library", count, number), "redis": saved(inner, count), "keys": count}


def keys(found):
    """The figures that are compared from run to run: the most of all versions."""
    return {"backup_blocks": found["ours"]["blocks_most"], "backup_bytes": found["ours"]["bytes_most"]}


def show(found):
    """Print the table."""
    ours, redis = found["ours"], found["redis"]
    print(f"Versions of a database of {found['keys']:,} keys, one changed before each of {ours['versions']}")
    print(f"  {'blocks written, mean and most':42} {ours['blocks_mean']:10.1f} {ours['blocks_most']:10}   at most {BLOCKS_MAX}")
    print(f"  {'bytes of them':42} {ours['bytes_mean']:10,.0f} {ours['bytes_most']:10,}   at most {BYTES_MAX:,}")
    print(f"  {'ms for a version, signed and flushed':42} {ours['backup_ms']:10.1f}")
    first = f"{ours['first_blocks']:,} blocks, {ours['first_bytes'] / 1e6:.1f} MB, {ours['first_s']:.2f} s"
    print(f"  {'the first version':42} {first}")
    if redis is None:
        print("  redis-server is not installed: nothing to compare with")
    else:
        print(f"  {'redis-server, SAVE after each change':42} {redis['bytes']:10,} bytes, {redis['ms']:.1f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=KEYS, help=f"of the database ({KEYS:,})")
    parser.add_argument("--versions", type=int, default=VERSIONS, help=f"after the first ({VERSIONS})")
    parser.add_argument("--folder", help="where the library is made; on the disk that is to be measured")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    found = measure(options.keys, options.versions, options.folder)
    print(json.dumps({**keys(found), "backup": found})) if options.json else show(found)


if __name__ == "__main__":
    main()
