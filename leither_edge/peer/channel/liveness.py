"""Whether the peer is still there: pings when it is silent, the end when it does not answer or nothing is to be done. Pure.

A connection whose other end lost power looks open for ever. Anything that comes shows that it is not; a ping asks for something to come.
"""

# With work under way, silence is looked into soon. Without, this often: address translators forget a connection after a minute or two.
SILENCE_BUSY_S = 10.0
SILENCE_S = 45.0
# So long for an answer to a ping. A line at 8 KiB a second, with 64 KiB before it, needs half of that.
ANSWER_S = 20.0
# Buffers go back when nothing came for so long.
QUIET_S = 5.0


class Liveness:
    """When something last came, which ping is on its way, and what the peer's asks for.

    Attributes: round_trip_s (of the last ping, None before), owes (a pong is to be sent).
    """

    __slots__ = ("_heard", "_idle_since", "_ping", "_ping_at", "_owed", "round_trip_s")

    def __init__(self, now):
        self._heard = self._idle_since = now
        self._ping = self._ping_at = self._owed = self.round_trip_s = None

    def heard(self, now):
        """A good frame came."""
        self._heard = now

    def asked(self, token):
        """The peer's ping; only the last one is answered, however many come."""
        self._owed = token

    @property
    def owes(self):
        return self._owed is not None

    def owed(self):
        """The token to send back, once."""
        token, self._owed = self._owed, None
        return token

    def used(self, now):
        """Something was done."""
        self._idle_since = now

    @property
    def is_asking(self):
        """Whether a ping is on its way."""
        return self._ping is not None

    def over(self):
        """The channel is over: nobody answers any more."""
        self._ping = self._owed = None

    def ping(self, token, now):
        """A ping goes out; the token."""
        self._ping, self._ping_at = token, now
        return token

    def answered(self, token, now):
        """A pong came."""
        if token == self._ping:
            self.round_trip_s = now - self._ping_at
            self._ping = None

    def due(self, now, is_busy, idle_s):
        """"ping", "silent" or "idle" if that is due, else None. Args: is_busy (streams are open), idle_s (0: never)."""
        if is_busy:
            self._idle_since = now
        elif idle_s and now - self._idle_since >= idle_s:
            return "idle"
        if self._ping is not None and self._heard <= self._ping_at:
            return "silent" if now - self._ping_at >= ANSWER_S else None
        if now - self._heard >= (SILENCE_BUSY_S if is_busy else SILENCE_S):
            return "ping"
        return None

    def is_quiet(self, now):
        """Whether nothing came for a while."""
        return now - self._heard >= QUIET_S

    def next(self, now, is_busy, idle_s):
        """When to ask again what is due."""
        if self._ping is not None and self._heard <= self._ping_at:
            then = self._ping_at + ANSWER_S
        else:
            then = self._heard + (SILENCE_BUSY_S if is_busy else SILENCE_S)
        if idle_s and not is_busy:
            then = min(then, self._idle_since + idle_s)
        if not self.is_quiet(now):
            then = min(then, self._heard + QUIET_S)
        return max(then, now + 0.05)
