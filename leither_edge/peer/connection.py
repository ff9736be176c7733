"""The trio edge of a channel: one connection with its reader, its writer and its clock, and calls over it."""

from collections import namedtuple

import trio

from leither_edge.crypto.sodium import random_bytes as system_random

from .channel.errors import CallTimedOut, ChannelClosed, Refused, StreamAborted
from .channel.limits import BULK, NORMAL, Limits
from .channel.liveness import SILENCE_BUSY_S
from .channel.mux import Mux
from .channel.outbox import BATCH_MAX_BYTES
from .serving import Serving
from .stream import ChannelStream

# The other end. public_key 32 bytes, node_id 20 bytes, name text or None, address text or None.
Remote = namedtuple("Remote", "public_key node_id name is_friend address")

CALL_S = 30.0
# An orderly end waits so long for what is on its way and for the peer to close, too.
CLOSE_S = 2.0
# A peer that does not take one piece in this time is gone, or wants us to wait for ever.
STALLED_S = 60.0
# A piece is what goes out in so long: what is urgent waits behind one at most.
PIECE_S = 0.02
PIECE_MIN_BYTES = 8192
RUBBISH_BYTES = 4096

_BROKEN = (OSError, trio.BrokenResourceError, trio.ClosedResourceError)


class Channel:
    """A channel to one peer. ``run`` carries it; everything else is for other tasks of the node meanwhile.

    Attributes: peer (Remote; whoever learns more about it puts another in its place), hash (of the handshake: names the channel on both
    ends), is_initiator, closed (trio.Event).
    """

    def __init__(self, stream, sending, receiving, is_initiator, peer, services, limits=None, *, hash=b"", counters=None, log=None,
                 random_bytes=system_random, leftover=b""):  # fmt: skip
        """Args: stream (a trio Stream; closed in the end), sending and receiving (CipherState of the handshake), is_initiator (began the
        connection), peer (Remote), services (Services that the peer may use), limits (Limits), counters with ``add``, log with
        ``error(event, **fields)``, leftover (bytes that came behind the handshake's last message).
        """
        self.peer, self.hash, self.is_initiator = peer, hash, is_initiator
        self.closed = trio.Event()
        self._stream, self._leftover, self._random_bytes = stream, leftover, random_bytes
        limits = limits or Limits()
        self._mux = Mux(sending, receiving, is_initiator, limits, trio.current_time())
        self._serving = Serving(self, self._mux, services, counters, log, limits.streams_max)
        self._counters = counters
        self._wanted, self._over, self._written, self._drained = trio.Event(), trio.Event(), trio.Event(), trio.Event()
        self._slots, self._clock, self._next_tick = [], trio.Event(), 0.0
        self._reading = self._sending_since = None

    # for everybody

    @property
    def is_open(self):
        return self._mux.closed is None

    @property
    def reason(self):
        """(code, sentence) of the end; None while the channel is open."""
        return self._mux.closed

    @property
    def round_trip_s(self):
        """Of the last ping; None before the first."""
        return self._mux.live.round_trip_s

    @property
    def streams(self):
        """How many streams are open: (of this side, of the peer)."""
        return self._mux.streams

    def take_traffic(self):
        """{service: (bytes sent, bytes received)} since the last time; "channel" is what belongs to no service."""
        return self._mux.take_traffic()

    async def call(self, method, arguments=None, *, timeout_s=CALL_S, priority=NORMAL):
        """Ask the peer; its answer. Raises Refused, CallTimedOut, ChannelClosed; ValueError: arguments too large, or nothing CBOR holds."""
        with trio.move_on_after(timeout_s):
            stream = await self._open(method, arguments, priority, True)
            return stream.answer
        raise CallTimedOut(f"The peer did not answer within {timeout_s:g} seconds. It may be busy, or gone; try again.")

    def open(self, method, arguments=None, *, priority=BULK):
        """``async with channel.open(...) as stream``: a stream that the peer accepted. Entering raises as call does.

        Whoever leaves it before the peer has finished breaks it off.
        """
        return _Opening(self, method, arguments, priority)

    async def ping(self, timeout_s=CALL_S):
        """Seconds to the peer and back. Raises CallTimedOut, ChannelClosed."""
        mux = self._mux
        with trio.move_on_after(timeout_s):
            mux.ping(self._random_bytes, trio.current_time())
            self._wanted.set()
            while mux.live.is_asking:
                await self._change()
            if mux.closed is None:
                return mux.live.round_trip_s
        if mux.closed is not None:
            raise ChannelClosed(*mux.closed)
        raise CallTimedOut(f"The peer did not answer within {timeout_s:g} seconds. It may be busy, or gone; try again.")

    async def aclose(self, code="bye", sentence="The peer has closed the channel."):
        """End the channel: answers on their way go out, data does not. Returns when it is over; a second call only waits."""
        self._mux.close(code, sentence)
        self.flush()
        with trio.move_on_after(2 * CLOSE_S):
            await self.closed.wait()

    def flush(self):
        """Have the writer look for what there is to send. For streams and handlers."""
        self._wanted.set()
        if self._mux.changed or self._mux.closed is not None:
            self._tell()

    # its work

    async def run(self, task_status=trio.TASK_STATUS_IGNORED):
        """Carry the channel until it ends; gives (code, sentence) of that. Cancelled, it ends at once."""
        try:
            async with trio.open_nursery() as nursery:
                self._serving.nursery = nursery
                for work in (self._write, self._read, self._keep_time):
                    nursery.start_soon(work)
                task_status.started(self)
                await self._over.wait()
                if self._mux.is_ours_closed:
                    with trio.move_on_after(CLOSE_S):
                        await self._written.wait()
                        await self._drained.wait()
                nursery.cancel_scope.cancel()
        finally:
            self._mux.ended()
            self._tell()
            self._mux.forget()
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(self._stream)
            self.closed.set()
        return self._mux.closed

    async def _read(self):
        mux, receive = self._mux, _receiver(self._stream)
        if self._leftover:
            receive = _after(self._leftover, receive)
        try:
            while mux.closed is None:
                with trio.CancelScope() as self._reading:
                    while mux.closed is None:
                        count = await receive(mux.room())
                        if not count or mux.closed is not None:
                            break
                        now = trio.current_time()
                        has_more = mux.filled(count, now)
                        self._look()
                        while has_more:
                            await trio.lowlevel.checkpoint()
                            has_more = mux.go_on(now)
                            self._look()
                if not self._reading.cancelled_caught:
                    break
                mux.rest()
            if mux.is_ours_closed:
                # Unread bytes would turn the end into a reset, and the peer might never read why.
                rubbish = memoryview(bytearray(RUBBISH_BYTES))
                while await receive(rubbish):
                    pass
        except _BROKEN:
            pass
        mux.ended()
        self._drained.set()
        self._tell()

    def _look(self):
        """Pass on what came."""
        mux = self._mux
        if mux.changed or mux.closed is not None:
            self._tell()
        if mux.opened:
            self._begin()
        if mux.has_some:
            self._wanted.set()

    def _begin(self):
        """Have requests answered."""
        mux, serving = self._mux, self._serving
        while serving.has_room and (half := mux.next_request(trio.current_time(), self.peer.is_friend)) is not None:
            serving.begin(half)
        self._hurry()

    async def _write(self):
        mux, stream = self._mux, self._stream
        piece, is_idle = PIECE_MIN_BYTES, True
        try:
            while True:
                if not mux.has_some:
                    if mux.closed is not None:
                        break
                    is_idle, self._wanted = True, trio.Event()
                    await self._wanted.wait()
                    continue
                if piece < BATCH_MAX_BYTES and not is_idle:
                    # What is urgent can still go in front of what the system has not taken.
                    await stream.wait_send_all_might_not_block()
                start = trio.current_time()
                view = mux.fill(piece, start)
                if mux.changed:
                    self._tell()
                if view is None:
                    continue
                self._sending_since = start
                await stream.send_all(view)
                self._sending_since = None
                is_idle = False
                if len(view) * 2 >= piece:
                    piece = _next_piece(piece, len(view), trio.current_time() - start)
            if mux.is_ours_closed and hasattr(stream, "send_eof"):
                await stream.send_eof()
        except _BROKEN:
            pass
        mux.ended()
        self._written.set()
        self._tell()

    async def _keep_time(self):
        mux = self._mux
        while True:
            now = trio.current_time()
            if self._sending_since is not None and now - self._sending_since > STALLED_S:
                mux.close("stalled", "The peer does not take what is sent to it.")
            self._next_tick = mux.tick(now, self._random_bytes)
            self.flush()
            if self._next_tick is None:
                return
            self._begin()
            if mux.is_at_rest and self._reading is not None:
                # The reader holds the buffer that is to be given back.
                self._reading.cancel()
            self._clock = trio.Event()
            with trio.move_on_at(self._next_tick):
                await self._clock.wait()

    def _hurry(self):
        """Something is under way: look sooner whether the peer still is there."""
        if self._next_tick is not None and (self._mux.opened or self._next_tick > trio.current_time() + SILENCE_BUSY_S):
            self._clock.set()

    def _tell(self):
        """Wake whoever waits for what changed."""
        changed, is_over = self._mux.changed, self._mux.closed is not None
        while changed:
            half = changed.pop()
            if half is None:
                continue
            if half.user is not None:
                half.user.wake()
            if half.end is not None or is_over:
                self._serving.stop(half)
        if is_over and not self._over.is_set():
            self._over.set()
            if self._counters is not None:
                self._counters.add("peer_channels_ended", reason=self._mux.closed[0] if self._mux.is_ours_closed else "peer")
        slots, self._slots = self._slots, []
        for slot in slots:
            slot.set()

    async def _change(self):
        """Return when something of the channel changed."""
        if self._mux.closed is None:
            slot = trio.Event()
            self._slots.append(slot)
            await slot.wait()

    async def _open(self, method, arguments, priority, is_call):
        """A stream that the peer has answered."""
        mux = self._mux
        while not mux.may_open(priority):
            if mux.closed is not None:
                raise ChannelClosed(*mux.closed)
            await self._change()
        half = mux.open(method, {} if arguments is None else arguments, priority, is_call)
        stream = ChannelStream(self, mux, half, False)
        self._hurry()
        self._wanted.set()
        try:
            await stream.answered()
        except trio.Cancelled:
            mux.abort(half, "cancelled", "Nobody waits for the answer any more.")
            self.flush()
            raise
        if half.refusal is not None:
            raise Refused(*half.refusal)
        if half.answer is None:
            raise StreamAborted(*half.end) if half.end is not None else ChannelClosed(*mux.closed)
        return stream


