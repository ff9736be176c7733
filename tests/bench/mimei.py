#!/usr/bin/env python3
"""The content store beside peers and floors: adding a file, versions of a database, commands of Redis, search.

Each part runs alone, too, with options of its own: `python -m tests.bench.mimei_parts.add --help` (backup, resp, search).
"""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# In place of this folder, whose http.py would stand for the standard library's package.
sys.path[0] = str(ROOT)

from tests.bench.mimei_parts import add, backup, resp, search  # noqa: E402

PARTS = {"add": add, "backup": backup, "resp": resp, "search": search}
# What each part's measure() is given.
FULL = {
    "add": (add.MIB, add.ROUNDS), "backup": (backup.KEYS, backup.VERSIONS), "resp": (resp.REQUESTS, resp.ROUNDS),
    "search": (search.DOCUMENTS,),
}  # fmt: skip
QUICK = {
    "add": (add.QUICK_MIB, add.QUICK_ROUNDS), "backup": (backup.QUICK_KEYS, backup.QUICK_VERSIONS),
    "resp": (resp.QUICK_REQUESTS, resp.QUICK_ROUNDS), "search": (search.QUICK_DOCUMENTS,),
}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (all)")
    parser.add_argument("--quick", action="store_true", help="smaller, under 45 s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    for name in options.parts:
        if name not in PARTS:
            parser.error(f"there is no part {name}: choose of {', '.join(PARTS)}")
    plan = QUICK if options.quick else FULL
    figures, details = {}, {}
    for name in options.parts or PARTS:
        found = PARTS[name].measure(*plan[name])
        figures.update(PARTS[name].keys(found))
        details[name] = found
        if not options.json:
            PARTS[name].show(found)
    if options.json:
        print(json.dumps({**figures, **details}))


if __name__ == "__main__":
    main()
