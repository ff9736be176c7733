import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.core.sequence import SequenceWindow


@given(st.lists(st.integers(-2, 80), max_size=60), st.integers(1, 32))
def test_as_a_plain_set_would(numbers, width):
    window, seen, highest = SequenceWindow(width=width), set(), 0
    for number in numbers:
        wanted = number > 0 and number not in seen and number > highest - width
        assert window.accepts(number) == wanted
        if wanted:
            before = (window.highest, window.mask)
            following = window.advanced(number)
            assert (window.highest, window.mask) == before
            window = following
            seen.add(number)
            highest = max(highest, number)
            assert window.highest == highest and window.mask < 1 << width
        else:
            with pytest.raises(ValueError):
                window.advanced(number)


def test_commands_rise_strictly():
    window = SequenceWindow(7)
    assert not window.accepts(7) and not window.accepts(6) and not window.accepts(0)
    assert window.accepts(8) and window.accepts((1 << 53) - 1)
    assert SequenceWindow().accepts(1)


def test_a_great_leap_forgets_the_window():
    window = SequenceWindow(width=8).advanced(1).advanced(1 << 52)
    assert (window.highest, window.mask) == (1 << 52, 1)
