"""A book too large to be held twice: streamed in, then some pulses, in a process of its own under a reading of its memory.

`python -m tests.bench.ledger_parts.large FOLDER ACCOUNTS PULSES`: one JSON object.
"""

import json
import random
import subprocess
import sys
import time

from tests.bench.ledger_parts.made_accounts import changes_of, some_of
from tests.bench.ledger_parts.opened_book import (
    Written,
    anonymous_and_file_bytes,
    book_at,
    file_bytes,
    load,
    peak_rss_bytes,
    pulse,
    share_of,
)
from tests.bench.ledger_parts.sizes import CHANGES

# Accounts drawn to be changed: as many as 600 pulses can reach.
DRAWN = 36_000


def measure(folder, accounts, pulses, root):
    """What `main` prints, of a fresh process."""
    command = [sys.executable, "-m", __name__, str(folder), str(accounts), str(pulses)]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def main(folder, count, pulses):
    drawn = []
    started = time.perf_counter()
    figures = {"accounts": count}
    load(folder, some_of(count, DRAWN, drawn), count)
    figures["load_s"] = time.perf_counter() - started
    figures["load_peak_rss"] = peak_rss_bytes()
    figures["loaded_bytes"] = file_bytes(folder)
    started = time.perf_counter()
    with book_at(folder) as (store, tree):
        figures["open_s"] = time.perf_counter() - started
        assert tree.accounts == count
        chance, times, written = random.Random(5), [], Written()
        for _ in range(pulses):
            times.append(sum(pulse(store, tree, changes_of(chance, drawn, CHANGES))))
        figures["pulse_median_s"] = share_of(times, 0.5)
        figures["pulse_p99_s"] = share_of(times, 0.99)
        figures["written_per_pulse"] = written.bytes(pulses) / pulses
        figures["own_rss"], figures["file_rss"] = anonymous_and_file_bytes()
        figures["peak_rss"] = peak_rss_bytes()
        figures["lived_bytes"] = file_bytes(folder)
        root = tree.root
    started = time.perf_counter()
    with book_at(folder) as (_, tree):
        figures["reopen_s"] = time.perf_counter() - started
        assert tree.root == root
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
