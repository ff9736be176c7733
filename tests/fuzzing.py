"""Throws mutated bytes at parsers: the runner that each folder's fuzz.py gives its targets to.

A target is a function of bytes that returns a short word for what came of it; new words make the fuzzer go on from those bytes. Only an
exception that the parser does not promise is a crash.
"""

import argparse
import json
import random
import sys
import time
import traceback

CORPUS_MAX = 200
# An outcome is followed up to so many times.
FOLLOWED = 4
OUTCOMES_MAX = 2000
CRASHES_MAX = 20
TURN = 200
GROWTH_MAX = 2_000_000


class Target:
    """One parser: the inputs to start from, the outcomes seen, the crashes met."""

    def __init__(self, work, seeds, change):
        self.work = work
        self.change = change
        self.corpus = list(seeds)
        self.kept = len(seeds)
        self.seen = {}
        self.runs = 0
        self.crashes = []
        self.slowest = 0.0

    def turn(self, chance, count):
        """Some runs."""
        for _ in range(count):
            data = self.change(chance.choice(self.corpus), chance)
            start = time.perf_counter()
            try:
                outcome = self.work(data)
            except Exception as error:
                if len(self.crashes) < CRASHES_MAX:
                    self.crashes.append((data, "".join(traceback.format_exception(error))))
                continue
            self.slowest = max(self.slowest, time.perf_counter() - start)
            self.runs += 1
            self._follow(data, outcome, chance)

    def _follow(self, data, outcome, chance):
        times = self.seen.get(outcome, 0)
        if times >= FOLLOWED or (not times and len(self.seen) >= OUTCOMES_MAX):
            return
        self.seen[outcome] = times + 1
        if len(self.corpus) < CORPUS_MAX:
            self.corpus.append(data)
        else:
            # The seeds stay.
            self.corpus[chance.randrange(self.kept, CORPUS_MAX)] = data


def rss_bytes():
    """Resident memory of this process."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))


def run(targets, change, seconds, seed):
    """({name: Target}, bytes of growth) after so many seconds.

    Args: targets ({name: (function of bytes, [bytes to start from])}), change (function of bytes and random.Random: other bytes).
    """
    chance = random.Random(seed)
    made = {name: Target(work, seeds, change) for name, (work, seeds) in targets.items()}
    start = time.monotonic()
    before = None
    while time.monotonic() - start < seconds:
        for target in made.values():
            target.turn(chance, TURN)
        if before is None and time.monotonic() - start >= seconds / 10:
            before = rss_bytes()
    return made, rss_bytes() - before if before is not None else 0


def main(program, description, targets, change):
    """Runs for the time that the command line says and prints what came of it; the exit code is 1 if anything crashed or memory grew."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    parser.add_argument("--seconds", type=float, default=30, help="how long (30)")
    parser.add_argument("--seed", type=int, default=None, help="a number that makes the same bytes again")
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object")
    options = parser.parse_args()
    seed = random.randrange(1 << 32) if options.seed is None else options.seed
    made, grown = run(targets, change, options.seconds, seed)
    runs, crashes = sum(each.runs for each in made.values()), sum(len(each.crashes) for each in made.values())
    for name, target in made.items():
        for data, trace in target.crashes:
            print(f"{name}, seed {seed}: {data.hex()}\n{trace}", file=sys.stderr)
    figures = {"runs": runs, "crashes": crashes, "growth_mb": round(grown / 1e6, 2), "seed": seed}
    if options.json:
        print(json.dumps(figures | {"targets": {name: each.runs for name, each in made.items()}}))
    else:
        print(f"{'parser':20}{'runs':>10}{'outcomes':>10}{'crashes':>9}{'slowest':>12}")
        for name, each in made.items():
            print(f"{name:20}{each.runs:10}{len(each.seen):10}{len(each.crashes):9}{each.slowest * 1000:9.1f} ms")
        print(f"{runs} runs in {options.seconds:g} s, {crashes} crashes, resident memory grew by {grown / 1e6:.2f} MB (seed {seed})")
    sys.exit(bool(crashes) or grown > GROWTH_MAX)
