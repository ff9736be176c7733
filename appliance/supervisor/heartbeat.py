"""Whether the node is alive. Pure: time comes in."""

# Importing everything on a cold, slow card takes several times as long as a beat may be missing.
START_FACTOR = 3


class Heartbeat:
    """A beat is owed within ``timeout_s`` of the last one, the first within START_FACTOR times that.

    A node that ended keeps the time it had left: while it is restarted at once the board's watchdog is still fed, but
    once the back-off grows past that, the watchdog bites and restarts the board, which is also what brings back the old
    slot after a bad update.
    """

    __slots__ = ("_timeout_s", "_sequence", "deadline_s")

    def __init__(self, timeout_s):
        self._timeout_s = timeout_s
        self._sequence = None
        self.deadline_s = None

    def started(self, now_s):
        """The node was started."""
        self._sequence = None
        self.deadline_s = now_s + START_FACTOR * self._timeout_s

    def beat(self, now_s, sequence):
        """A beat came in. Returns False for one that repeats itself or goes backwards, which counts for nothing."""
        if self._sequence is not None and sequence <= self._sequence:
            return False
        self._sequence = sequence
        self.deadline_s = now_s + self._timeout_s
        return True

    @property
    def has_beaten(self):
        """Whether this node has beaten at all."""
        return self._sequence is not None

    def fresh(self, now_s):
        """Whether the node is not overdue."""
        return self.deadline_s is not None and now_s < self.deadline_s
