"""Programs of other people from npm for a test, in build/, held by the integrity sums of a lock file."""

import os
import pathlib
import shutil
import tempfile

import pytest

from tests.own_environment import ROOT, run

LOCK = "package-lock.json"


def installed(folder, name):
    """The folder build/NAME with the packages that a folder's lock file names; made once, and again when the lock file changes."""
    place = ROOT / "build" / name
    if _is_there(folder, place):
        return place
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.fail(f"{program} is missing: install.sh test brings it", pytrace=False)
    place.parent.mkdir(exist_ok=True)
    fresh = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=place.parent))
    try:
        for file in ("package.json", LOCK):
            shutil.copy(folder / file, fresh)
        run("npm", "ci", "--prefix", str(fresh), "--silent", "--ignore-scripts", "--no-audit", "--no-fund")
        # Another worker of the same run may have been quicker, and be using it.
        if not _is_there(folder, place):
            shutil.rmtree(place, ignore_errors=True)
            fresh.rename(place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return place


def beside(file, place):
    """The path of a copy of a program in the folder of its packages, where its imports find them."""
    handle, fresh = tempfile.mkstemp(dir=place, suffix=file.suffix)
    os.close(handle)
    shutil.copy(file, fresh)
    os.replace(fresh, place / file.name)
    return place / file.name


def _is_there(folder, place):
    try:
        return (place / LOCK).read_bytes() == (folder / LOCK).read_bytes()
    except FileNotFoundError:
        return False
