"""Many streams on one encrypted connection, without I/O: bytes in, streams that changed and requests out; calls in, bytes out.

A stream begins with a request (OPEN) and gets one ANSWER or REFUSE. Either side may then send as many bytes as the other gave it credit
for, says END after the last, or breaks off with ABORT. Every rule that an honest node keeps is checked; who breaks one loses the channel
(Violation), as nothing it sends afterwards means anything.
"""

from collections import deque

from . import frames
from .errors import Violation
from .frames import ABORT, ANSWER, CALL, CLOSE, CREDIT, DATA, END, HELLO, MORE, NUMBER, OPEN, PING, PONG, REFUSE, REKEY
from .half import FIRST_CREDIT_BYTES, LEAST_CREDIT_BYTES, Half
from .inbox import Inbox
from .limits import BULK, CONTROL, MESSAGE_MAX_BYTES, PRIORITIES, Bucket
from .liveness import Liveness
from .outbox import Outbox

# Frames of one turn; then others of the node have theirs.
TURN_FRAMES = 64
# Frames with next to nothing in them cost as much work as full ones.
SMALL_BYTES = 64
SMALL_PER_S, SMALL_BURST = 20_000, 40_000
# Streams broken off here of which the peer has not yet said that it knows.
LEAVING_MAX = 1024
# What the peer's streams may be before its HELLO came: as few as any profile has.
STREAMS_BEFORE_HELLO = 4
# Services named apart in the accounts of one channel.
SERVICES_MAX = 256


