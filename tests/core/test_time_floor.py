import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.core.time_floor import TimeFloor, Untimely

BUILD = 1_800_000_000
DAY, YEAR = 86400, 365 * 86400


def code_of(floor, issued, expires, clock):
    try:
        floor.check(issued, expires, clock)
    except Untimely as error:
        assert str(error)
        return error.code
    return None


def test_where_the_floor_begins():
    assert TimeFloor(BUILD).floor == BUILD
    assert TimeFloor(BUILD, 5).floor == BUILD
    assert TimeFloor(BUILD, BUILD + 5).floor == BUILD + 5


@given(st.lists(st.integers(0, 1 << 53)))
def test_it_only_rises(times):
    floor = TimeFloor(BUILD)
    for time in times:
        before = floor.floor
        assert floor.observe(time) == (time > before)
        assert floor.floor == max(before, time)


def test_now():
    floor = TimeFloor(BUILD)
    assert floor.now(0) == BUILD
    assert floor.now(BUILD + 9) == BUILD + 9
    assert floor.floor == BUILD


@pytest.mark.parametrize(
    ("issued", "expires", "clock", "code"),
    [
        (BUILD, None, BUILD, None),
        (0, None, BUILD, None),
        (BUILD, BUILD + 1, BUILD, None),
        (BUILD - 1, BUILD, BUILD, "expired"),
        (BUILD - 1, BUILD, 0, "expired"),
        # The clock says that it is over; the floor does not, so it holds.
        (BUILD, BUILD + 1, BUILD + YEAR, None),
        (BUILD + DAY, None, BUILD, None),
        (BUILD + DAY + 1, None, BUILD, "future"),
        (BUILD + DAY + 1, None, BUILD - 1, "future"),
        (BUILD + DAY + 1, None, BUILD - DAY - 1, None),
        (BUILD + 10 * YEAR, None, 0, None),
        (BUILD + 10 * YEAR + 1, None, 0, "future"),
    ],
)
def test_periods(issued, expires, clock, code):
    assert code_of(TimeFloor(BUILD), issued, expires, clock) == code


def test_no_run_of_commands_carries_the_floor_away_from_a_good_clock():
    floor, clock = TimeFloor(BUILD), BUILD + 9
    for _ in range(20):
        issued = clock + DAY
        floor.check(issued, None, clock)
        floor.observe(floor.proven(issued, clock, by_owner=False))
        assert code_of(floor, issued + 1, None, clock) == "future"
    assert floor.floor == clock + DAY


def test_without_a_clock_only_an_owner_moves_the_floor():
    floor = TimeFloor(BUILD)
    assert floor.proven(BUILD + YEAR, 0, by_owner=False) == BUILD
    assert floor.proven(BUILD + YEAR, 0, by_owner=True) == BUILD + YEAR
    assert floor.proven(BUILD - 5, 0, by_owner=False) == BUILD - 5
