"""Share, rate and time left of a long copy."""

import pytest

from leither_edge.cli.card_progress import WINDOW_S, Rate


def test_a_steady_copy():
    rate = Rate(100_000_000)
    assert rate.text().endswith("  0 %") and rate.per_second is None and rate.seconds_left is None
    for second in range(1, 11):
        rate.add(5_000_000, second)
    assert rate.per_second == pytest.approx(5e6) and rate.seconds_left == pytest.approx(10)
    assert rate.text().endswith(" 50 %  5.0 MB/s  0:10 left") and rate.text().count("█") == 12


def test_a_card_that_becomes_slow():
    rate = Rate(10**9)
    for second in range(10):
        rate.add(20_000_000, second)
    for second in range(10, 10 + 2 * int(WINDOW_S)):
        rate.add(1_000_000, second)
    assert rate.per_second == pytest.approx(1e6, rel=0.01) and "13:04 left" in rate.text()


def test_the_ends():
    rate = Rate(10)
    rate.add(10, 1.0)
    rate.add(5, 1.0)
    assert "100 %" in rate.text() and Rate(0).text().endswith("100 %")
