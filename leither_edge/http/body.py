"""The body of one request, read as the handler asks for it."""

import h11
import trio

from .errors import Disconnected, HttpError
from .limits import BYTES_PER_S_MIN

RECEIVE_BYTES = 65536

_CONTINUE = h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")


class NoBody:
    """The body of a request that has none."""

    __slots__ = ()

    ended = True

    async def read(self, max_bytes):
        return b""

    async def chunks(self, max_bytes):
        return
        yield  # an async generator without items

    def end_without_waiting(self):
        return True


class Body:
    """A body with a length, or in chunks, behind an open connection.

    Exactly the bytes of a stated length go to the parser, so that what follows
    on the connection stays with the connection.
    """

    __slots__ = ("_connection", "_head", "_is_broken", "_limits", "_read", "_recent", "_to_feed", "_waited_s", "ended")

    def __init__(self, connection, head, limits):
        self._connection = connection
        self._head = head
        self._limits = limits
        self._to_feed = head.length
        self._recent = b""
        self._read = 0
        self._waited_s = 0.0
        self._is_broken = False
        self.ended = False

    async def read(self, max_bytes):
        """All of it; see Request.body."""
        parts = [part async for part in self.chunks(self._limits.body_max_bytes if max_bytes is None else max_bytes)]
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def chunks(self, max_bytes):
        """Its parts as they arrive; see Request.chunks."""
        if max_bytes is None:
            max_bytes = self._limits.upload_max_bytes
        if self._head.length is not None and self._head.length > max_bytes:
            raise _too_large(max_bytes)
        while not self.ended:
            event = self._next_event()
            if event is h11.NEED_DATA:
                await self._receive()
            elif type(event) is h11.Data:
                self._read += len(event.data)
                if self._read > max_bytes:
                    raise _too_large(max_bytes)
                yield bytes(event.data)

    def end_without_waiting(self):
        """Drop what has already arrived; whether that was all of it."""
        try:
            while not self.ended:
                if self._next_event() is h11.NEED_DATA and not self._feed():
                    return False
        except HttpError:
            return False
        return True

    def _next_event(self):
        if self._is_broken:
            raise _malformed()
        try:
            event = self._head.parser.next_event()
        except h11.RemoteProtocolError:
            event = None
        if type(event) is h11.EndOfMessage:
            self.ended = self._head.length is not None or self._end_chunks(event)
            if self.ended:
                return event
        elif event is h11.NEED_DATA or type(event) is h11.Data:
            return event
        self._is_broken = True
        raise _malformed()

    def _end_chunks(self, event):
        """Give back what follows the last chunk; whether that chunk ended as it must."""
        rest = self._head.parser.trailing_data[0]
        consumed = self._recent[: len(self._recent) - len(rest)]
        self._connection.buffer = rest
        # h11 ends a trailer section at a bare LF too; see head.py for why we do not.
        return not event.headers and consumed.endswith(b"\r\n\r\n")

    def _feed(self):
        """Hand what the connection holds to the parser; whether there was anything."""
        data = self._connection.buffer
        if not data:
            return False
        if self._to_feed is None:
            self._connection.buffer = b""
            self._recent = self._recent[-4:] + data
        else:
            data, self._connection.buffer = data[: self._to_feed], data[self._to_feed :]
            self._to_feed -= len(data)
        self._head.parser.receive_data(data)
        return True

    async def _receive(self):
        if self._feed():
            return
        connection = self._connection
        if self._head.expects_continue:
            self._head.expects_continue = False
            await connection.send(self._head.parser.send(_CONTINUE))
        allowed_s = self._limits.request_timeout_s + self._read / BYTES_PER_S_MIN - self._waited_s
        started = trio.current_time()
        data = await connection.receive_body(RECEIVE_BYTES, allowed_s)
        self._waited_s += trio.current_time() - started
        if not data:
            raise Disconnected
        connection.buffer = data
        self._feed()


def _too_large(max_bytes):
    return HttpError(413, f"The body is larger than {max_bytes} bytes.", reason="body-too-large")


def _malformed():
    return HttpError(400, "The body is malformed.", reason="malformed-body")
