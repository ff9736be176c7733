"""Named counters and gauges with labels, bounded in number."""

SERIES_MAX = 256
LABEL_VALUE_MAX = 64
OVERFLOW = "series_dropped"


class Counters:
    """The node's counters and gauges. Used from the trio thread only.

    A family is either a counter (``add``) or a gauge (``set``). At most ``series_max`` combinations of name
    and labels exist; what comes later is counted in ``series_dropped`` instead of using memory.
    """

    __slots__ = ("_families", "_help", "_series", "_series_max")

    def __init__(self, series_max=SERIES_MAX):
        self._families = {OVERFLOW: "counter"}
        self._help = {OVERFLOW: "Changes not counted because the table of series was full"}
        self._series = {(OVERFLOW, ()): 0}
        self._series_max = series_max

    def describe(self, name, sentence):
        """Give the family ``name`` its HELP sentence."""
        if name in self._help or len(self._help) < self._series_max:
            self._help[name] = sentence

    def add(self, name, amount=1, **labels):
        """Raise a counter by ``amount`` >= 0. ValueError if the name is a gauge."""
        if amount < 0:
            raise ValueError("a counter only rises")
        key = self._key("counter", name, labels)
        self._series[key] = self._series.get(key, 0) + amount

    def set(self, name, value, **labels):
        """Set a gauge. ValueError if the name is a counter."""
        key = self._key("gauge", name, labels)
        if key[0] != OVERFLOW:
            self._series[key] = value
        else:
            self._series[key] += 1

    def get(self, name, **labels):
        """The present value, 0 for what was never counted."""
        return self._series.get((name, _labels(labels)), 0)

    def snapshot(self):
        """``{name: (kind, help, [(labels, value), ...])}``, sorted by name and labels; labels are (key, value) pairs."""
        families = {}
        for (name, labels), value in sorted(self._series.items()):
            if name not in families:
                families[name] = (self._families[name], self._help.get(name, name.replace("_", " ")), [])
            families[name][2].append((labels, value))
        return families

    def _key(self, kind, name, labels):
        key = (name, _labels(labels))
        if key not in self._series:
            if len(self._series) >= self._series_max:
                return (OVERFLOW, ())
            if self._families.setdefault(name, kind) != kind:
                raise ValueError(f"{name} is a {self._families[name]}, not a {kind}")
        elif self._families[name] != kind:
            raise ValueError(f"{name} is a {self._families[name]}, not a {kind}")
        return key


def _labels(labels):
    return tuple(sorted((key, str(value)[:LABEL_VALUE_MAX]) for key, value in labels.items()))
