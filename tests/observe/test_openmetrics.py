from leither_edge.observe.counters import Counters
from leither_edge.observe.openmetrics import render


def test_text_is_as_the_specification_writes_it():
    counters = Counters()
    counters.describe("commands", "Commands by verb and status")
    counters.add("commands", 2, verb="status", status="done")
    counters.set("uptime_seconds", 1.5)
    assert render(counters).decode().splitlines() == [
        "# TYPE leither_commands counter",
        "# HELP leither_commands Commands by verb and status",
        'leither_commands_total{status="done",verb="status"} 2',
        "# TYPE leither_series_dropped counter",
        "# HELP leither_series_dropped Changes not counted because the table of series was full",
        "leither_series_dropped_total 0",
        "# TYPE leither_uptime_seconds gauge",
        "# HELP leither_uptime_seconds uptime seconds",
        "leither_uptime_seconds 1.5",
        "# EOF",
    ]
    assert render(counters).endswith(b"# EOF\n")


def test_label_values_cannot_break_a_line():
    counters = Counters()
    counters.add("a", path='x"} 1\nevil \\')
    text = render(counters).decode()
    assert 'leither_a_total{path="x\\"} 1\\nevil \\\\"} 1\n' in text
    assert "\nevil" not in text
