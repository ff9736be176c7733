#!/usr/bin/env python3
"""Room, memory and time of the ledger's tree, beside bare SHA-256 and beside other Merkle trees of PyPI.

Books of 65,536 and 1,000,000 accounts live in a temporary folder on this machine's disk: loaded in bulk, grown at random 60
accounts a pulse, then changed 60 accounts a pulse. The floor (bare hashes) and the peers are timed in turns with ours, in the
same run, by processor time. `--large` instead streams one book of 16,777,216 accounts in and prints what that took.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# In place of this folder, whose http.py would stand for the standard library's package.
sys.path[0] = str(ROOT)

from tests.bench.ledger_parts import answers, large, rehash, resident, sizes  # noqa: E402
from tests.bench.ledger_parts.made_accounts import rising  # noqa: E402
from tests.bench.ledger_parts.opened_book import book_at, loops, share_of  # noqa: E402
from tests.bench.ledger_parts.peers import WHAT, Peers  # noqa: E402

SMALL, BIG = 65_536, 1_000_000
BATCHES = (60, 1_000, 10_000)
# (accounts that come by growth, pulses after it) of each book, pulses whose past is kept, batches timed, what the slower peers hold
FULL = {"small": (SMALL // 4, 3_600), "big": (BIG // 4, 3_600), "kept": 3_600, "rounds": 25, "rest": SMALL}
QUICK = {"small": (3_000, 300), "big": (900, 60), "kept": 200, "rounds": 5, "rest": 8_192}


def measure(plan):
    """Everything, as a dictionary of named tuples and numbers."""
    found = {"plan": plan}
    with tempfile.TemporaryDirectory(dir=plan["folder"]) as folder:
        accounts = [account for account, _, _ in rising(plan["accounts"][0])]
        with Peers(folder, accounts, plan["rest"]) as peers:
            # The peers load on another core meanwhile: nothing of this part is compared with them.
            found["small"] = sizes.measure(f"{folder}/small", plan["accounts"][0], *plan["small"])
            found["big"] = sizes.measure(f"{folder}/big", plan["accounts"][1], *plan["big"])
            found["answers"] = answers.measure(f"{folder}/kept", plan["accounts"][0], plan["kept"], 20 * plan["rounds"])
            found["resident"] = resident.measure(f"{folder}/big", ROOT)
            peers.wait()
            chance = random.Random(6)
            with book_at(f"{folder}/small") as (_, tree):
                found["ours"], found["peers"] = beside_peers(tree, accounts, chance, peers, plan["rounds"])
                found["holds"] = peers.holds
                found["rehash small"] = rehash_all(tree, accounts, chance, plan["rounds"])
        with book_at(f"{folder}/big") as (_, tree):
            found["rehash big"] = rehash_all(tree, [account for account, _, _ in rising(plan["accounts"][1])], chance, plan["rounds"])
    return found


def beside_peers(tree, accounts, chance, peers, rounds):
    """Seconds of our batches of 60, and of each peer's, in turns."""
    ours, theirs = [], {name: [] for name in WHAT}
    for _ in range(rounds):
        for name, seen in theirs.items():
            ours.append(rehash.seconds_of_batch(tree, accounts, chance, sizes.CHANGES))
            seen.append(peers.batch(name))
    return ours, theirs


def rehash_all(tree, accounts, chance, rounds):
    # A large batch takes long and varies little.
    return [
        rehash.measure(tree, accounts, chance, changes, rounds if changes > 100 else 5 * rounds)
        for changes in BATCHES
        if changes <= len(accounts)
    ]


def keys(found):
    """The figures that are compared from run to run."""
    # Best of ours against the best of the best peer: what neither owes to its neighbours on the machine.
    best_peer = min(min(found["peers"][name]) for name, (does_it, _) in WHAT.items() if does_it)
    return {
        "bytes_per_account_65k": round(max(found["small"].grown, found["small"].lived), 2),
        "bytes_per_account_1m": round(max(found["big"].grown, found["big"].lived), 2),
        "bytes_per_pulse": round(max(found["small"].per_pulse, found["big"].per_pulse)),
        "rehash60_floor_share": round(min(found["rehash small"][0].share, found["rehash big"][0].share), 3),
        "batch60_vs_best_peer": round(best_peer / min(found["ours"]), 2),
        "rss_bytes_per_account": round(found["resident"]["own"] / found["resident"]["accounts"], 2),
    }


