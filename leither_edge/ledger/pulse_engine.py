"""When a pulse is closed: at most one in each interval, and none if nothing waits. Without I/O and without a clock of its own.

Events in: waiting, tick, closed, each with the time. Action out: CLOSE. Time: s of a clock that only rises; should it fall, nothing
is lost but the wait.
"""

CLOSE = "close"
INTERVAL_S = 1.0


class PulseEngine:
    """Args: interval_s (least time from the begin of one pulse's closing to the next)."""

    def __init__(self, interval_s=INTERVAL_S):
        self._interval_s = interval_s
        self._due = None
        self._began = None
        self._closing = False

    def waiting(self, now):
        """A transfer waits to be put into a pulse."""
        if self._due is None:
            self._due = now
            if self._began is not None:
                self._due = min(max(now, self._began + self._interval_s), now + self._interval_s)

    def tick(self, now):
        """CLOSE if a pulse is to be closed now, else None. After CLOSE it waits for closed()."""
        if self._closing or self._due is None:
            return None
        # A clock that was set back must not put the pulse off for longer than a pulse takes.
        self._due = min(self._due, now + self._interval_s)
        if now < self._due:
            return None
        self._due, self._began, self._closing = None, now, True
        return CLOSE

    def closed(self, now, more):
        """The pulse is closed (or could not be). more: true if transfers wait still."""
        self._closing = False
        if more:
            self.waiting(now)

    def next_wake(self):
        """When tick() is to be called next; None: not before another event."""
        return None if self._closing else self._due
