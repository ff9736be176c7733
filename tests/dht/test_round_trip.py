"""How long an answer is waited for."""

from leither_edge.dht.round_trip import HARD_S, RoundTrip

NEAR, FAR = b"\x05\x01\x01\x01\x1a\xe1", b"\x05\x02\x02\x02\x1a\xe1"


def test_before_anything_was_measured_half_a_second():
    assert RoundTrip().soft_s == RoundTrip().soft_for(NEAR) == 0.5


def test_steady_answers_bring_the_wait_down_to_its_bound():
    times = RoundTrip()
    for at in range(50):
        times.measured(0.02, at)
    assert times.soft_s == 0.15


def test_a_slow_path_is_learned_from_late_answers():
    times = RoundTrip()
    for at in range(50):
        times.measured(0.02, at)
    for at in range(50, 60):
        times.measured(0.9, at)
    assert times.soft_s == 1.0
    assert times.hard_s == HARD_S


def test_a_known_contact_is_waited_for_by_its_own_round_trips():
    times = RoundTrip(seed=7)
    for at in range(20):
        times.measured(0.02, at)
        times.measured(0.25, at, FAR)
    assert times.of(FAR) == 0.25
    assert times.soft_for(FAR) == 0.75
    assert times.of(NEAR) is None
    assert times.soft_for(NEAR) == times.soft_s


def test_after_a_long_silence_the_next_answer_counts_alone():
    times = RoundTrip()
    for at in range(20):
        times.measured(0.9, at)
    times.measured(0.1, 5000.0)
    assert times.smoothed_s == 0.1


def test_no_measurement_leaves_the_bounds():
    times = RoundTrip()
    for seconds in (-5.0, 1e9, float("inf"), 0.0):
        times.measured(seconds, 0.0, NEAR)
        assert 0.15 <= times.soft_s <= 1.0
        assert 0.15 <= times.soft_for(NEAR) <= 1.0
