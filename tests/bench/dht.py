#!/usr/bin/env python3
"""A private network of our DHT nodes beside the same number of libtorrent's sessions: messages, replicas, what a third's end costs.

`dht.py N ...` (50 and 300 unless given). Each kind lives in one process, every node at a loopback address in a /24 of its own, with
its limits as it ships. Searches, puts and gets are asked of random nodes; then 30 % end without a word, and it is asked again.
Messages are requests and replies of the question itself; packets and bytes are all that the asking node sent and got meanwhile,
strangers' pings among them, which is what libtorrent tells, too.
"""

import argparse
import concurrent.futures
import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# In place of this folder, whose http.py would stand for the standard library's package.
sys.path[0] = str(ROOT)

from tests.bench.dht_parts import idle, theirs  # noqa: E402

MIB = 1 << 20
# (networks, questions of each kind, libtorrent's puts after the kill, rounds and seconds of the idle device)
FULL = {"nodes": (50, 300), "items": 60, "puts_after": 3, "rounds": 3, "idle_s": 65}
QUICK = {"nodes": (50,), "items": 25, "puts_after": 1, "rounds": 1, "idle_s": 1}
# Reach of the mean, by the size of the network.
MESSAGES_MAX = {50: 30, 300: 45}


def ours(count, items):
    """What tests/bench/dht_parts/ours.py measured, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.dht_parts.ours", str(count), str(items)]
    return json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout)


def mean(rows, column):
    """Mean of a figure of those questions that were answered at all."""
    values = [row[column] for row in rows if row]
    return statistics.mean(values) if values else float("nan")


def success(found):
    return sum(there for _, there in found) / len(found)


def summary(seen):
    """One network in figures, ours or theirs; None where it is not told."""
    is_ours = "contacts" in seen
    lookups = [row for row, _ in seen["lookups"]] if is_ours else seen["lookups"]
    gets, after, puts_after = [row for row, _ in seen["gets"]], [row for row, _ in seen["gets_after"]], seen["puts_after"]
    figures = {
        "lookup_messages": mean(lookups, 3) if is_ours else None,
        "lookup_messages_most": max(row[3] for row in lookups) if is_ours else None,
        "lookup_packets": mean(lookups, 0), "lookup_bytes": mean(lookups, 1), "lookup_hops": mean(lookups, 4) if is_ours else None,
        "recall_at_8": statistics.mean(share for _, share in seen["lookups"]) if is_ours else None,
        "put_messages": mean(seen["puts"], 3) if is_ours else None, "put_packets": mean(seen["puts"], 0),
        "put_bytes": mean(seen["puts"], 1), "put_ms": mean(seen["puts"], 2) * 1000,
        "replicas": statistics.mean(seen["replicas"]), "get_messages": mean(gets, 3) if is_ours else None,
        "get_packets": mean(gets, 0), "get_bytes": mean(gets, 1),
        "get_success": success(seen["gets"]), "get_success_after_kill": success(seen["gets_after"]),
        "get_after_kill_ms": mean(after, 2) * 1000, "put_after_kill_s": mean(puts_after, 2),
        "put_after_kill_most_s": max(row[2] for row in puts_after if row), "puts_failed_after_kill": sum(row is None for row in puts_after),
        "replicas_after_kill": statistics.mean(row[-1] for row in puts_after if row), "mib_per_node": seen["bytes_a_node"] / MIB,
    }  # fmt: skip
    return {name: None if value is None else round(value, 3) for name, value in figures.items()}


def both(seen, other):
    """One network of ours beside one of libtorrent's."""
    return {
        "ours": summary(seen), "libtorrent": summary(other), "rpc_timeout_s": seen["rpc_timeout_s"], "updated": seen["updated"],
        "contacts": statistics.median(seen["contacts"]), "replicas_left": min(seen["replicas_left"]), "dropped": seen["dropped"],
        "grown_s": round(seen["grown_s"], 2),
    }  # fmt: skip


