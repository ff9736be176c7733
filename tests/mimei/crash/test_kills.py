"""SIGKILL at random moments of adding, writing, backing up and collecting: `python -m tests.mimei.crash` does it 300 times."""

import pytest

from .kills import kill_often


@pytest.mark.native
@pytest.mark.parametrize("kills", [6, pytest.param(100, marks=pytest.mark.slow)])
def test_nothing_acknowledged_is_lost(tmp_path, kills):
    found = kill_often(tmp_path, kills, seed=kills, longest_s=0.3 if kills == 6 else 2.0)
    assert sum(number for _, number in found.counts.values()) > kills
