"""Commands of Redis a second on one connection, ours beside redis-server, both with appendfsync everysec; and with always beside sqlite3.

All are asked over TCP on the loopback by the same client, in turns of a round each, so that what else the machine does meets all alike;
each server is a process of its own, ours with a library of the smallest board's profile and a user signed in. A ratio is the median of
the rounds' ratios. sqlite3 has no server: it is asked in this process, one transaction a set, in WAL with synchronous=FULL.
"""

import argparse
import contextlib
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mimei.resp_client import Client, packed, redis_server

REQUESTS, ROUNDS = 5000, 7
QUICK_REQUESTS, QUICK_ROUNDS = 1500, 3
KEYS, VALUE = 10_000, b"v" * 32
DEPTH = 50
# Each waits for the disk.
DURABLE_DIVISOR = 20
REACH = 0.2
ROOT = Path(__file__).resolve().parent.parent.parent.parent


def set_command(number):
    return [b"SET", b"key:%06d" % (number % KEYS), VALUE]


def get_command(number):
    return [b"GET", b"key:%06d" % (number % KEYS)]


def rate(client, make, count, depth=1):
    """Commands a second: `depth` of them sent together, and the next when all answers are there."""
    connection = client._socket
    lines_each = 1 if make is set_command else 2
    batches = [b"".join(packed(make(at + number * 7)) for number in range(depth)) for at in range(0, count, depth)]
    start = time.perf_counter()
    for batch in batches:
        connection.sendall(batch)
        lines = depth * lines_each
        while lines:
            lines -= connection.recv(65536).count(b"\n")
    return len(batches) * depth / (time.perf_counter() - start)


KINDS = {
    "set": (set_command, 1, 1), "get": (get_command, 1, 1), f"set, {DEPTH} at once": (set_command, DEPTH, 4),
    f"get, {DEPTH} at once": (get_command, DEPTH, 4),
}  # fmt: skip


def everysec(requests, rounds):
    """{kind: {"ours": commands a second, "redis": as many, "ratio": median of the rounds' ratios}}"""
    seen = {kind: ([], []) for kind in KINDS}
    with contextlib.ExitStack() as stack:
        clients = (
            stack.enter_context(served("everysec")),
            stack.enter_context(Client(stack.enter_context(redis_server("--appendonly", "yes", "--appendfsync", "everysec", tcp=True)))),
        )
        for client in clients:
            rate(client, set_command, KEYS, DEPTH)
        for _ in range(rounds):
            for kind, (make, depth, times) in KINDS.items():
                for client, rates in zip(clients, seen[kind], strict=True):
                    rates.append(rate(client, make, requests * times, depth))
    return {
        kind: {
            "ours": statistics.median(ours), "redis": statistics.median(theirs),
            "ratio": statistics.median(a / b for a, b in zip(ours, theirs, strict=True)),
        }
        for kind, (ours, theirs) in seen.items()
    }  # fmt: skip


def always(requests, rounds):
    """The same of writes that are on disk before they are answered: ours, redis-server, sqlite3."""
    count = max(20, requests // DURABLE_DIVISOR)
    seen = {"ours": [], "redis": [], "sqlite": [], "sqlite get": []}
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(served("always"))
        theirs = stack.enter_context(Client(stack.enter_context(redis_server("--appendonly", "yes", "--appendfsync", "always", tcp=True))))
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sqlite-"))
        rows = sqlite3.connect(f"{folder}/db", isolation_level=None)
        rows.execute("PRAGMA journal_mode = WAL")
        rows.execute("PRAGMA synchronous = FULL")
        rows.execute("CREATE TABLE pairs (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
        for _ in range(rounds):
            seen["ours"].append(rate(ours, set_command, count))
            seen["redis"].append(rate(theirs, set_command, count))
            start = time.perf_counter()
            for number in range(count):
                rows.execute("INSERT OR REPLACE INTO pairs VALUES (?, ?)", set_command(number)[1:])
            seen["sqlite"].append(count / (time.perf_counter() - start))
            start = time.perf_counter()
            for number in range(count):
                rows.execute("SELECT value FROM pairs WHERE key = ?", get_command(number)[1:]).fetchone()
            seen["sqlite get"].append(count / (time.perf_counter() - start))
        rows.close()
    return {name: statistics.median(rates) for name, rates in seen.items()}


@contextlib.contextmanager
def served(appendfsync):
    """A Client of our server, which runs in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.mimei_parts.resp", "--serve", appendfsync]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            with Client(("127.0.0.1", int(process.stdout.readline()))) as client:
                from tests.mimei.served_database import SIGN_IN

                for words in SIGN_IN:
                    assert client.ask(*words) == ("+", b"OK")
                yield client
        finally:
            process.stdin.close()
            process.wait()


def serve(appendfsync):
    from tests.mimei.served_database import served as serving

    with serving(always=appendfsync == "always") as address:
        print(address[1], flush=True)
        sys.stdin.readline()


def measure(requests=REQUESTS, rounds=ROUNDS):
    """{"everysec": ..., "always": ...} as those two return."""
    return {"everysec": everysec(requests, rounds), "always": always(requests, rounds)}


def keys(found):
    """The figure that is compared from run to run: the worse of get and set, one at a time."""
    each = found["everysec"]
    return {"resp_vs_redis": round(min(each["set"]["ratio"], each["get"]["ratio"]), 3)}


def show(found):
    """Print the tables."""
    print(f"Commands a second on one connection, {len(VALUE)} bytes each, appendfsync everysec; reach {REACH} one at a time")
    for kind, row in found["everysec"].items():
        print(f"  {kind:18} ours {row['ours']:9,.0f}   redis-server {row['redis']:11,.0f}   ratio {row['ratio']:5.2f}")
    row = found["always"]
    print("Sets a second that are on disk before they are answered (always)")
    print(f"  ours {row['ours']:,.0f}   redis-server {row['redis']:,.0f}   sqlite3 in this process, synchronous=FULL {row['sqlite']:,.0f}")
    print(f"  sqlite3's gets, in this process, without a socket: {row['sqlite get']:,.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=REQUESTS, help=f"of each kind in a round ({REQUESTS:,})")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"({ROUNDS})")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    found = measure(options.requests, options.rounds)
    print(json.dumps({**keys(found), "resp": found})) if options.json else show(found)


if __name__ == "__main__":
    main()
