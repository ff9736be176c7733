"""python -m tests.arm_store: the tests of the store and of the content store on 32-bit ARM, under qemu's user mode.

Debian's armhf Python, LMDB and libsodium; the map sizes are those of the hardware profiles, as everywhere in these tests.
"""

import argparse
import os
import subprocess
import sys
import zipfile

from tests.bench.arm import userland

FOLDER = userland.ROOT / "build" / "arm-store"
# Ours has a part in Rust; Debian's is older and pure Python.
PACKAGES = ("python3-hypothesis",)
# Pure Python of our own environment: what runs the tests.
RUNNERS = ("pytest", "_pytest", "py.py", "pluggy", "iniconfig", "packaging", "pygments")
PROJECT = (
    "tests/conftest.py", "tests/browser", "tests/killed_child.py", "tests/fuzzing.py", "tests/npm_packages.py", "tests/own_environment.py",
    "tests/dht", "tests/interop", "tests/resp", "tests/storage", "tests/mimei", "pyproject.toml",
)  # fmt: skip
TESTS = ("tests/storage", "tests/mimei")
LEFT_OUT = "not slow and not interop and not native"


def put_lmdb(there):
    """Our version of LMDB's binding, compiled for ARM: Debian's is older and tells less of what went wrong."""
    wheels, target = there.folder / "wheels", there.folder / "pure" / "lmdb"
    if not list(wheels.glob("lmdb-*.whl")):
        wheels.mkdir(exist_ok=True)
        lines = (userland.ROOT / "requirements" / "dev.lock").read_text().split("\n")
        first = next(number for number, line in enumerate(lines) if line.startswith("lmdb=="))
        last = next(number for number in range(first, len(lines)) if not lines[number].endswith("\\"))
        (wheels / "lmdb.lock").write_text("\n".join(lines[first : last + 1]) + "\n")
        headers = " ".join(f"-I{there.root / path}" for path in ("usr/include/python3.11", "usr/include"))
        compiler = userland.COMPILER
        # Before the folders of this machine's own libraries, which Debian's Python names.
        linker = f"{compiler} -shared -L/usr/arm-linux-gnueabihf/lib"
        environment = {**os.environ, "CC": compiler, "LDSHARED": linker, "CFLAGS": f"-O2 -fPIC {headers}"}
        words = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "wheel", "--require-hashes", "--no-deps"]
        words += ["--no-binary", "lmdb", "-r", wheels / "lmdb.lock", "-w", wheels]
        subprocess.run(words, check=True, env=environment)
    with zipfile.ZipFile(next(wheels.glob("lmdb-*.whl"))) as wheel:
        for name in wheel.namelist():
            if name.startswith("lmdb/"):
                path = target / name[len("lmdb/") :].replace("x86_64-linux-gnu", "arm-linux-gnueabihf")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(wheel.read(name))


def main():
    """Make the userland, run the tests in it, end with pytest's own code."""
    parser = argparse.ArgumentParser(prog="python -m tests.arm_store", description=__doc__.splitlines()[0])
    parser.add_argument("tests", nargs="*", default=TESTS, help="files or folders of tests, or options of pytest after --")
    arguments = parser.parse_args()
    there = userland.debian(FOLDER, PACKAGES, RUNNERS, PROJECT)
    put_lmdb(there)
    words = there.command(["-E", "LEITHER_ASYNC_TEST_LIMIT_S=600"])
    print(there.says, flush=True)
    probe = "import lmdb, platform, struct; print(8 * struct.calcsize('P'), 'bits,', platform.machine() + ', LMDB', *lmdb.version())"
    subprocess.run([*words, "-c", probe], cwd=there.project, check=True)
    run = subprocess.run([*words, "-m", "pytest", "-p", "no:cacheprovider", "-m", LEFT_OUT, *arguments.tests], cwd=there.project)
    return run.returncode


if __name__ == "__main__":
    sys.exit(main())
