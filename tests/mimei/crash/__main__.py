"""Kills a working library at random moments and looks at what is there: `python -m tests.mimei.crash --kills 300`.

Killing a process proves the order of writes, the store's recovery and LMDB's, not the medium: that needs a power cut.
"""

import argparse
import sys
import tempfile

from .kills import kill_often

# A second, and what a flush takes on a disk that others use.
OLDEST_S = 2.0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="on which disk (the folder for temporary files)")
    options = parser.parse_args()

    def progress(done, seen, kinds):
        if sys.stderr.isatty():
            print(f"\r{done} of {options.kills}  {'+'.join(kinds):40}", end="", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        found = kill_often(folder, options.kills, options.seed, 2.5, progress)
    print(f"\n{options.kills} kills at random moments, seed {options.seed}: nothing acknowledged was lost, no fault, no orphan")
    for kind, (kills, acknowledged) in found.counts.items():
        print(f"  {kind:12} {kills:4} kills, {acknowledged:8,} acknowledged")
    print(f"  of everysec {found.seen.lost:,} acknowledged commands were lost, the oldest {found.seen.late_s:.2f} s before the kill")
    if found.seen.late_s > OLDEST_S:
        sys.exit(f"that is more than the {OLDEST_S} s of a period and a flush")


if __name__ == "__main__":
    main()
