"""A file added to the store and read back, beside the least there is to do: `python -m tests.bench.mimei_parts.add [--mib N] [--json]`.

The floor reads the same bytes from the same file in the same pieces, takes their SHA-256, writes them to a file and flushes that; reading
back, it reads the file it wrote. Both run in processes of their own, in turns, in one folder; what counts is the best of each.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent
MIB, QUICK_MIB = 1024, 192
ROUNDS, QUICK_ROUNDS = 4, 3
PIECE = 1 << 20


def pieces(path):
    """The bytes of a file, a MiB at a time."""
    with open(path, "rb", buffering=0) as file:
        while piece := file.read(PIECE):
            yield piece


def floor(source, folder):
    """Seconds to hash and write, and to read back."""
    path = f"{folder}/floor"
    start = time.perf_counter()
    digest = hashlib.sha256()
    with open(path, "wb", buffering=0) as file:
        for piece in pieces(source):
            digest.update(piece)
            file.write(piece)
        os.fsync(file.fileno())
    written = time.perf_counter()
    total = sum(len(piece) for piece in pieces(path))
    assert total == os.path.getsize(source)
    return {"write_s": written - start, "read_s": time.perf_counter() - written, "label": digest.hexdigest()}


def ours(source, folder):
    """Seconds to put into a MiMei and to read back, and what the process's memory grew by meanwhile."""
    from leither_edge.crypto.key_pair import KeyPair
    from leither_edge.mimei.library import open_library
    from leither_edge.observe.counters import Counters
    from leither_edge.profile import profile

    node = KeyPair(bytes(32))
    with open_library(f"{folder}/library", profile.load("pi-zero"), node, counters=Counters()) as library:
        session = library.local_session(node)
        mid = library.create(session, mark="bench")
        # What is loaded and made with the first file is not counted.
        library.put_file(session, mid, "small", [b"small", bytes(PIECE)])
        before = _reset_peak()
        start = time.perf_counter()
        cid = library.put_file(session, mid, "film", source)
        written = time.perf_counter()
        grown = _status("VmHWM") - before
        before = _reset_peak()
        reading = time.perf_counter()
        total = sum(len(piece) for piece in library.read_file(session, mid, "cur", "film"))
        end = time.perf_counter()
        assert total == os.path.getsize(source)
        return {
            "write_s": written - start, "read_s": end - reading, "label": cid.hex(),
            "rss_growth_bytes": grown, "read_rss_growth_bytes": _status("VmHWM") - before,
        }  # fmt: skip


def _reset_peak():
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmHWM")


def _status(name):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) << 10
    raise KeyError(name)


def measure(mib, rounds, folder=None):
    """{"mib", "floor", "ours"}: the best of each figure of all rounds, the most of memory."""
    seen = {"floor": [], "ours": []}
    with tempfile.TemporaryDirectory(dir=folder) as base:
        source = f"{base}/source"
        with open(source, "wb") as file:
            for _ in range(mib):
                file.write(os.urandom(1 << 20))
        for _ in range(rounds):
            for kind, found in seen.items():
                # Neither writes what the other left dirty.
                os.sync()
                with tempfile.TemporaryDirectory(dir=base) as own:
                    command = [sys.executable, "-m", "tests.bench.mimei_parts.add", "--kind", kind, "--source", source, "--folder", own]
                    found.append(json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout))
    best = {kind: {name: (max if "rss" in name else min)(row[name] for row in rows) for name in rows[0]} for kind, rows in seen.items()}
    return {"mib": mib, "rounds": rounds, **best}


def keys(found):
    """The figures that are compared from run to run."""
    ours, floor = found["ours"], found["floor"]
    return {
        "add_vs_floor": round(ours["write_s"] / floor["write_s"], 2),
        "add_rss_growth_mb": round(ours["rss_growth_bytes"] / 1e6, 2),
        "read_vs_floor": round(ours["read_s"] / floor["read_s"], 2),
    }


def show(found):
    """The table."""
    ours, floor, figures, mib = found["ours"], found["floor"], keys(found), found["mib"]
    print(f"A file of {mib} MiB, best of {found['rounds']} turns")
    print(f"  {'':24} {'ours':>9} {'floor':>9}   {'ratio':>6}")
    for name, key, ratio, reach in (("add", "write_s", "add_vs_floor", "at most 1.6"), ("read back", "read_s", "read_vs_floor", "")):
        print(f"  {name + ', MiB a second':24} {mib / ours[key]:9.0f} {mib / floor[key]:9.0f}   {figures[ratio]:6.2f}   {reach}")
    print(f"  {'memory grew by, MB':24} {figures['add_rss_growth_mb']:9.1f} {'':9}   {'':6}   at most 8, adding")
    print(f"  {'':24} {ours['read_rss_growth_bytes'] / 1e6:9.1f} {'':9}   {'':6}   reading")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mib", type=int, default=MIB)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--folder", help="on which disk (the folder for temporary files)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--kind", choices=("floor", "ours"), help=argparse.SUPPRESS)
    parser.add_argument("--source", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.kind:
        print(json.dumps((floor if options.kind == "floor" else ours)(options.source, options.folder)))
        return
    found = measure(options.mib, options.rounds, options.folder)
    print(json.dumps({**keys(found), **found})) if options.json else show(found)


if __name__ == "__main__":
    main()