class _Opening:
    """What ``async with channel.open(...)`` enters."""

    __slots__ = ("_channel", "_wanted", "_stream")

    def __init__(self, channel, *wanted):
        self._channel, self._wanted, self._stream = channel, wanted, None

    async def __aenter__(self):
        self._stream = await self._channel._open(*self._wanted, False)
        return self._stream

    async def __aexit__(self, kind, error, trace):
        if kind is None:
            await self._stream.conclude()
        else:
            await self._stream.abort("aborted", "The other side broke it off.")


def _next_piece(piece, sent, took_s):
    """How much to send at a time, after so many bytes took so long."""
    wanted = sent * PIECE_S / took_s if took_s > 0 else BATCH_MAX_BYTES
    return int(max(PIECE_MIN_BYTES, piece / 2, min(BATCH_MAX_BYTES, piece * 2, wanted)))


def _receiver(stream):
    """async (writable view) -> count, 0 at the end: without a copy where the stream can."""
    if hasattr(stream, "receive_into"):
        return stream.receive_into
    if isinstance(stream, trio.SocketStream):
        return stream.socket.recv_into

    async def receive(room):
        data = await stream.receive_some(len(room))
        count = len(data)
        room[:count] = data
        return count

    return receive


def _after(data, receive):
    """The same, with these bytes before all others."""
    left = data

    async def first(room):
        nonlocal left
        if not left:
            return await receive(room)
        await trio.lowlevel.checkpoint()
        count = min(len(left), len(room))
        room[:count], left = left[:count], left[count:]
        return count

    return first
