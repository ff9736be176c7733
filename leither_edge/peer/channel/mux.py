"""Many streams on one encrypted connection, without I/O: bytes in, streams that changed and requests out; calls in, bytes out.

A stream begins with a request (OPEN) and gets one ANSWER or REFUSE. Either side may then send as many bytes as the other gave it credit
for, says END after the last, or breaks off with ABORT. Who breaks a rule loses the channel (Violation): nothing that it sends afterwards
would mean anything.
"""

from . import frames
from .arrivals import Arrivals
from .frames import ABORT, ANSWER, END, OPEN, PING, PONG, REFUSE
from .half import Half
from .limits import BULK, CONTROL, STRANGER_COST
from .streams import NO_SERVICE

# Requests that must wait are looked at again after so long.
WAIT_S = 0.02


class Mux(Arrivals):
    """One side of a channel. Arrivals: room, filled, go_on.

    Attributes: opened (deque of Half: requests that came and wait for somebody), changed (list of Half: something came, went or ended;
    None in it: something of the channel), closed (None, or (code, sentence) once the channel is over), is_ours_closed (this side closed
    it), live (Liveness), is_at_rest (rest() would give memory back).
    """

    __slots__ = ()

    # what the peer wants

    def next_request(self, now, is_friend):
        """The next request that somebody should answer, or None: there is none, or it must wait, so that others have their turn, too."""
        if not self.opened or not self._opens.take(now, 1 if is_friend else STRANGER_COST):
            return None
        half = self.opened.popleft()
        half.method = half.asked
        return half

    # what this side wants

    def may_open(self, priority):
        """Whether one more stream may be opened; the last free ones are kept for what is urgent."""
        kept = 0 if priority <= CONTROL else 1 if priority < BULK else 2
        most = min(self._peer_streams_max, self._limits.streams_max)
        return self.closed is None and self._streams.ours + kept < max(most, kept + 1)

    def open(self, method, arguments, priority, is_call):
        """A new stream with its request on the way. Raises ValueError: larger than one message, or not of CBOR."""
        half = Half(True, priority)
        half.is_call = half.is_ending = is_call
        half.method = method
        granted = 0 if is_call else self._streams.first_grant()
        data = frames.request(method, arguments, granted)
        if not is_call:
            self._streams.grant(half)
        self._streams.add_ours(half)
        self._out.message(half, OPEN, frames.flags_of_open(priority, is_call), data)
        return half

    def answer(self, half, value):
        """Answer a request; a call is over with it, a stream begins. Raises ValueError: larger than one message, or not of CBOR."""
        if half.end is not None or half.is_over:
            return
        data = frames.answer(value, 0 if half.is_call else self._streams.first_grant())
        if half.is_call:
            half.is_ending = True
        else:
            self._streams.grant(half)
        half.answer = (value,)
        self._out.message(half, ANSWER, END if half.is_call else 0, data)

    def refuse(self, half, code, sentence, details=None):
        """Answer a request with a reason why not."""
        if half.end is None and not half.is_over:
            half.has_sent_end = True
            self._out.urgent(REFUSE, half.number, frames.reason(code, sentence, details))
            # The opener can send nothing before an answer, so nothing more comes.
            self._remove(half)

    def send(self, half, data):
        """Queue bytes of a stream: they must stay as they are until half.queued says that they are out."""
        size = len(data)
        if size and half.end is None and not half.is_over:
            half.out.append(data if type(data) is memoryview else memoryview(data))
            half.queued += size
            self._out.ready(half)

    def finish(self, half):
        """This side sends nothing more in a stream."""
        if not half.is_ending and half.end is None and not half.is_over:
            half.is_ending = True
            self._out.ready(half)

    def taken(self, half):
        """Somebody took what arrived: the peer gets more credit when it is worth a frame."""
        if half.has_ended or half.is_over or half.is_owing or half.consumed * 2 < half.target:
            return
        if not half.inbox:
            self._streams.grow(half)
        half.is_owing = True
        self._out.owe_credit(half)

    def abort(self, half, code, sentence=""):
        """Break a stream off, both ways."""
        if half.end is not None or half.is_over:
            return
        half.end = (code, sentence)
        half.inbox.clear()
        half.arrived = 0
        self._remove(half)
        if half.number is None:
            return
        self._out.urgent(ABORT, half.number, frames.reason(code, sentence))
        if not half.has_ended:
            self._streams.leave(half)
            self._check_flood()

    def close(self, code, sentence=""):
        """End the channel: messages that wait go out, data does not."""
        if self.closed is None:
            self._over(code, sentence, True)
            self._out.close(frames.reason(code, sentence))

    # what goes out

    def fill(self, max_bytes, now):
        """A view of bytes for the connection, about max_bytes; None: nothing to send."""
        if self.live.owes:
            self._out.urgent(PONG, 0, self.live.owed())
        view = self._out.fill(max_bytes, now)
        numbered, finished = self._out.numbered, self._out.finished
        while numbered:
            self._streams.numbered(numbered.pop())
        while finished:
            self._check_over(finished.pop())
        return view

    @property
    def has_some(self):
        """Whether fill() would give something."""
        return self._out.has_some or self.live.owes

    # time, and the end of things

    def tick(self, now, random_bytes):
        """What time brings: pings, and the end of a silent or idle channel. Gives the time (s) of the next tick, None: no more."""
        if self.closed is not None:
            return None
        is_busy, idle_s = self._streams.has_some, self._limits.idle_s
        if self._streams.was_used():
            self.live.used(now)
        what = self.live.due(now, is_busy, idle_s)
        if what == "ping":
            self.ping(random_bytes, now)
        elif what == "silent":
            self.close("silent", "The peer does not answer any more.")
            return None
        elif what == "idle":
            self.close("idle", "Nothing was to be done for a while.")
            return None
        self.is_at_rest = self.live.is_quiet(now) and (self._in.is_large or self._out.is_large)
        then = self.live.next(now, is_busy, idle_s)
        return min(then, now + WAIT_S) if self.opened else then

    def ping(self, random_bytes, now):
        """Ask whether the peer is there, if that is not asked already; live.is_asking until it answers."""
        if not self.live.is_asking and self.closed is None:
            self._out.urgent(PING, 0, self.live.ping(random_bytes(frames.TOKEN_BYTES), now))

    def rest(self):
        """Give memory back; nobody may be receiving into room() or sending what fill() gave."""
        self.is_at_rest = False
        self._in.rest()
        self._out.rest()

    def take_traffic(self):
        """{service: (bytes sent, bytes received)} on the wire since the last time; "channel" is what belongs to none."""
        beside, self._out.beside = self._out.beside, 0
        if beside:
            self._streams.count(NO_SERVICE, beside, 0)
        return self._streams.take_traffic()

    @property
    def streams(self):
        """How many streams are open: (of this side, of the peer)."""
        return self._streams.ours, self._streams.theirs

    def forget(self):
        """Overwrite the keys."""
        self._in.forget()
        self._out.forget()

    def ended(self):
        """Nothing more comes: the connection is at its end."""
        if self.closed is None:
            self._over("lost", "The connection to the peer is lost.", False)

    def _over(self, code, sentence, is_ours):
        self.closed, self.is_ours_closed = (code, sentence), is_ours
        for half in self._streams:
            self.changed.append(half)
            if half.queued:
                self._out.drop(half)
        self.changed.append(None)
        self.opened.clear()
        self.live.over()