def keys(networks, idle_kib):
    """The figures that are compared from run to run: the worst of all networks, messages by the size of the network."""
    rows = [network["ours"] for network in networks.values()]
    timeout = next(iter(networks.values()))["rpc_timeout_s"]
    first, *others = networks
    return {
        "get_success_after_kill": min(row["get_success_after_kill"] for row in rows),
        # The slowest put of all, in hard time-outs of one request.
        "put_after_kill_timeouts": round(max(row["put_after_kill_most_s"] for row in rows) / timeout, 2),
        "lookup_messages": networks[first]["ours"]["lookup_messages"],
        **{f"lookup_messages_{count}": networks[count]["ours"]["lookup_messages"] for count in others},
        "recall_at_8": min(row["recall_at_8"] for row in rows),
        "mib_per_node": max(row["mib_per_node"] for row in rows),
        "idle_rss_mb": round((idle_kib["with"] - idle_kib["without"] + idle_kib["imports"]) * 1024 / 1e6, 2),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("nodes", nargs="*", type=int, metavar="N", help="sizes of the networks (50 300)")
    parser.add_argument("--quick", action="store_true", help="one small network, fewer questions, under 45 s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    plan = QUICK if options.quick else FULL

    counts = options.nodes or plan["nodes"]
    seen = {count: ours(count, plan["items"]) for count in counts}
    # libtorrent waits most of its time, and what a device takes in memory no other process changes.
    with concurrent.futures.ThreadPoolExecutor(1) as beside:
        others = [beside.submit(theirs.measure, count, plan["items"], plan["puts_after"]) for count in counts]
        idle_kib = idle.measure(plan["rounds"], plan["idle_s"])
        networks = {count: both(seen[count], other.result()) for count, other in zip(counts, others, strict=True)}
    figures = keys(networks, idle_kib)
    if options.json:
        print(json.dumps({**figures, "idle_kib": idle_kib, "networks": networks}))
        return
    for count, network in networks.items():
        show(count, network, plan["items"])
    print("Memory of a claimed device: what its DHT adds, serving in a network of 20 and idle")
    beside = f"{idle_kib['with'] / 1024:.1f} MiB with, {idle_kib['without'] / 1024:.1f} without"
    print(f"  {'MB':42} {figures['idle_rss_mb']:10.2f}   at most 3 ({beside})")


ROWS = (
    ("messages a lookup", "lookup_messages", "{:.1f}"),
    ("  the longest", "lookup_messages_most", "{:.0f}"),
    ("  all packets meanwhile", "lookup_packets", "{:.1f}"),
    ("  bytes", "lookup_bytes", "{:,.0f}"),
    ("  hops", "lookup_hops", "{:.2f}"),
    ("  share of the true closest 8 found", "recall_at_8", "{:.3f}"),
    ("messages a put", "put_messages", "{:.1f}"),
    ("  all packets meanwhile", "put_packets", "{:.1f}"),
    ("  bytes", "put_bytes", "{:,.0f}"),
    ("  replicas", "replicas", "{:.1f}"),
    ("messages a get", "get_messages", "{:.1f}"),
    ("  all packets meanwhile", "get_packets", "{:.1f}"),
    ("  bytes", "get_bytes", "{:,.0f}"),
    ("  found", "get_success", "{:.0%}"),
    ("found after 30 % ended", "get_success_after_kill", "{:.0%}"),
    ("  ms a get", "get_after_kill_ms", "{:.0f}"),
    ("seconds a put after that", "put_after_kill_s", "{:.2f}"),
    ("  the slowest", "put_after_kill_most_s", "{:.2f}"),
    ("  replicas", "replicas_after_kill", "{:.1f}"),
    ("MiB a node", "mib_per_node", "{:.3f}"),
)


def show(count, network, items):
    """One network as a table."""
    ours, libtorrent = network["ours"], network["libtorrent"]
    timeouts = f"at most {1.5 * network['rpc_timeout_s']:g}: 1.5 time-outs of a request"
    reaches = {
        "lookup_messages": f"mean at most {MESSAGES_MAX[count]}" if count in MESSAGES_MAX else "", "recall_at_8": "1.000",
        "get_success_after_kill": "100%", "put_after_kill_most_s": timeouts, "mib_per_node": "at most 0.1",
    }  # fmt: skip
    print(f"{f'{count} nodes, {items} questions of each kind':44} {'ours':>10} {'libtorrent':>12}   reach of ours")
    for title, name, form in ROWS:
        cells = [("-" if row[name] is None else form.format(row[name])) for row in (ours, libtorrent)]
        print(f"  {title:42} {cells[0]:>10} {cells[1]:>12}   {reaches.get(name, '')}".rstrip())
    good, all_of_them = network["updated"]
    left = f"of the values put before, the one hit worst was left at {network['replicas_left']} nodes"
    print(f"  {good} of {all_of_them} signed values found in their second version; {left}\n")


if __name__ == "__main__":
    main()
