"""Two nodes share, follow, back up and restore in the smallest board's memory."""

import pytest

from tests.flow.small_machine import QUICK, run


@pytest.mark.slow
@pytest.mark.native
def test_nodes_stay_in_their_memory(tmp_path):
    steps = []
    run("pi-zero", QUICK, lambda text, seconds, figures: steps.append((text, figures)), tmp_path)
    assert [text for text, _ in steps][-1] == "restored elsewhere"
    assert steps[-1][1]["third"]["answer"]["versions"] == 4
