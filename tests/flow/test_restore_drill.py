"""The restore drill, small."""

import json
import os
import subprocess
import sys

import pytest

from .restore_drill import ROOT


@pytest.mark.slow
def test_a_node_is_rebuilt_though_it_is_killed_again_and_again(tmp_path):
    words = [sys.executable, "-m", "tests.flow.restore_drill", "--files", "60", "--mib", "12", "--kills", "4", "--json"]
    environment = {**os.environ, "LEITHER_DRILL_FOLDER": str(tmp_path)}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    found = json.loads(done.stdout)
    assert found["differences"] == [] and found["holder_read_it"] == 0, found
    assert found["facts"] > 150 and found["kills"] and found["pieces_same"] == found["pieces_asked"] > 0
    assert done.returncode == 0