def print_table(found):
    plan, figures = found["plan"], keys(found)
    for name, number, reach in (("small", 0, 38), ("big", 1, 36.5)):
        seen, (grown, pulses) = found[name], plan[name]
        print(f"{plan['accounts'][number]:,} accounts, the last {grown:,} of them come 60 a pulse; then {pulses:,} pulses of 60 changes")
        row("bytes an account after bulk load", f"{seen.loaded:.2f}")
        row("  after growth", f"{seen.grown:.2f}", f"at most {reach}")
        row("  after the pulses", f"{seen.lived:.2f}", f"at most {reach}")
        row("bytes written a pulse, mean", f"{seen.per_pulse:,.0f}", "at most 65,536; handed to the kernel, by whole pages")
        row("  most", f"{seen.most_in_pulse:,.0f}")
        row("ms a pulse, durable: median, p99", f"{1e3 * share_of(seen.pulse_s, 0.5):.2f}, {1e3 * share_of(seen.pulse_s, 0.99):.2f}")
        row("  of that the new root, median", f"{1e3 * share_of(seen.hash_s, 0.5):.2f}")
    held = found["resident"]
    row("bytes of memory an account, opened afresh", f"{figures['rss_bytes_per_account']:.2f}", "at most 16; the process's own, trimmed")
    row("  and pages of the file, which the kernel may take", f"{held['files'] / held['accounts']:.2f}")
    row("  most that was resident, MB, the whole process", f"{held['peak'] / 1e6:.1f}")

    print(f"A new root ({loops()} loops) beside as many bare hashlib.sha256 of 55 bytes, and the fewest that would do (processor time)")
    heads = f"{'accounts':>10} {'changes':>8} {'hashes':>8} {'fewest':>8} {'root ms':>9} {'bare ms':>9}"
    print(f"  {heads}   share of bare, at least 0.6; of the fewest")
    for name, number in (("rehash small", 0), ("rehash big", 1)):
        for seen in found[name]:
            numbers = f"{plan['accounts'][number]:10,} {seen.changes:8,} {seen.made:8,} {seen.needed:8,}"
            print(f"  {numbers} {1e3 * seen.ours_s:9.3f} {1e3 * seen.bare_s:9.3f}   {seen.share:.2f}; {seen.needed_share:.2f}")

    print("A new root after 60 changes beside other trees, all in memory (ms of the processor; accounts held)")
    for name, (_, what) in {"ours": (True, "with sums and pulses"), **WHAT}.items():
        times = found["ours"] if name == "ours" else found["peers"][name]
        held = found["holds"].get(name, plan["accounts"][0])
        print(f"  {name:26} best {1e3 * min(times):8.2f}  median {1e3 * statistics.median(times):8.2f}  {held:8,}  {what}")
    print(f"  best of ours is {figures['batch60_vs_best_peer']:.1f} times as fast as the best of them, at least 5")
    print(f"  at {plan['accounts'][1]:,} accounts they would take gigabytes and minutes to load: left out")

    print(f"Questions to {plan['accounts'][0]:,} accounts and their past of {plan['kept']:,} pulses of 60 changes, medians")
    asked = found["answers"]
    row("us for a balance", f"{1e6 * asked.balance:.1f}")
    row("  to make a proof, of bytes on average", f"{1e6 * asked.proof:.1f}, {asked.proof_bytes:.0f}")
    row("  to verify it", f"{1e6 * asked.verify:.1f}")
    row("  for a past balance", f"{1e6 * asked.past_balance:.1f}")
    row("  to make a past proof", f"{1e6 * asked.past_proof:.1f}", f"{asked.past_proof / asked.proof:.1f} times a present one, at most 50")
    row("bytes of disk for each change kept", f"{asked.bytes_per_change:.1f}", "at most 90")


def row(what, value, reach=""):
    print(f"  {what:50} {value:>16}   {reach}")


def print_large(seen):
    accounts = seen["accounts"]
    print(f"A book of {accounts:,} accounts, streamed in")
    row("s to load; to open; to open after the pulses", f"{seen['load_s']:.1f}; {seen['open_s']:.1f}; {seen['reopen_s']:.1f}")
    row("MB resident at most while loading", f"{seen['load_peak_rss'] / 1e6:.1f}", "at most 512")
    row("MB on disk loaded; after the pulses", f"{seen['loaded_bytes'] / 1e6:.1f}; {seen['lived_bytes'] / 1e6:.1f}", "at most 640")
    row("  bytes an account", f"{seen['lived_bytes'] / accounts:.2f}")
    row("ms a pulse of 60 changes, durable: median, p99", f"{1e3 * seen['pulse_median_s']:.2f}, {1e3 * seen['pulse_p99_s']:.2f}")
    row("bytes written a pulse", f"{seen['written_per_pulse']:,.0f}", "at most 65,536")
    memory = [seen[name] / 1e6 for name in ("own_rss", "file_rss", "peak_rss")]
    row("MB resident after: own, the file's, most ever", "{:.1f}, {:.1f}, {:.1f}".format(*memory))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer pulses and rounds, smaller peers, under 45 s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--large", action="store_true", help="stream one large book in instead")
    parser.add_argument("--accounts", type=int, default=1 << 24, help="of the large book (16,777,216)")
    parser.add_argument("--pulses", type=int, default=600, help="of 60 changes, after it is loaded (600)")
    parser.add_argument("--folder", help="where the books are made; on the disk that is to be measured")
    options = parser.parse_args()
    if options.large:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            seen = large.measure(Path(folder) / "book", options.accounts, options.pulses, ROOT)
        print(json.dumps(seen)) if options.json else print_large(seen)
        return
    found = measure({**(QUICK if options.quick else FULL), "accounts": (SMALL, BIG), "folder": options.folder})
    print(json.dumps(keys(found))) if options.json else print_table(found)


if __name__ == "__main__":
    main()
