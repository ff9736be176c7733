"""What ``make mpy`` shows: core stays in the subset, how big it is, that three runtimes judge alike, the heap a receipt takes."""

import sys
import tempfile
from pathlib import Path

from tests.mpy import runtimes, sizes, smallest_heap
from tests.mpy.subset import outside_the_subset

# The vectors are read as one JSON text, which the heap of a test may well hold.
VECTORS_HEAP_BYTES = 16 << 20


def vectors(run):
    """(whether every case went as pinned, what the program said) of the vectors under one of the MicroPythons."""
    code, output = run("vectors")
    return code == 0 and output.rstrip().endswith("cases, 0 failed, 0 signatures not asked for"), output.rstrip()


def ports(folder):
    """[(name, run: program -> (exit code, output)), ...] of the MicroPythons."""
    return [
        ("WebAssembly port in Node", lambda program: runtimes.wasm(folder, program)),
        ("unix port", lambda program: runtimes.unix(folder, program, heap_bytes=VECTORS_HEAP_BYTES)),
    ]


def main():
    good = True
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        files = sorted(runtimes.CORE.glob("*.py"))
        found = [line for path in files for line in outside_the_subset(path.read_text(), path.name)]
        print("\n".join(f"leither_edge/core/{line}" for line in found) or f"{len(files)} modules of core stay in MicroPython's subset.")
        try:
            bytes_of = sizes.measured(scratch / "sizes")
            folder = scratch / "device"
            runtimes.lay_out(folder)
        except ValueError as error:
            sys.exit(f"mpy-cross refuses {error}")
        print("\nBytes of .mpy, mpy-cross -O3:\n" + sizes.table(bytes_of))
        good = not found and sum(bytes_of[name] for name in sizes.BUDGETED) <= sizes.BUDGET_BYTES

        print("\nGolden vectors of the ledger (signature checks looked up, as MicroPython has no Ed25519):")
        for name, run in ports(folder):
            version = run("about")[1].strip()
            same, output = vectors(run)
            print(f"  {name}, {version}: {output}")
            good = good and same

        width = runtimes.unix(folder, "about")[1].split()[-1]
        print(f"\nSmallest heap in which a receipt is verified, .mpy loaded from files, {width} unix port:")
        print(smallest_heap.table(folder))
        print("Without the code, as on a board with the modules in its flash: python -m tests.mpy.frozen --help")
    if width != "32-bit":
        print("This machine runs no 32-bit program, so the figures are about twice a microcontroller's.")
    sys.exit(0 if good else "make mpy: core is not what MicroPython takes; see above")


if __name__ == "__main__":
    main()
