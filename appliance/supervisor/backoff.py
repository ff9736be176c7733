"""How long to wait before starting the node again. Pure: time comes in."""


class Backoff:
    """Doubles the delay with every short life of the node and starts over after a long one.

    Args:
        min_s: the first delay.
        max_s: the longest delay.
        stable_s: a node that lived this long has recovered; by default ``max_s``.
    """

    __slots__ = ("_min_s", "_max_s", "_stable_s", "_started_s", "_delay_s", "failures")

    def __init__(self, min_s, max_s, stable_s=None):
        if not 0 < min_s <= max_s:
            raise ValueError("0 < min_s <= max_s")
        self._min_s = min_s
        self._max_s = max_s
        self._stable_s = max_s if stable_s is None else stable_s
        self._started_s = None
        self._delay_s = 0
        self.failures = 0

    def started(self, now_s):
        """The node was started."""
        self._started_s = now_s

    def failed(self, now_s):
        """The node ended without being asked. Returns the delay in seconds."""
        lived_s = 0 if self._started_s is None else now_s - self._started_s
        self._started_s = None
        if lived_s >= self._stable_s:
            self.failures = 0
            self._delay_s = 0
        self.failures += 1
        self._delay_s = min(self._max_s, max(self._min_s, self._delay_s * 2))
        return self._delay_s
