"""One client: its requests, in order, under one moving deadline.

A connection is one task with one cancel scope. Whatever it waits for next moves
the scope's deadline; when that passes, the phase says what the client was late with.
Each request has an h11 connection of its own, fed exactly that request's bytes: an idle
client then costs a socket and a task, and no parser state outlives a request.
"""

import h11
import trio

from .body import Body, NoBody
from .errors import Disconnected, HttpError
from .head import read_head
from .limits import BYTES_PER_S_MIN, LINGER_MAX_BYTES, LINGER_S
from .message import Request, Response, error_response
from .upgrade import WAITS, WORKS, Upgrade, talk_upgraded
from .wire import BODILESS, refusal, response_head

# Large enough for a whole ordinary request, small enough to allocate for each.
HEAD_RECEIVE_BYTES = 8192
SEND_PIECE_BYTES = 65536

IDLE, HEAD, BODY, HANDLER, WRITE = "idle", "head", "body", "handler", "write"

_NO_BODY = NoBody()
_FAILED = "The device could not answer this request because of an internal error. Its log says more."


class Connection:
    """Serves one accepted socket until it ends. ``run`` lets no exception out but cancellation."""

    __slots__ = ("_address", "_answered", "_is_loopback", "_linger", "_server", "_socket", "buffer", "phase", "scope", "since")

    def __init__(self, server, accepted, address, is_loopback):
        self._server = server
        self._socket = accepted
        self._address = address
        self._is_loopback = is_loopback
        self._answered = False
        self._linger = False
        # Shielded: on shutdown the server shortens the deadline instead of cutting an answer.
        self.scope = trio.CancelScope(shield=True)
        self.buffer = b""
        self.phase = IDLE
        self.since = trio.current_time()

    async def run(self):
        try:
            try:
                with self.scope:
                    await self._serve()
                if self.scope.cancelled_caught:
                    self._stopped()
            except Disconnected:
                self._server.count("http_disconnects")
            if self._linger:
                await self._read_and_drop()
        except Exception as error:
            self._server.log_exception(error, "connection")
        finally:
            self._socket.close()

    # Requests, one after the other

    async def _serve(self):
        server = self._server
        while not server.draining:
            self._answered = False
            try:
                raw = await self._receive_head()
                if raw is None:
                    return
                head = read_head(raw, server.limits.header_max_bytes)
            except HttpError as error:
                server.count_refusal(error)
                await self._refuse(error)
                return
            if head.length == 0:
                body = _NO_BODY
            else:
                body = Body(self, head, server.limits)
            request = Request(head, body, self._address, self._is_loopback, self)
            if not await self._answer(head, request, body):
                return
            if self.buffer:
                # A pipelining client takes turns with the others.
                self.phase = HEAD
                self.scope.deadline = trio.current_time() + server.limits.request_timeout_s
                await trio.lowlevel.checkpoint()

    async def _receive_head(self):
        """Bytes up to and including the blank line; None when the client is done."""
        limits = self._server.limits
        buffer = self.buffer
        if not buffer:
            self.phase = IDLE
            self.since = now = trio.current_time()
            self.scope.deadline = now + limits.idle_timeout_s
            if now >= self._server.traffic_due:
                self._server.count_traffic(now)
            buffer = await self.receive(HEAD_RECEIVE_BYTES)
            if not buffer:
                return None
        end = buffer.find(b"\r\n\r\n")
        if end < 0 or end + 4 > limits.header_max_bytes or buffer[:1] == b"\r":
            buffer, end = await self._receive_rest_of_head(buffer, limits)
            if end < 0:
                return None
        end += 4
        self.buffer = buffer[end:]
        return buffer if end == len(buffer) else buffer[:end]

    async def _receive_rest_of_head(self, buffer, limits):
        self.phase = HEAD
        self.scope.deadline = trio.current_time() + limits.request_timeout_s
        buffer = bytearray(buffer)
        searched = 0
        while True:
            if buffer[:2] == b"\r\n" and searched == 0:
                del buffer[:2]  # RFC 9112, 2.2: an empty line before a request is ignored
            end = buffer.find(b"\r\n\r\n", searched)
            if 0 <= end <= limits.header_max_bytes - 4:
                return bytes(buffer), end
            if end >= 0 or len(buffer) >= limits.header_max_bytes:
                if b"\n" in buffer[: limits.header_max_bytes]:
                    raise HttpError(431, "The request's header fields are too large.", reason="head-too-large")
                raise HttpError(414, "The request's address is too long.", reason="head-too-large")
            _refuse_hopeless(buffer)
            searched = max(0, len(buffer) - 3)
            data = await self.receive(HEAD_RECEIVE_BYTES)
            if not data:
                self._server.count("http_disconnects")
                return b"", -1
            buffer += data

    async def _answer(self, head, request, body):
        """Run the handler and send what it returns; whether the connection goes on."""
        server = self._server
        self.phase = HANDLER
        self.scope.deadline = trio.current_time() + server.limits.handler_timeout_s
        try:
            if head.length is not None and head.length > server.limits.upload_max_bytes:
                raise HttpError(413, "The body is too large.", reason="body-too-large")
            response = await server.handler(request)
            if type(response) is Upgrade and head.length == 0:
                return await self._upgrade(head, response)
            if type(response) is not Response:
                raise TypeError("a handler returned no Response")
        except HttpError as error:
            server.count_refusal(error)
            response = error_response(error)
        except Disconnected:
            raise
        except Exception as error:
            server.log_exception(error, "handler")
            response = error_response(HttpError(500, _FAILED))

        keep_alive = head.keep_alive and not server.draining
        # A streamed response may still be reading the request.
        if not body.ended and (type(response.body) is not bytes or not body.end_without_waiting()):
            keep_alive = False
            self._linger = True
        try:
            return await self._send_response(head, response, keep_alive)
        except (h11.LocalProtocolError, UnicodeEncodeError, TypeError, AttributeError) as error:
            # The handler built something that is no HTTP message.
            server.log_exception(error, "response")
            if not self._answered:
                await self._refuse(HttpError(500, _FAILED))
            return False

    async def _upgrade(self, head, upgrade):
        """Hand the connection over; it ends with what it was upgraded to."""
        try:
            await talk_upgraded(self, self._server, head.parser, upgrade)
        except Disconnected:
            raise
        except Exception as error:
            self._server.log_exception(error, "upgrade")
            if self.phase == HANDLER:
                raise HttpError(500, _FAILED) from None
        return False

    async def _send_response(self, head, response, keep_alive):
        body = response.body
        if type(body) is not bytes:
            return await self._send_stream(head, response, keep_alive)
        kept = response.wire
        if kept is not None and keep_alive:
            head_bytes = kept.get(head.parser, response, len(body))
        else:
            head_bytes = response_head(head.parser, response, len(body), keep_alive)
        self._answered = True
        self._server.count_answer(response.status)
        if head.method == "HEAD" or response.status in BODILESS:
            body = b""
        await self.send(head_bytes, body)
        return keep_alive

    async def _send_stream(self, head, response, keep_alive):
        parser = head.parser
        parts = response.body
        try:
            first = response_head(parser, response, None, keep_alive)
            if head.method != "HEAD" and response.status not in BODILESS:
                async for part in parts:
                    data = first + parser.send(h11.Data(data=part))
                    self._answered = True
                    await self.send(data)
                    first = b""
                    self.phase = HANDLER
                    self.scope.deadline = trio.current_time() + self._server.limits.handler_timeout_s
            data = first + parser.send(h11.EndOfMessage())
            self._answered = True
            await self.send(data)
            self._server.count_answer(response.status)
        except Disconnected:
            raise
        except Exception as error:
            # Once the head is out only an end without its proper mark tells the client.
            if isinstance(error, HttpError):
                self._server.count_refusal(error)
            else:
                self._server.log_exception(error, "stream")
                error = HttpError(500, _FAILED)
            if not self._answered:
                await self._refuse(error)
            return False
        finally:
            close = getattr(parts, "aclose", None)
            if close is not None:
                await close()
        return keep_alive and parser.our_state is h11.DONE

    # The socket

    async def receive(self, max_bytes):
        while True:
            await trio.lowlevel.wait_readable(self._socket)
            try:
                data = self._socket.recv(max_bytes)
            except BlockingIOError:
                continue
            except OSError:
                raise Disconnected from None
            self._server.received += len(data)
            return data

    async def receive_body(self, max_bytes, allowed_s):
        """Bytes of a body, b"" at the end; the client has ``allowed_s`` to send some."""
        self.phase = BODY
        self.scope.deadline = trio.current_time() + allowed_s
        data = await self.receive(max_bytes)
        self.phase = HANDLER
        self.scope.deadline = trio.current_time() + self._server.limits.handler_timeout_s
        return data

    def allow(self, seconds):
        """See Request.allow."""
        if not self._server.draining:
            self.scope.deadline = trio.current_time() + seconds

    async def send(self, data, more=b""):
        """Send all of ``data`` and ``more``, in one system call when the socket takes them."""
        total = len(data) + len(more)
        try:
            sent = self._socket.sendmsg((data, more)) if more else self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            raise Disconnected from None
        if sent < total:
            await self._send_slowly(data, more, sent)
        self._server.sent += total

    async def _send_slowly(self, data, more, sent):
        self.phase = WRITE
        started = trio.current_time()
        written = 0
        for part in (data, more):
            if sent >= len(part):
                sent -= len(part)
                continue
            with memoryview(part) as view:
                while sent < len(view):
                    self.scope.deadline = started + self._server.limits.request_timeout_s + written / BYTES_PER_S_MIN
                    await trio.lowlevel.wait_writable(self._socket)
                    try:
                        count = self._socket.send(view[sent : sent + SEND_PIECE_BYTES])
                    except BlockingIOError:
                        continue
                    except OSError:
                        raise Disconnected from None
                    sent += count
                    written += count
            sent = 0

    # Ends

    async def _refuse(self, error):
        """Send a last response for a request that could not be read or answered."""
        self._answered = True
        self._linger = True
        self._server.count_answer(error.status)
        await self.send(refusal(error))

    def _stopped(self):
        """The deadline passed, or the server wants the connection closed."""
        server = self._server
        if self.phase in (IDLE, WAITS, WORKS):
            return
        if self._answered or self.phase == WRITE:
            # Part of a response is out: nothing more can be said.
            server.count("http_refusals", reason="slow-reader" if self.phase == WRITE else "slow-" + self.phase)
            return
        if self.phase == HANDLER:
            error = HttpError(503, "The device took too long to answer.", reason="slow-handler")
        else:
            error = HttpError(408, "The request took too long to arrive.", reason="slow-" + self.phase)
        server.count_refusal(error)
        server.count_answer(error.status)
        self._linger = True
        try:
            self._socket.send(refusal(error))
        except OSError:
            pass

    async def _read_and_drop(self):
        """Let the client read the refusal: closing over unread bytes would reset the connection."""
        dropped = 0
        with trio.CancelScope(shield=True) as scope:
            scope.deadline = trio.current_time() + LINGER_S
            try:
                self._socket.shutdown(1)  # SHUT_WR
                while dropped < LINGER_MAX_BYTES and not self._server.draining:
                    data = await self.receive(HEAD_RECEIVE_BYTES)
                    if not data:
                        return
                    dropped += len(data)
            except (OSError, Disconnected):
                pass


def _refuse_hopeless(start):
    """Refuse at once what will never be a request: a TLS greeting, binary, a bare newline."""
    line = start.partition(b"\r\n")[0]
    if line and line != b"\r" and (line[0] < 0x21 or line[0] > 0x7E):
        raise HttpError(400, "The request is malformed.", reason="malformed")
    if start.count(b"\n") != start.count(b"\r\n"):
        raise HttpError(400, "A line of the request does not end in CR LF.", reason="bare-newline")
