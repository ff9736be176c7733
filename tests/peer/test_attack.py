"""`python -m tests.peer.attack`, a tenth of it: each attack is refused by a typed error, memory stays, honest peers stay unharmed."""

import json
import subprocess
import sys

import pytest

from tests.device_process import ROOT

pytestmark = pytest.mark.slow


def test_every_defence_holds():
    words = [sys.executable, "-m", "tests.peer.attack", "--quick", "--json"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300)
    said = json.loads(done.stdout)
    assert [row for row in said["rows"] if not row["held"]] == [] and done.returncode == 0
    assert len(said["rows"]) == 17 and said["peak_rss_mib"] < 64
