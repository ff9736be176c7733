"""The largest things a person does fit into the memory that the smallest board gives the node."""

import pytest

from tests.mimei.small_machine import ACTS, measure


@pytest.mark.native
@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name == "folder" else pytest.mark.slow) for name in ACTS])
def test_fits_the_smallest_board(name, tmp_path):
    _, steps = measure(name, ACTS[name][2], "pi-zero", tmp_path)
    assert len(steps) > 2


@pytest.mark.native
@pytest.mark.slow
@pytest.mark.parametrize("name", ["folder", "database"])
def test_the_whole_of_it_fits_the_smallest_board(name, tmp_path):
    _, steps = measure(name, ACTS[name][1], "pi-zero", tmp_path)
    assert len(steps) > 2
