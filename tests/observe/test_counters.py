import pytest

from leither_edge.observe.counters import Counters


def test_counts_by_name_and_labels():
    counters = Counters()
    counters.add("commands", verb="status")
    counters.add("commands", 2, verb="status")
    counters.add("commands", verb="reboot")
    counters.set("peers", 3)
    counters.set("peers", 2)
    assert counters.get("commands", verb="status") == 3
    assert counters.get("commands", verb="reboot") == 1
    assert counters.get("peers") == 2
    assert counters.get("never") == 0


def test_label_order_does_not_matter():
    counters = Counters()
    counters.add("x", a=1, b=2)
    counters.add("x", b=2, a=1)
    assert counters.get("x", b="2", a="1") == 2


def test_the_number_of_series_is_bounded_and_the_rest_is_counted():
    counters = Counters()
    for n in range(1000):
        counters.add("junk", code=n)
        counters.set("level", n, code=n)
    assert sum(len(family[2]) for family in counters.snapshot().values()) == 256
    assert counters.get("series_dropped") == 2000 - 255
    counters.add("junk", code=0)
    assert counters.get("junk", code=0) == 2


def test_a_name_is_a_counter_or_a_gauge_but_not_both():
    counters = Counters()
    counters.add("a")
    with pytest.raises(ValueError, match="a is a counter"):
        counters.set("a", 1)
    with pytest.raises(ValueError, match="a is a counter"):
        counters.set("a", 1, label="new")
    with pytest.raises(ValueError, match="only rises"):
        counters.add("a", -1)


def test_long_label_values_are_cut():
    counters = Counters()
    counters.add("a", path="x" * 5000)
    assert counters.get("a", path="x" * 64) == 1
