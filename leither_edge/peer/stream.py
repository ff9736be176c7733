"""One stream of a channel for those who send and receive in it: a byte stream each way, without message borders."""

import trio

from .channel.errors import ChannelClosed, StreamAborted

# So much of what was sent may wait for the line; a sender that keeps ahead of it never makes the line wait.
AHEAD_BYTES = 256 * 1024


class ChannelStream:
    """A stream. Made by Channel.open, or given to a handler as call.stream. One task sends, one receives.

    Attributes: answer (what the peer's handler accepted it with), method.
    """

    __slots__ = ("_channel", "_mux", "_half", "_receiver", "_sender", "_is_served")

    def __init__(self, channel, mux, half, is_served):
        self._channel, self._mux, self._half, self._is_served = channel, mux, half, is_served
        self._receiver = self._sender = None
        half.user = self

    @property
    def answer(self):
        return None if self._half.answer is None else self._half.answer[0]

    @property
    def method(self):
        return self._half.method

    def wake(self):
        """Something of the stream changed. For the channel."""
        if self._receiver is not None:
            self._receiver.set()
        if self._sender is not None:
            self._sender.set()

    async def accept(self, value=None):
        """Tell the peer that its stream begins (handlers only; the first bytes sent or received do it, too). Args: value (of CBOR)."""
        if self._is_served and self._half.answer is None:
            self._check()
            self._mux.answer(self._half, {} if value is None else value)
            self._channel.flush()
        await trio.lowlevel.checkpoint()

    async def send(self, data):
        """Send bytes-like data of any size; returns when it is out, or, of bytes, near enough to be. What is no bytes object must stay
        as it is until then. Raises StreamAborted, ChannelClosed.
        """
        half = self._half
        if half.answer is None:
            await self.accept()
        self._check()
        if half.is_ending:
            raise ValueError("the stream was finished")
        self._mux.send(half, data)
        self._channel.flush()
        most = AHEAD_BYTES if type(data) is bytes else 0
        if half.queued <= most:
            await trio.lowlevel.checkpoint()
            return
        # Woken when a quarter is free, so that the line has something while more is made.
        most = most * 3 // 4
        while half.queued > most:
            self._sender = trio.Event()
            try:
                await self._sender.wait()
            except trio.Cancelled:
                if type(data) is not bytes:
                    # Its owner may change it now.
                    await self.abort("cancelled")
                raise
            finally:
                self._sender = None
            self._check()

    async def receive(self, max_bytes=None):
        """The next bytes (bytes or a view), at most max_bytes; b"" when the peer has finished. Raises StreamAborted, ChannelClosed."""
        await self._arrived()
        half = self._half
        if not half.inbox:
            return b""
        piece = half.take(max_bytes)
        self._taken()
        return piece

    async def receive_exactly(self, count):
        """So many bytes. Raises StreamAborted (code "ended": the peer finished before), ChannelClosed."""
        half = self._half
        await self._arrived()
        if half.inbox and len(half.inbox[0]) == count:
            piece = half.take(None)
            self._taken()
            return piece
        whole = bytearray(count)
        await self.receive_into(whole)
        return whole

    async def receive_some_into(self, buffer):
        """Put what is there into a writable buffer, at most what fits: how many bytes, 0 when the peer has finished. Raises as receive."""
        await self._arrived()
        half, view, at = self._half, memoryview(buffer), 0
        while half.inbox and at < len(view):
            piece = half.take(len(view) - at)
            view[at : at + len(piece)] = piece
            at += len(piece)
        self._taken()
        return at

    async def receive_into(self, buffer):
        """Fill a writable buffer. Raises as receive_exactly."""
        half, view, at = self._half, memoryview(buffer), 0
        count = len(view)
        while at < count:
            if not half.inbox:
                await self._arrived()
                if not half.inbox:
                    raise StreamAborted("ended", f"The peer ended the stream after {at} of {count} bytes.")
            piece = half.take(count - at)
            view[at : at + len(piece)] = piece
            at += len(piece)
            if half.consumed * 2 >= half.target:
                self._taken()

    async def finish(self):
        """This side sends nothing more; the peer may go on."""
        half = self._half
        if half.answer is None and self._is_served:
            await self.accept()
        self._mux.finish(half)
        self._channel.flush()
        await trio.lowlevel.checkpoint()

    async def abort(self, code="aborted", sentence="It was broken off."):
        """Break the stream off, both ways; after its end nothing happens."""
        self._mux.abort(self._half, code, sentence)
        self._channel.flush()
        self.wake()

    async def answered(self):
        """Return when the peer has answered the request, or nothing will come any more. For the channel."""
        half = self._half
        while half.answer is None and half.refusal is None and half.end is None and self._mux.closed is None:
            await self._change()

    async def conclude(self):
        """Finish; when all of it is out, break off what the peer still sends, as nobody reads it. For the channel."""
        half = self._half
        if half.end is not None or half.is_over:
            return
        try:
            await self.finish()
            while not half.has_sent_end and half.end is None and self._mux.closed is None:
                self._sender = trio.Event()
                try:
                    await self._sender.wait()
                finally:
                    self._sender = None
        except trio.Cancelled:
            # The peer may never take the rest, and the stream would stay.
            await self.abort("cancelled")
            raise
        if not half.has_ended:
            await self.abort("done", "The other side has all that it wanted.")

    async def _change(self):
        self._receiver = trio.Event()
        try:
            await self._receiver.wait()
        finally:
            self._receiver = None

    async def _arrived(self):
        """Return when there is something to take, or the end."""
        half = self._half
        if half.answer is None and self._is_served:
            await self.accept()
        if half.inbox or half.has_ended and half.end is None:
            await trio.lowlevel.checkpoint()
            return
        while not half.inbox:
            self._check()
            if half.has_ended:
                return
            await self._change()

    def _taken(self):
        self._mux.taken(self._half)
        if self._half.is_owing:
            self._channel.flush()

    def _check(self):
        if self._half.end is not None:
            raise StreamAborted(*self._half.end)
        if self._mux.closed is not None:
            raise ChannelClosed(*self._mux.closed)
