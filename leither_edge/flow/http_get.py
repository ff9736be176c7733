"""GET over HTTP/1.1, one after the other on a connection: what it takes to read from a gateway.

May be told nothing by the other end: the answer's head is bounded (h11), its body read in pieces, every step has its time.
"""

import trio

from leither_edge.mimei.errors import BadInput

from .errors import NoSource

URL_MAX_CHARS = 300
CONNECT_S, ANSWER_S, PIECE_S = 15.0, 30.0, 30.0
PIECE_BYTES = 65536
HEAD_MAX_BYTES = 16384
_PORTS = {"http": 80, "https": 443}
# A name with an empty or overlong part is no name to those who look it up.
_WHY = {ImportError: "this device has no TLS", ModuleNotFoundError: "this device has no TLS", UnicodeError: "there can be no such host"}
_HOST_CHARS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-._:")
_PATH_CHARS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/%")


class Place:
    """Where a gateway is. Attributes: scheme, host, port, path (before what is asked for, no slash at its end), name (for people)."""

    __slots__ = ("host", "name", "path", "port", "scheme")

    def __init__(self, url):
        """Raises BadInput."""
        scheme, colon, rest = url.partition("://") if isinstance(url, str) and len(url) <= URL_MAX_CHARS else ("", "", "")
        where, _, path = rest.partition("/")
        host, port = _split(where.lower())
        if scheme not in _PORTS or not colon or not host or not set(host) <= _HOST_CHARS or not set(path) <= _PATH_CHARS:
            raise BadInput("A gateway's URL is such as http://192.0.2.7:8040 or https://ipfs.example.")
        self.scheme, self.host, self.path = scheme, host, ("/" + path).rstrip("/")
        self.port = port or _PORTS[scheme]
        self.name = f"{scheme}://{where}{self.path}"

    @property
    def authority(self):
        """The Host field."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class Gets:
    """One connection to a Place, made when it is first needed and again after the other end closed it. For one task."""

    def __init__(self, place):
        self.place = place
        self._stream = self._http = None

    async def get(self, path, *fields):
        """(status, {field: value}) of an answer; its body comes by `piece`. Args: fields ((name, value)). Raises NoSource."""
        was_open = self._stream is not None
        try:
            return await self._ask(path, fields)
        except _Ended:
            if not was_open:
                raise NoSource(f"{self.place.name} ended the connection without an answer.") from None
        # It may have closed what was idle for too long.
        try:
            return await self._ask(path, fields)
        except _Ended:
            raise NoSource(f"{self.place.name} ended the connection without an answer.") from None

    async def piece(self):
        """The next bytes of the body, b"" at its end. Raises NoSource."""
        import h11

        try:
            while True:
                event = await self._event(PIECE_S)
                if isinstance(event, h11.Data):
                    return event.data
                if isinstance(event, h11.EndOfMessage):
                    await self._rest()
                    return b""
        except _Ended:
            raise NoSource(f"{self.place.name} ended the connection in the middle of an answer.") from None

    async def whole(self, most):
        """The body. Args: most (bytes). Raises NoSource, BadInput: it has more."""
        found = bytearray()
        while data := await self.piece():
            found += data
            if len(found) > most:
                await self.aclose()
                raise BadInput(f"{self.place.name} sends more than {most} bytes where no more were expected.")
        return bytes(found)

    async def skip(self):
        """Have done with an answer whose body is not wanted."""
        await self.aclose()

    async def aclose(self):
        """Ends the connection; a second call does nothing."""
        stream, self._stream, self._http = self._stream, None, None
        if stream is not None:
            await trio.aclose_forcefully(stream)

    async def _ask(self, path, fields):
        import h11

        if self._stream is None:
            await self._connect()
        host = ("Host", self.place.authority)
        request = h11.Request(method="GET", target=self.place.path + path, headers=[host, ("Accept-Encoding", "identity"), *fields])
        try:
            with trio.fail_after(ANSWER_S):
                data = self._http.send(request) + self._http.send(h11.EndOfMessage())
                await self._stream.send_all(data)
                while True:
                    event = await self._event(ANSWER_S)
                    if isinstance(event, h11.Response):
                        return event.status_code, {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            await self.aclose()
            raise _Ended from None
        except trio.TooSlowError:
            await self.aclose()
            raise NoSource(f"{self.place.name} did not answer within {ANSWER_S:g} seconds.") from None

    async def _event(self, within_s):
        import h11

        try:
            with trio.fail_after(within_s):
                while True:
                    event = self._http.next_event()
                    if event is h11.NEED_DATA:
                        data = await self._stream.receive_some(PIECE_BYTES)
                        self._http.receive_data(data)
                        continue
                    if isinstance(event, h11.ConnectionClosed):
                        await self.aclose()
                        raise _Ended
                    return event
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            await self.aclose()
            raise _Ended from None
        except h11.RemoteProtocolError:
            # Also a connection that was cut.
            await self.aclose()
            raise _Ended from None
        except trio.TooSlowError:
            await self.aclose()
            raise NoSource(f"{self.place.name} stopped in the middle of an answer.") from None

    async def _rest(self):
        """The connection is good for another question, or closed."""
        import h11

        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        else:
            await self.aclose()

    async def _connect(self):
        import h11

        place = self.place
        try:
            with trio.fail_after(CONNECT_S):
                stream = await trio.open_tcp_stream(place.host, place.port)
                if place.scheme == "https":
                    import ssl

                    stream = trio.SSLStream(stream, ssl.create_default_context(), server_hostname=place.host, https_compatible=True)
                    await stream.do_handshake()
        except (OSError, trio.BrokenResourceError, trio.TooSlowError, ImportError, UnicodeError) as error:
            why = _WHY.get(type(error)) or getattr(error, "strerror", None) or "no answer"
            raise NoSource(f"{place.name} was not reached: {why}.") from None
        self._stream, self._http = stream, h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_MAX_BYTES)


class _Ended(Exception):
    """The connection is over."""


def _split(where):
    """(host, port or None) of an authority; host "" where it is none."""
    if where.startswith("["):
        host, _, rest = where[1:].partition("]")
        port = rest[1:] if rest.startswith(":") else rest and "x"
    else:
        host, _, port = where.partition(":")
    if port and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        return "", None
    return host, int(port) if port else None
