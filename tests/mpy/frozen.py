"""Measures the smallest heap with core built into MicroPython itself, as in a board's flash, where code takes no heap.

    python -m tests.mpy.frozen SOURCE

SOURCE: an unpacked source tree of MicroPython (1.25 or newer; none of its submodules is needed). Builds mpy-cross and the unix
port, 32-bit and 64-bit, in build/mpy. Needs gcc, make and, for 32-bit words on x86-64, gcc-multilib.
"""

import argparse
import ast
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from tests.mpy import runtimes, smallest_heap

VARIANT = Path(__file__).resolve().parent / "frozen"


def imports_of(start):
    """The files of core that a program imports, directly or not, and itself."""
    found, todo = [], [start]
    while todo:
        source = todo.pop()
        if source in found:
            continue
        found.append(source)
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("leither_edge.core."):
                todo.append(runtimes.CORE / (node.module.split(".")[-1] + ".py"))
    return found


def lay_out(folder):
    """Copies what receipt_heap needs into ``folder``, and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    for source in [*imports_of(runtimes.PROGRAMS / "receipt_heap.py"), runtimes.CORE / "__init__.py", runtimes.CORE.parent / "__init__.py"]:
        target = folder / (source.relative_to(runtimes.ROOT) if source.is_relative_to(runtimes.CORE.parent) else source.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def build(source, bits):
    """Path of a unix port of ``bits`` bits with the modules built in. Raises CalledProcessError; its output has been printed."""
    folder = runtimes.BUILD / f"frozen-{bits}"
    modules = runtimes.BUILD / "frozen-modules"
    lay_out(modules)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    manifest = folder / "manifest.py"
    manifest.write_text(f"freeze({str(modules)!r}, opt=3)\n")
    # The build wants to see the library submodule, of which nothing is taken.
    (folder / "library").mkdir()
    (folder / "library" / "README.md").touch()
    _make(source / "mpy-cross", [])
    options = [f"VARIANT_DIR={VARIANT}", f"BUILD={folder}", f"FROZEN_MANIFEST={manifest}", f"MPY_LIB_DIR={folder / 'library'}"]
    if bits == 32 and sys.maxsize > 1 << 32:
        # The kernel's headers lie there; gcc-multilib has a link to them, which a cross compiler's package drives out.
        headers = f"/usr/include/{platform.machine()}-linux-gnu"
        options += ["MICROPY_FORCE_32BIT=1", f"CFLAGS_EXTRA=-idirafter {headers}"]
    _make(source / "ports" / "unix", options)
    return folder / "micropython"


def _make(folder, options):
    done = subprocess.run(["make", "-C", str(folder), "-j2", *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        print(done.stdout.decode(errors="replace")[-4000:])
        done.check_returncode()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="source tree of MicroPython")
    parser.add_argument("--bits", type=int, choices=(32, 64), action="append", help="only this width")
    given = parser.parse_args()
    if not (given.source / "ports" / "unix").is_dir():
        sys.exit(f"{given.source} is not MicroPython's source: it has no ports/unix")
    for bits in given.bits or (32, 64):
        binary = build(given.source.resolve(), bits)
        print(f"\nSmallest heap, modules built in, {bits}-bit:")
        print(smallest_heap.table(binary.parent, binary), flush=True)


if __name__ == "__main__":
    main()
