"""What one channel may hold and ask for."""

from collections import namedtuple

# One CBOR message: a request, an answer. What is larger goes through a stream.
MESSAGE_MAX_BYTES = 256 * 1024
# What its lists and maps hold together: the smallest board makes so many in a tenth of a second, and as many as there are bytes in five.
MESSAGE_MAX_ITEMS = 8192
# As core.cbor takes, and the list around it.
MESSAGE_MAX_DEPTH = 9
# How urgent a stream is. A more urgent one goes first, see outbox.py.
LEDGER, CONTROL, NORMAL, BULK = range(4)
PRIORITIES = 4

# streams_max: open at a time, each way. window_bytes: what may be on its way in one stream. opens_per_s: how many of a friend's requests
# are begun in a second, more wait. idle_s: a channel without streams ends after so long (0: never).
Limits = namedtuple("Limits", "streams_max window_bytes opens_per_s idle_s", defaults=(32, 512 * 1024, 2000, 0))
# A stranger's request counts as so many.
STRANGER_COST = 10


class Bucket:
    """So many a second, and some at once after a pause. Pure: time (s) is passed in."""

    __slots__ = ("_per_s", "_burst", "_level", "_at")

    def __init__(self, per_s, burst, now):
        self._per_s, self._burst = per_s, burst
        self._level, self._at = burst, now

    def take(self, now, cost=1):
        """Whether there are so many; then they are taken."""
        self._level = min(self._burst, self._level + (now - self._at) * self._per_s)
        self._at = now
        if self._level < cost:
            return False
        self._level -= cost
        return True
