"""python -m tests.bench.arm: one pulse and 60 signature checks on 32-bit ARM beside this machine, and the idle node's memory there."""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.bench.arm import counted, idle_node, userland
from tests.bench.arm.work import ACCOUNTS, CHANGES, HASHES, PIECES

ROOT = userland.ROOT
SQUASHFS = ROOT / "build" / "pi-zero" / "rootfs.squashfs"
SAYS = {
    "checks": f"{CHANGES} signature checks",
    "hashes": f"{HASHES} bare SHA-256 from Python",
    "root": f"new root after {CHANGES} changes",
    "write": "writing that pulse, durable",
}
MB = 1e6


def measure_here(folder):
    """(answer, seconds, instructions) of this machine: itself, and its Python under qemu's user mode of its own kind."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    answer, seconds = counted.seconds([sys.executable], folder / "book", environment)
    try:
        count = counted.instructions(
            lambda options: ["qemu-x86_64", "-cpu", "max", *options, sys.executable], folder / "book", folder, environment
        )
    except (OSError, counted.subprocess.CalledProcessError):
        count = {}
    return answer, seconds, count


def measure_arm(there, with_node):
    """(answer, seconds, instructions, memory without a book, memory with one) of an ARM userland; memory: (files, other), or None."""
    book = there.folder / "book"
    # One of an earlier run may have another form on disk.
    shutil.rmtree(book, ignore_errors=True)
    answer, seconds = counted.seconds(there.command(), book)
    count = counted.instructions(there.command, book, there.folder)
    without = idle_node.measure(there, None) if with_node else None
    with_book = idle_node.measure(there, book) if with_node and answer["loops"] else None
    return answer, seconds, count, without, with_book


def print_table(here, arm):
    print(f"A book of {ACCOUNTS:,} accounts, pulses of {CHANGES} changes, medians; the tree's loops here: {loops(here[0])}")
    for there, found in arm:
        print(f"{there.says} under qemu's user mode; the tree's loops: {loops(found[0])}")
        print(f"  {'':32} {'M instr.':>9} {'here':>8} {'ratio':>6}   {'ms in qemu':>10} {'ms here':>8} {'ratio':>6}")
        for name in PIECES:
            if name in found[1]:
                counts = ratio_columns(found[2].get(name), here[2].get(name), 1e-6, 2)
                print(f"  {SAYS[name]:32} {counts}   {ratio_columns(found[1][name], here[1].get(name), 1e3, 3)}")
        for what, memory in (("idle node, no book", found[3]), (f"idle node, {ACCOUNTS:,} accounts", found[4])):
            if memory:
                files, other = (part / MB for part in memory)
                print(f"  {what:32} {files + other:9.2f} MB resident: {other:.2f} its own, {files:.2f} of files; at most 22")
    print("An ARM1176 finishes at most one instruction a cycle: at the Pi Zero's 1 GHz, a million of them take 1 ms or more.")


def loops(answer):
    return answer["loops"] or f"not there ({answer['missing']})"


def ratio_columns(there, here, scale, digits):
    def text(value, width, form):
        return f"{value:{width}{form}}" if value is not None else f"{'-':>{width}}"

    ratio = there / here if there is not None and here else None
    wide = 9 if digits == 2 else 10
    return f"{text(there and there * scale, wide, f'.{digits}f')} {text(here and here * scale, 8, f'.{digits}f')} {text(ratio, 6, '.1f')}"


def figures(here, arm):
    """One object: by userland, instructions and seconds by piece, and memory."""
    found = {"here": {"loops": here[0]["loops"], "seconds": here[1], "instructions": here[2]}}
    for there, (answer, seconds, count, without, with_book) in arm:
        found[there.folder.name] = {
            "says": there.says, "loops": answer["loops"], "seconds": seconds, "instructions": count,
            "idle_rss_bytes": without and sum(without), "idle_rss_bytes_with_book": with_book and sum(with_book),
        }  # fmt: skip
    return found


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.arm", description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "arm", help="where the userlands are kept (build/arm)")
    parser.add_argument("--image", type=Path, default=SQUASHFS, help="root file system of a built image, used if it is there")
    parser.add_argument("--quick", action="store_true", help="Debian's userland alone")
    parser.add_argument("--no-node", action="store_true", help="leave the idle node's memory out")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()

    folder = options.folder.resolve()
    places = [userland.debian(folder / "armhf")]
    if options.image.exists() and not options.quick:
        places.append(userland.image(folder / "image", options.image, places[0].root / "usr/include"))
    with tempfile.TemporaryDirectory() as own:
        here = measure_here(Path(own))
    arm = [(there, measure_arm(there, not options.no_node)) for there in places]
    print(json.dumps(figures(here, arm))) if options.json else print_table(here, arm)


if __name__ == "__main__":
    main()
