from hypothesis import given
from hypothesis import strategies as st

from leither_edge.ledger.pulse_engine import CLOSE, PulseEngine


def test_with_nothing_to_do_there_is_no_timer():
    engine = PulseEngine()
    assert engine.next_wake() is None and engine.tick(1000) is None


def test_the_first_transfer_is_not_kept_waiting():
    engine = PulseEngine()
    engine.waiting(10)
    assert engine.next_wake() == 10 and engine.tick(10) == CLOSE


def test_the_next_pulse_comes_a_second_after_the_one_before():
    engine = PulseEngine()
    engine.waiting(10)
    assert engine.tick(10) == CLOSE and engine.next_wake() is None and engine.tick(15) is None
    engine.waiting(10.1)
    assert engine.next_wake() is None
    engine.closed(10.2, False)
    assert engine.next_wake() == 11 and engine.tick(10.9) is None and engine.tick(11) == CLOSE
    engine.closed(11.5, True)
    assert engine.next_wake() == 12
    assert engine.tick(13) == CLOSE
    engine.closed(13.1, False)
    assert engine.next_wake() is None


def test_a_clock_that_falls_puts_no_pulse_off():
    engine = PulseEngine()
    engine.waiting(1000)
    engine.tick(1000)
    engine.closed(1000, False)
    engine.waiting(10)
    assert engine.next_wake() <= 11 and engine.tick(11) == CLOSE
    engine.closed(500, True)
    assert engine.tick(3) is None and engine.tick(4) == CLOSE


@given(st.lists(st.tuples(st.sampled_from(["waiting", "tick", "closed", "more"]), st.floats(0, 3)), max_size=60))
def test_never_two_pulses_in_a_second_and_none_for_nothing(events):
    engine, now, waits, closing, began = PulseEngine(), 0.0, False, False, []
    for event, passed in events:
        now += passed
        if event == "waiting":
            engine.waiting(now)
            waits = True
        elif event == "tick":
            if engine.tick(now) == CLOSE:
                assert waits and not closing
                began.append(now)
                waits, closing = False, True
        elif closing:
            engine.closed(now, event == "more")
            waits, closing = waits or event == "more", False
        assert (engine.next_wake() is None) == (not waits or closing)
    assert all(later - earlier >= 1 for earlier, later in zip(began, began[1:], strict=False))
