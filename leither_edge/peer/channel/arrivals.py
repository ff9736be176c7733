"""What the peer's frames do to the streams of a channel. Every rule that an honest node keeps is checked."""

from collections import deque

from . import frames
from .errors import Violation
from .frames import ABORT, ANSWER, CALL, CLOSE, CREDIT, DATA, END, HELLO, MORE, NUMBER, OPEN, PING, PONG, REFUSE, REKEY
from .half import Half
from .inbox import Inbox
from .limits import STRANGER_COST, Bucket
from .liveness import Liveness
from .outbox import Outbox
from .streams import NO_SERVICE, Streams

# Frames of one turn; then others of the node have theirs.
TURN_FRAMES = 64
# Frames with next to nothing in them cost as much work as full ones.
SMALL_BYTES = 64
SMALL_PER_S, SMALL_BURST = 20_000, 40_000
REFUSED_PER_S = 100
# What the peer takes before it says how much: as few streams as any profile has.
STREAMS_BEFORE_HELLO = 4
# Streams broken off here of which the peer has not yet said that it knows, and frames of the channel that it does not take.
LEAVING_MAX, URGENT_MAX = 512, 1024


class Arrivals:
    """The receiving side of a Mux, which has the attributes' meaning."""

    __slots__ = (
        "_in", "_out", "_limits", "_streams", "_opens", "_refused", "_small", "_is_initiator", "_last_theirs", "_peer_streams_max",
        "_has_hello", "opened", "changed", "closed", "is_ours_closed", "live", "is_at_rest",
    )  # fmt: skip

    def __init__(self, sending, receiving, is_initiator, limits, now):
        """Args: sending and receiving (CipherState), is_initiator (bool: began the connection), limits (Limits), now (s)."""
        self._in, self._out = Inbox(receiving), Outbox(sending, is_initiator, now)
        self._limits, self._is_initiator, self._last_theirs = limits, is_initiator, 0
        self.opened, self.changed = deque(), self._out.touched
        self._streams = Streams(limits.window_bytes, self.changed)
        self._opens = Bucket(limits.opens_per_s, max(limits.opens_per_s / 10, STRANGER_COST), now)
        self._refused = Bucket(REFUSED_PER_S, REFUSED_PER_S, now)
        self._small = Bucket(SMALL_PER_S, SMALL_BURST, now)
        self._peer_streams_max, self._has_hello = STREAMS_BEFORE_HELLO, False
        self.closed, self.is_ours_closed, self.is_at_rest = None, False, False
        self.live = Liveness(now)
        self._out.urgent(HELLO, 0, frames.hello(limits.streams_max))

    def room(self):
        """A view to receive into."""
        return self._in.room()

    def filled(self, count, now):
        """Take what came into room(); True if go_on() has more to do. A broken rule ends the channel: then `closed` says why."""
        self._in.filled(count)
        return self.go_on(now)

    def go_on(self, now):
        """Look at up to 64 more frames of what came; True if there may be still more, and others should have their turn first."""
        if self.closed is not None:
            return False
        try:
            for _ in range(TURN_FRAMES):
                frame = self._in.next()
                if frame is None:
                    break
                self._take(frame, now)
                if self.closed is not None:
                    return False
        except Violation as error:
            self.close(error.code, str(error))
            return False
        self._check_flood()
        return frame is not None

    def _take(self, frame, now):
        kind, flags, number, payload, size = frame
        frames.check(kind, flags, number, len(payload))
        if len(payload) < SMALL_BYTES and not self._small.take(now):
            raise Violation("flood", "The peer sends more small frames than anybody needs.")
        if (kind == HELLO) is self._has_hello:
            raise Violation("order", "The peer does not begin with what it takes, or says it again.")
        self.live.heard(now)
        if kind == DATA:
            self._take_data(flags, number, payload, size)
        elif kind == OPEN:
            self._take_open(flags, number, payload, size, now)
        elif kind == ANSWER:
            self._take_answer(flags, number, payload, size)
        elif kind == REFUSE:
            self._take_refuse(number, payload, size)
        elif kind == CREDIT:
            self._take_credit(number, payload, size)
        elif kind == ABORT:
            self._take_abort(number, payload, size)
        else:
            self._streams.count(NO_SERVICE, 0, size)
            self._take_other(kind, payload, now)

    def _take_data(self, flags, number, payload, size):
        half = self._streams.get(number) or self._streams.leaving(number)
        if half is None:
            raise Violation("stream", "Data came for a stream that is not open.")
        half.received += size
        count = len(payload)
        is_early = half.is_ours and half.answer is None
        if is_early or half.has_ended or half.parts is not None or count > half.granted:
            raise Violation("credit", "The peer sends more than it was allowed to.")
        half.granted -= count
        if half.end is not None:
            if flags & END:
                self._streams.left(half)
            return
        if count:
            half.put(payload)
        if flags & END:
            half.has_ended = True
            self._check_over(half)
        self.changed.append(half)

    def _take_open(self, flags, number, payload, size, now):
        half = self._streams.get(number)
        if half is None:
            if self._is_of_ours(number) or number <= self._last_theirs:
                raise Violation("stream", "The peer opens a stream whose number is not its to use.")
            self._last_theirs = number
            half = Half(False, frames.priority_of(flags))
            half.number, half.is_call, half.method = number, bool(flags & CALL), NO_SERVICE
            self._streams.add_theirs(half)
        elif half.is_ours or half.parts is None:
            raise Violation("stream", "The peer opens a stream twice.")
        half.received += size
        message = self._streams.joined(half, payload, not flags & MORE)
        if message is None:
            return
        if bool(flags & END) is not half.is_call:
            raise Violation("frame", "A call goes on after its request, or a stream ends with it.")
        method, half.arguments, half.credit = frames.read_request(message)
        half.has_ended = half.is_call
        if self._streams.theirs <= self._limits.streams_max:
            half.asked = method
            self.opened.append(half)
            return
        # Who was told how many there may be has no reason to try more.
        if not self._refused.take(now):
            raise Violation("flood", "The peer opens more streams than it was told that there may be.")
        self.refuse(half, "busy", "More is open in this channel than this node takes at a time. Try again when something is done.")

    def _take_answer(self, flags, number, payload, size):
        half = self._streams.get(number) or self._streams.leaving(number)
        if half is None or not half.is_ours or half.answer is not None:
            raise Violation("stream", "An answer came that nobody asked for.")
        half.received += size
        message = self._streams.joined(half, payload, not flags & MORE)
        if message is None:
            return
        value, half.credit = frames.read_answer(message)
        if half.is_call is not bool(flags & END):
            raise Violation("stream", "The answer to a call is not its end, or the one to a stream is.")
        half.answer = (value,)
        if half.end is not None:
            if flags & END:
                self._streams.left(half)
            return
        self._out.ready(half)
        if flags & END:
            half.has_ended = True
            self._check_over(half)
        self.changed.append(half)

    def _take_refuse(self, number, payload, size):
        half = self._streams.get(number) or self._streams.leaving(number)
        if half is None or not half.is_ours or half.answer is not None:
            raise Violation("stream", "A refusal came for what was not asked, or was answered.")
        half.received += size
        half.refusal = frames.read_reason(payload)
        self._streams.forget_parts(half)
        if half.end is not None:
            self._streams.left(half)
        else:
            half.has_ended = True
            self._remove(half)
            self.changed.append(half)

    def _take_credit(self, number, payload, size):
        half = self._streams.get(number)
        if half is None:
            # What the peer took of a stream that is over by now.
            self._check_past(number, size)
            return
        half.received += size
        (count,) = NUMBER.unpack(payload)
        if not count or half.credit + count > frames.CREDIT_MAX:
            raise Violation("credit", "The peer takes nothing, or more than there is.")
        half.credit += count
        self._out.ready(half)

    def _take_abort(self, number, payload, size):
        code, sentence, _ = frames.read_reason(payload)
        half = self._streams.get(number)
        if half is None:
            half = self._streams.leaving(number)
            if half is None:
                self._check_past(number, size)
            else:
                half.received += size
                self._streams.left(half)
            return
        half.received += size
        half.end = (code, sentence)
        self._streams.forget_parts(half)
        if half in self.opened:
            # What it brought must not stay with those that wait their turn.
            self.opened.remove(half)
        if not half.has_sent_end:
            self._out.urgent(ABORT, number, frames.reason("aborted", "So it is."))
        self._remove(half)
        self.changed.append(half)

    def _take_other(self, kind, payload, now):
        if kind == HELLO:
            self._has_hello = True
            self._peer_streams_max = frames.read_hello(payload)
        elif kind == PING:
            self.live.asked(bytes(payload))
            return
        elif kind == PONG:
            self.live.answered(bytes(payload), now)
        elif kind == CLOSE:
            code, sentence, _ = frames.read_reason(payload)
            self._over(code, sentence, False)
        elif kind == REKEY:
            # The inbox has done it.
            return
        self.changed.append(None)

    def _is_of_ours(self, number):
        return number % 2 == self._is_initiator

    def _check_past(self, number, size):
        if number >= self._out.next_number if self._is_of_ours(number) else number > self._last_theirs:
            raise Violation("stream", "A frame came for a stream that never was.")
        self._streams.count(NO_SERVICE, 0, size)

    def _check_over(self, half):
        if half.has_ended and half.has_sent_end and not half.is_over:
            self._remove(half)
            self.changed.append(half)

    def _remove(self, half):
        if not half.is_over:
            self._out.drop(half)
            self._streams.remove(half)

    def _check_flood(self):
        """A peer that makes us answer and takes nothing, or forgets what it opened, has broken the channel."""
        if self._out.urgent_count > URGENT_MAX or self._streams.leaving_count > LEAVING_MAX:
            self.close("flood", "The peer asks for more than it takes.")
