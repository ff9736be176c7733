"""How long to leave a peer alone after it could not be reached."""

# Each try may search the DHT, and one who is away for days is searched for all the while; who comes back says so himself.
FIRST_S, MOST_S = 1.0, 900.0
# Nodes that lost their relay at the same moment must not all come back at the same moment.
SPREAD = 0.5


class BackOff:
    """Waits that double. Pure: time and a number from 0 to 1 are passed in.

    Attributes: failures (in a row), since (s: the last), until (s: not before), why (the last).
    """

    __slots__ = ("failures", "since", "until", "why")

    def __init__(self):
        self.failures, self.since, self.until, self.why = 0, 0.0, 0.0, None

    def failed(self, now, chance, why=None):
        """Note a failure; returns how long to wait."""
        wait_s = min(MOST_S, FIRST_S * 2 ** min(self.failures, 16))
        wait_s *= 1 - SPREAD * chance
        self.failures += 1
        self.since, self.until, self.why = now, now + wait_s, why
        return wait_s

    def wait_s(self, now):
        """How long it is still to be left alone."""
        return max(0.0, self.until - now)
