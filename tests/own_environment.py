"""A Python environment for a judge whose packages must not mix with ours, made from a lock file in build/."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(*command, **options):
    """Standard output of a program; its failure fails the test."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **options)
    if done.returncode:
        pytest.fail(f"{command[1:4]} failed:\n{done.stdout}\n{done.stderr}", pytrace=False)
    return done.stdout


def python_of(name):
    """The Python of build/NAME-venv, which has requirements/NAME.lock; made once, and again when the lock file changes."""
    lock, environment = ROOT / "requirements" / f"{name}.lock", ROOT / "build" / f"{name}-venv"
    python, stamp = environment / "bin" / "python", lock.name
    try:
        if (environment / stamp).read_bytes() == lock.read_bytes():
            return python
    except FileNotFoundError:
        pass
    environment.parent.mkdir(exist_ok=True)
    fresh = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-venv-", dir=environment.parent))
    try:
        # A pip of its own, and bytecode of packages used once, would take half of the time.
        run(sys.executable, "-m", "venv", "--without-pip", str(fresh))
        pip = (sys.executable, "-m", "pip", "--python", str(fresh / "bin" / "python"))
        run(*pip, "install", "-q", "--no-compile", "--require-hashes", "-r", str(lock))
        shutil.copy(lock, fresh / stamp)
        shutil.rmtree(environment, ignore_errors=True)
        fresh.rename(environment)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return python
