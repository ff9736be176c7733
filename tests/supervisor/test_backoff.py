"""Delays between restarts."""

import pytest

from appliance.supervisor.backoff import Backoff


def test_doubles_up_to_the_longest():
    backoff = Backoff(1, 10)
    delays = []
    for now_s in range(6):
        backoff.started(now_s)
        delays.append(backoff.failed(now_s + 0.5))
    assert delays == [1, 2, 4, 8, 10, 10]
    assert backoff.failures == 6


def test_a_long_life_starts_over():
    backoff = Backoff(1, 10, stable_s=60)
    backoff.started(0)
    assert backoff.failed(1) == 1
    backoff.started(1)
    assert backoff.failed(60) == 2
    backoff.started(60)
    assert backoff.failed(120) == 1
    assert backoff.failures == 1


def test_a_start_that_never_came_counts():
    backoff = Backoff(1, 10)
    assert [backoff.failed(0), backoff.failed(1000)] == [1, 2]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (2, 1), (-1, 1)])
def test_bounds_must_make_sense(low, high):
    with pytest.raises(ValueError):
        Backoff(low, high)
