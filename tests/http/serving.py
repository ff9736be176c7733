"""A server on a free loopback port, and raw clients for it."""

from contextlib import asynccontextmanager

import h11
import trio
import trio.testing

from leither_edge.http import HttpError, Limits, Response, Router, open_listeners, redirect, serve, text
from leither_edge.observe.counters import Counters

LIMITS = Limits(
    connections_max=40,
    connections_per_address_max=40,
    header_max_bytes=2048,
    body_max_bytes=4096,
    upload_max_bytes=1_000_000,
    request_timeout_s=5,
    idle_timeout_s=10,
    handler_timeout_s=20,
)


class Lines:
    """A log that keeps its events."""

    def __init__(self):
        self.events = []

    def error(self, event, **fields):
        self.events.append((event, fields))

    info = warning = error


class Serving:
    """What a test sees of a running server."""

    def __init__(self, port, counters, log, scope):
        self.port = port
        self.counters = counters
        self.log = log
        self.scope = scope

    async def connect(self):
        return Client(await trio.open_tcp_stream("127.0.0.1", self.port))

    async def exchange(self, data):
        """Send bytes on a new connection and return all that comes back until it is closed."""
        client = await self.connect()
        async with client:
            await client.send(data)
            return await client.rest()

    async def still_answers(self):
        answer = await self.exchange(b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer

    def refused(self, reason):
        return self.counters.get("http_refusals", reason=reason)


class Client:
    """A raw client that reads responses with h11."""

    def __init__(self, stream):
        self.stream = stream
        self.unread = b""

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.stream.aclose()

    async def send(self, data):
        await self.stream.send_all(data)

    async def rest(self):
        """Everything until the server closes; a reset after data ends it too."""
        received = bytearray(self.unread)
        try:
            while data := await self.stream.receive_some(65536):
                received += data
        except trio.BrokenResourceError:
            pass
        return bytes(received)

    async def response(self, method=b"GET"):
        """(status, headers, body) of the next response, read by h11 as a client."""
        parser = h11.Connection(h11.CLIENT)
        parser.send(h11.Request(method=method, target=b"/", headers=[(b"host", b"a")]))
        parser.send(h11.EndOfMessage())
        if self.unread:
            parser.receive_data(self.unread)
            self.unread = b""
        head, body = None, b""
        while True:
            event = parser.next_event()
            if event is h11.NEED_DATA:
                parser.receive_data(await self.stream.receive_some(65536))
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                self.unread = parser.trailing_data[0]
                return head.status_code, dict(head.headers), body
            elif isinstance(event, h11.ConnectionClosed):
                raise AssertionError("closed before a response")

    async def get(self, path, *fields):
        head = f"GET {path} HTTP/1.1\r\nHost: a\r\n" + "".join(field + "\r\n" for field in fields) + "\r\n"
        await self.send(head.encode())
        return await self.response()


def status_of(answer):
    """Status of raw response bytes; 0 if there is none."""
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


def routes():
    """One handler of each kind."""
    router = Router()

    async def hello(request):
        return text("hello")

    async def echo(request):
        return Response(200, await request.body(), "application/octet-stream")

    async def count(request):
        total = 0
        async for part in request.chunks():
            total += len(part)
        return text(str(total))

    async def ignore(request):
        return text("not read")

    async def numbers(request):
        async def parts():
            wanted = request.query.get("n", "3")
            for number in range(int(wanted) if wanted.isdecimal() and len(wanted) < 5 else 3):
                yield b"%d\n" % number

        return Response(200, parts(), "text/plain")

    async def fail(request):
        raise ValueError("the secret is swordfish")

    async def fail_midway(request):
        async def parts():
            yield b"first"
            raise ValueError("the secret is swordfish")

        return Response(200, parts())

    async def fail_first(request):
        async def parts():
            raise ValueError("the secret is swordfish")
            yield b""

        return Response(200, parts())

    async def split(request):
        return Response(200, b"", "text/plain", (("x-a", "1\r\nset-cookie: a=b"),))

    async def nothing(request):
        return None

    async def refuse(request):
        raise HttpError(409, "Not now.")

    async def stuck(request):
        await trio.sleep_forever()

    async def large(request):
        return Response(200, b"x" * 8_000_000)

    async def show(request):
        return text(repr((request.path, request.query, request.params, request.host, request.headers.get("x-a"), request.is_loopback)))

    async def go(request):
        return redirect("/hello")

    for method, path, handler in (
        ("GET", "/hello", hello), ("POST", "/echo", echo), ("POST", "/count", count), ("POST", "/ignore", ignore),
        ("GET", "/numbers", numbers), ("GET", "/fail", fail), ("GET", "/fail-midway", fail_midway), ("GET", "/fail-first", fail_first),
        ("GET", "/split", split), ("GET", "/nothing", nothing), ("GET", "/refuse", refuse), ("GET", "/stuck", stuck),
        ("GET", "/large", large), ("GET", "/show/{name}", show), ("GET", "/tree/{path*}", show), ("GET", "/go", go),
    ):  # fmt: skip
        router.add(method, path, handler)
    return router


@asynccontextmanager
async def serving(handler=None, limits=LIMITS):
    """A running server; afterwards nothing may have escaped it."""
    counters, log = Counters(), Lines()
    async with trio.open_nursery() as nursery:
        addresses = await nursery.start(serve, handler or routes(), open_listeners(0, ("127.0.0.1",)), limits, counters, log)
        yield Serving(addresses[0][1], counters, log, nursery.cancel_scope)
        nursery.cancel_scope.cancel()
