#!/usr/bin/env python3
"""What goes between nodes beside peers and floors: a file beside nginx, handshakes a second, a new version's way to a follower.

Each part runs alone, too, with options of its own: `python -m tests.bench.flow_parts.sync --help` (handshakes, new_version).
"""

import argparse
import importlib
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# In place of this folder, whose http.py would stand for the standard library's package.
sys.path[0] = str(ROOT)

# Each a module of flow_parts with measure, keys_of and lines; and what measure() is given, in full and quickly.
PARTS = {"sync": ((1024, 3), (1024, 1)), "handshakes": ((), ()), "new_version": ((), (10_000, 5))}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (all)")
    parser.add_argument("--quick", action="store_true", help="smaller, under 45 s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    for name in options.parts:
        if name not in PARTS:
            parser.error(f"there is no part {name}: choose of {', '.join(PARTS)}")
    figures, details = {}, {}
    for name in options.parts or PARTS:
        part = importlib.import_module(f"tests.bench.flow_parts.{name}")
        found = part.measure(*PARTS[name][options.quick])
        figures.update(part.keys_of(found))
        details[name] = found
        if not options.json:
            print("\n".join(part.lines(found)))
    if options.json:
        print(json.dumps({**figures, **details}))


if __name__ == "__main__":
    main()
