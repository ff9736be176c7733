"""pkarr's own JavaScript implementation, commanded from here: pkarr/peer.mjs in Node, at the other end of two pipes.

Its packages come from npm into build/, held by the lock file's integrity sums.
"""

import pathlib
import shutil
import tempfile

import pytest

from tests.interop.peer_process import PeerProcess
from tests.own_environment import ROOT, run

HERE = pathlib.Path(__file__).parent / "pkarr"
PLACE = ROOT / "build" / "pkarr-npm"
LOCK = "package-lock.json"


def packages():
    """The folder with node_modules; made once, and again when the lock file changes."""
    if is_there():
        return PLACE
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.fail(f"{program} is missing: install.sh test brings it", pytrace=False)
    PLACE.parent.mkdir(exist_ok=True)
    fresh = pathlib.Path(tempfile.mkdtemp(prefix="pkarr-npm-", dir=PLACE.parent))
    try:
        for name in ("package.json", LOCK):
            shutil.copy(HERE / name, fresh)
        run("npm", "ci", "--prefix", str(fresh), "--silent", "--ignore-scripts", "--no-audit", "--no-fund")
        # Another worker of the same run may have been quicker, and be using it.
        if not is_there():
            shutil.rmtree(PLACE, ignore_errors=True)
            fresh.rename(PLACE)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return PLACE


def is_there():
    """Whether the packages of the lock file are there."""
    try:
        return (PLACE / LOCK).read_bytes() == (HERE / LOCK).read_bytes()
    except FileNotFoundError:
        return False


class Pkarr(PeerProcess):
    """Its packets and its own DHT node."""

    name = "Node"

    def program(self):
        """Node with the peer and its packages."""
        return ["node", str(HERE / "peer.mjs"), str(packages())]