class Mux:
    """One side of a channel.

    Attributes: opened (deque of Half: requests that came and wait for somebody), changed (list of Half: something came, went or ended),
    closed (None, or (code, sentence) once the channel is over), is_ours_closed (this side closed it), live (Liveness),
    is_at_rest (rest() would give memory back).
    """

    __slots__ = (
        "_in", "_out", "_limits", "_halves", "_waiting", "_leaving", "_parts", "_spare", "_opens", "_small", "_is_initiator",
        "_last_theirs", "_ours", "_theirs", "_peer_streams_max", "_has_hello", "_traffic", "opened", "changed", "closed",
        "is_ours_closed", "live", "is_at_rest",
    )  # fmt: skip

    def __init__(self, sending, receiving, is_initiator, limits, now):
        """Args: sending and receiving (CipherState), is_initiator (bool: began the connection), limits (Limits), now (s)."""
        self._in, self._out = Inbox(receiving), Outbox(sending, is_initiator, now)
        self._limits, self._is_initiator = limits, is_initiator
        # Open streams by number, those whose number is yet to come, and those broken off of which the peer has yet to say that it knows.
        self._halves, self._waiting, self._leaving = {}, set(), {}
        self._parts = self._ours = self._theirs = self._last_theirs = 0
        # What all streams together may have granted beyond the least.
        self._spare = 2 * limits.window_bytes
        self._opens = Bucket(limits.opens_per_s, 2 * limits.streams_max + 8, now)
        self._small = Bucket(SMALL_PER_S, SMALL_BURST, now)
        self._peer_streams_max, self._has_hello = STREAMS_BEFORE_HELLO, False
        self._traffic = {}
        self.opened, self.changed = deque(), self._out.touched
        self.closed, self.is_ours_closed, self.is_at_rest = None, False, False
        self.live = Liveness(now)
        self._out.urgent(HELLO, 0, frames.hello(limits.streams_max))

    # what arrives

    def room(self):
        """A view to receive into."""
        return self._in.room()

    def filled(self, count, now):
        """Take what came into room(): (is there more to do at once?). At most 64 frames are looked at, so that others have their turn.

        A broken rule ends the channel: then `closed` says why.
        """
        self._in.filled(count)
        return self.go_on(now)

    def go_on(self, now):
        """Look at more of what came; True if there still is more."""
        if self.closed is not None:
            return False
        try:
            for _ in range(TURN_FRAMES):
                frame = self._in.next()
                if frame is None:
                    return False
                self._take(frame, now)
                if self.closed is not None:
                    return False
        except Violation as error:
            self.close(error.code, str(error))
            return False
        return True

    def ended(self):
        """Nothing more comes: the connection is at its end."""
        if self.closed is None:
            self._over("lost", "The connection to the peer is lost.", False)

    def _take(self, frame, now):
        kind, flags, number, payload, size = frame
        self.live.heard(now)
        frames.check(kind, flags, number, len(payload))
        if len(payload) < SMALL_BYTES and not self._small.take(now):
            raise Violation("flood", "The peer sends more small frames than anybody needs.")
        if not self._has_hello:
            if kind != HELLO:
                raise Violation("order", "The peer does not begin with what it takes.")
            self._has_hello = True
            self._peer_streams_max = frames.read_hello(payload)
            self._count("channel", 0, size)
            self.changed.append(None)
            return
        if kind == DATA:
            self._take_data(flags, number, payload, size)
        elif kind in _STREAM_KINDS:
            _STREAM_KINDS[kind](self, flags, number, payload, size, now)
        else:
            self._count("channel", 0, size)
            self._take_other(kind, payload, now)

    def _take_data(self, flags, number, payload, size):
        half = self._halves.get(number)
        if half is None:
            half = self._leaving.get(number)
            if half is None:
                raise Violation("stream", "Data came for a stream that is not open.")
        half.received += size
        count = len(payload)
        if half.has_ended or half.parts is not None or count > half.granted:
            raise Violation("credit", "The peer sends more than it was allowed to.")
        half.granted -= count
        if half.end is not None:
            if flags & END:
                self._left(half)
            return
        if count:
            half.inbox.append(bytes(payload))
            half.arrived += count
        if flags & END:
            half.has_ended = True
            self._check_over(half)
        self.changed.append(half)

    def _take_open(self, flags, number, payload, size, now):
        half = self._halves.get(number)
        if half is None:
            if number % 2 == self._is_initiator or number <= self._last_theirs:
                raise Violation("stream", "The peer opens a stream whose number is not its to use.")
            self._last_theirs = number
            half = Half(False, frames.priority_of(flags))
            half.number, half.is_call, half.method = number, bool(flags & CALL), "channel"
            self._halves[number] = half
            self._theirs += 1
        elif half.is_ours or half.parts is None:
            raise Violation("stream", "The peer opens a stream twice.")
        half.received += size
        message = self._joined(half, flags, payload)
        if message is None:
            return
        if bool(flags & END) is not half.is_call:
            raise Violation("frame", "A call goes on after its request, or a stream ends with it.")
        half.method, half.arguments, half.credit = frames.read_request(message)
        half.has_ended = half.is_call
        if self._theirs > self._limits.streams_max:
            self._turn_away(half, "busy", "More is open in this channel than this node takes at a time. Try again when something is done.")
        elif not self._opens.take(now):
            self._turn_away(half, "too-fast", "More was asked in a second than this node answers. Ask again in a moment.")
        else:
            self.opened.append(half)

    def _turn_away(self, half, code, sentence):
        half.method = "channel"
        self.refuse(half, code, sentence)

    def _take_answer(self, flags, number, payload, size, now):
        half = self._of_ours(number)
        if half is None:
            raise Violation("stream", "An answer came that nobody asked for.")
        half.received += size
        if half.answer is not None or half.has_ended or half.refusal is not None:
            raise Violation("stream", "A second answer came.")
        message = self._joined(half, flags, payload)
        if message is None:
            return
        value, credit = frames.read_answer(message)
        if half.end is not None:
            half.answer = (None,)
            if flags & END:
                self._left(half)
            return
        if half.is_call and not flags & END:
            raise Violation("stream", "The answer to a call is not its end.")
        half.answer = (value,)
        half.credit = credit
        self._out.ready(half)
        if flags & END:
            half.has_ended = True
            self._check_over(half)
        self.changed.append(half)

    def _take_refuse(self, flags, number, payload, size, now):
        half = self._of_ours(number)
        if half is None or half.answer is not None:
            raise Violation("stream", "A refusal came for what was not asked, or was answered.")
        half.received += size
        half.refusal = frames.read_reason(payload)
        if half.end is not None:
            self._left(half)
        else:
            half.has_ended = True
            self._remove(half)
            self.changed.append(half)

    def _take_credit(self, flags, number, payload, size, now):
        half = self._halves.get(number)
        (count,) = NUMBER.unpack(payload)
        if half is None:
            # What the peer took of a stream that is over by now; a number that was never used is another matter.
            self._check_past(number)
            self._count("channel", 0, size)
            return
        half.received += size
        if not count or half.credit + count > frames.CREDIT_MAX:
            raise Violation("credit", "The peer takes nothing, or more than there is.")
        half.credit += count
        self._out.ready(half)

    def _take_abort(self, flags, number, payload, size, now):
        code, sentence, _ = frames.read_reason(payload)
        half = self._halves.get(number)
        if half is None:
            half = self._leaving.get(number)
            if half is None:
                self._check_past(number)
                return
            half.received += size
            self._left(half)
            return
        half.received += size
        self._forget_parts(half)
        half.end = (code, sentence)
        if half.number is not None and not half.has_sent_end:
            self._out.urgent(ABORT, half.number, frames.reason("aborted", "So it is."))
        self._remove(half)
        self.changed.append(half)

    def _take_other(self, kind, payload, now):
        if kind == PING:
            self.live.asked(bytes(payload))
        elif kind == PONG:
            self.live.answered(bytes(payload), now)
            self.changed.append(None)
        elif kind == CLOSE:
            code, sentence, _ = frames.read_reason(payload)
            self._over(code, sentence, False)
        elif kind != REKEY:
            raise Violation("order", "The peer begins a second time.")

    def _of_ours(self, number):
        half = self._halves.get(number) or self._leaving.get(number)
        return half if half is not None and half.is_ours else None

    def _check_past(self, number):
        ours = number % 2 == self._is_initiator
        if number > self._last_theirs if not ours else number >= self._out.next_number:
            raise Violation("stream", "A frame came for a stream that never was.")

    def _joined(self, half, flags, payload):
        """The whole message once its last piece is here, else None."""
        if flags & MORE:
            if half.parts is None:
                self._parts += 1
                if self._parts > PRIORITIES:
                    raise Violation("message", "The peer begins too many messages before it ends one.")
                half.parts = bytearray()
        elif half.parts is None:
            return bytes(payload)
        half.parts += payload
        if len(half.parts) > MESSAGE_MAX_BYTES:
            raise Violation("message", f"A message is larger than {MESSAGE_MAX_BYTES} bytes.")
        if flags & MORE:
            return None
        whole = bytes(half.parts)
        self._forget_parts(half)
        return whole

    def _forget_parts(self, half):
        if half.parts is not None:
            half.parts = None
            self._parts -= 1

    # what this side wants

    def may_open(self, priority):
        """Whether one more stream may be opened; the last free ones are kept for what is urgent."""
        kept = 0 if priority <= CONTROL else 1 if priority < BULK else 2
        return self.closed is None and self._ours + kept < max(self._peer_streams_max, 3)

    def open(self, method, arguments, priority, is_call):
        """A new stream with its request on the way. Raises ValueError: larger than one message, or not of CBOR."""
        half = Half(True, priority)
        half.is_call = half.is_ending = is_call
        half.method = method
        if not is_call:
            self._grant(half)
        self._out.message(half, OPEN, frames.flags_of_open(priority, is_call), frames.request(method, arguments, half.granted))
        self._waiting.add(half)
        self._ours += 1
        return half

    def answer(self, half, value):
        """Answer a request; a call is over with it, a stream begins. Raises ValueError: larger than one message, or not of CBOR."""
        if half.end is not None or half.is_over:
            return
        if not half.is_call:
            self._grant(half)
        data = frames.answer(value, half.granted)
        half.answer = (value,)
        if half.is_call:
            half.is_ending = True
        self._out.message(half, ANSWER, END if half.is_call else 0, data)

    def refuse(self, half, code, sentence, details=None):
        """Answer a request with a reason why not."""
        if half.end is None and not half.is_over:
            half.has_sent_end = True
            payload = frames.reason(code, sentence, details)
            half.sent += len(payload) + frames.OVERHEAD_BYTES
            self._out.urgent(REFUSE, half.number, payload)
            # The opener can send nothing before an answer, so nothing comes any more.
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
        if not half.is_ending and half.end is None:
            half.is_ending = True
            self._out.ready(half)

    def taken(self, half):
        """Somebody took what arrived: the peer gets more credit when it is worth a frame."""
        if half.has_ended or half.is_owing or half.consumed * 2 < half.target:
            return
        if not half.inbox and half.target < self._limits.window_bytes:
            # What comes is taken as fast as it comes: let more be on its way.
            more = min(half.target, self._limits.window_bytes - half.target, self._spare)
            half.target += more
            half.consumed += more
            self._spare -= more
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
            self._leaving[half.number] = half
            if len(self._leaving) > LEAVING_MAX:
                self.close("flood", "The peer does not say that it knows which streams are over.")

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
            half = numbered.pop()
            self._waiting.discard(half)
            self._halves[half.number] = half
        while finished:
            self._check_over(finished.pop())
        return view

    @property
    def has_some(self):
        """Whether fill() would give something."""
        return self._out.has_some or self.live.owes

    def tick(self, now, random_bytes):
        """What time brings: pings, the end of a silent or idle channel, memory given back. Gives the time (s) of the next tick."""
        if self.closed is not None:
            return None
        what = self.live.due(now, bool(self._halves), self._limits.idle_s)
        if what == "ping":
            self.ping(random_bytes, now)
        elif what == "silent":
            self.close("silent", "The peer does not answer any more.")
            return None
        elif what == "idle":
            self.close("idle", "Nothing was to be done for a while.")
            return None
        self.is_at_rest = self.live.is_quiet(now) and (self._in.is_large or self._out.is_large)
        return self.live.next(now, bool(self._halves), self._limits.idle_s)

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
        for halves in (self._halves, self._leaving):
            for half in halves.values():
                self._account(half)
        traffic, self._traffic = self._traffic, {}
        return traffic

    @property
    def streams(self):
        """How many streams are open: (of this side, of the peer)."""
        return self._ours, self._theirs

    def forget(self):
        """Overwrite the keys."""
        self._in.forget()
        self._out.forget()

    # the end of things

    def _grant(self, half):
        """The first credit of a stream."""
        half.granted = half.target = max(LEAST_CREDIT_BYTES, min(FIRST_CREDIT_BYTES, self._limits.window_bytes, self._spare))
        self._spare -= half.target - LEAST_CREDIT_BYTES

    def _check_over(self, half):
        if half.has_ended and half.has_sent_end and not half.is_over:
            self._remove(half)
            self.changed.append(half)

    def _remove(self, half):
        """A stream is over, but for what may still come of one that was broken off."""
        if half.is_over:
            return
        half.is_over = True
        self._out.drop(half)
        self._halves.pop(half.number, None)
        self._waiting.discard(half)
        if half.is_ours:
            self._ours -= 1
        else:
            self._theirs -= 1
        if half.target:
            self._spare += half.target - LEAST_CREDIT_BYTES
        self._account(half)

    def _left(self, half):
        self._forget_parts(half)
        self._leaving.pop(half.number, None)
        self._account(half)

    def _over(self, code, sentence, is_ours):
        self.closed, self.is_ours_closed = (code, sentence), is_ours
        for half in (*self._halves.values(), *self._waiting):
            self.changed.append(half)
            if half.queued:
                self._out.drop(half)
        self.opened.clear()
        self.live.over()

    def _account(self, half):
        if half.sent or half.received:
            self._count(half.method, half.sent, half.received)
            half.sent = half.received = 0

    def _count(self, service, sent, received):
        traffic = self._traffic
        if service not in traffic and len(traffic) >= SERVICES_MAX:
            service = "channel"
        before = traffic.get(service, (0, 0))
        traffic[service] = before[0] + sent, before[1] + received


_STREAM_KINDS = {
    OPEN: Mux._take_open,
    ANSWER: Mux._take_answer,
    REFUSE: Mux._take_refuse,
    CREDIT: Mux._take_credit,
    ABORT: Mux._take_abort,
}
