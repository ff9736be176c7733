"""The streams of one channel: which are open, which were broken off, what they may have on its way, and what they cost in bytes."""

from .errors import Violation
from .half import FIRST_CREDIT_BYTES, LEAST_CREDIT_BYTES
from .limits import MESSAGE_MAX_BYTES, PRIORITIES

# Services named apart in the accounts of one channel.
SERVICES_MAX = 256
# What belongs to no service: greetings, pings, what was refused.
NO_SERVICE = "channel"


class Streams:
    """Halves by number.

    Attributes: ours, theirs (open streams by who opened them), changed (list of Half that somebody should look at).
    """

    __slots__ = ("ours", "theirs", "changed", "_open", "_waiting", "_leaving", "_window", "_spare", "_parts", "_traffic", "_is_used")

    def __init__(self, window_bytes, changed):
        self.ours = self.theirs = self._parts = 0
        self.changed = changed
        # By number; those whose number is yet to come; those broken off of which the peer has yet to say that it knows.
        self._open, self._waiting, self._leaving = {}, set(), {}
        # What all streams together may have granted beyond the least of each.
        self._window, self._spare = window_bytes, 2 * window_bytes
        self._traffic, self._is_used = {}, False

    def __iter__(self):
        """All that are open."""
        return iter((*self._open.values(), *self._waiting))

    @property
    def has_some(self):
        """Whether any has its number."""
        return bool(self._open)

    @property
    def leaving_count(self):
        """How many were broken off and may still bring something."""
        return len(self._leaving)

    def was_used(self):
        """Whether any began since the last time."""
        used, self._is_used = self._is_used, False
        return used

    def get(self, number):
        """The open stream of this number, or None."""
        return self._open.get(number)

    def leaving(self, number):
        """The stream of this number that was broken off here, or None."""
        return self._leaving.get(number)

    def add_theirs(self, half):
        """The peer opened a stream."""
        self._open[half.number] = half
        self.theirs += 1
        self._is_used = True

    def add_ours(self, half):
        """This side opens one; its number comes with its first frame."""
        self._waiting.add(half)
        self.ours += 1
        self._is_used = True

    def numbered(self, half):
        """The first frame is out."""
        self._waiting.discard(half)
        self._open[half.number] = half

    def remove(self, half):
        """A stream is over; what may still come of one that was broken off, leave() takes."""
        half.is_over = True
        self._open.pop(half.number, None)
        self._waiting.discard(half)
        if half.is_ours:
            self.ours -= 1
        else:
            self.theirs -= 1
        if half.target:
            self._spare += half.target - LEAST_CREDIT_BYTES
        self._account(half)

    def leave(self, half):
        """Wait for the peer's word about a stream that was broken off."""
        self._leaving[half.number] = half

    def left(self, half):
        """The peer knows."""
        self.forget_parts(half)
        self._leaving.pop(half.number, None)
        self._account(half)

    # credit

    def first_grant(self):
        """The first credit of a stream that begins now."""
        return LEAST_CREDIT_BYTES + min(min(FIRST_CREDIT_BYTES, self._window) - LEAST_CREDIT_BYTES, self._spare)

    def grant(self, half):
        """Give a stream its first credit."""
        half.granted = half.target = self.first_grant()
        self._spare -= half.target - LEAST_CREDIT_BYTES

    def grow(self, half):
        """Let more be on its way where what comes is taken as fast as it comes."""
        more = min(half.target, self._window - half.target, self._spare)
        if more > 0:
            half.target += more
            half.consumed += more
            self._spare -= more

    # messages in pieces

    def joined(self, half, payload, is_last):
        """The whole message once its last piece is here, else None. Raises Violation (message)."""
        if half.parts is None:
            if is_last:
                return bytes(payload)
            self._parts += 1
            # A sender ends one message before it begins another as urgent.
            if self._parts > PRIORITIES:
                raise Violation("message", "The peer begins too many messages before it ends one.")
            half.parts = bytearray()
        half.parts += payload
        if len(half.parts) > MESSAGE_MAX_BYTES:
            raise Violation("message", f"A message is larger than {MESSAGE_MAX_BYTES} bytes.")
        if not is_last:
            return None
        whole = bytes(half.parts)
        self.forget_parts(half)
        return whole

    def forget_parts(self, half):
        """No more pieces come."""
        if half.parts is not None:
            half.parts = None
            self._parts -= 1

    # accounts

    def count(self, service, sent, received):
        """Account bytes on the wire to a service."""
        traffic = self._traffic
        if service not in traffic and len(traffic) >= SERVICES_MAX:
            service = NO_SERVICE
        before = traffic.get(service, (0, 0))
        traffic[service] = before[0] + sent, before[1] + received

    def take_traffic(self):
        """{service: (bytes sent, bytes received)} since the last time."""
        for halves in (self._open, self._leaving):
            for half in halves.values():
                self._account(half)
        traffic, self._traffic = self._traffic, {}
        return traffic

    def _account(self, half):
        if half.sent or half.received:
            self.count(half.method, half.sent, half.received)
            half.sent = half.received = 0
