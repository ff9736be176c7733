"""What a handler gets and what it gives back."""

from .errors import HttpError
from .target import decode_pairs

FORM_TYPE = "application/x-www-form-urlencoded"


class Request:
    """One request, given to a handler.

    Fields: method ("HEAD" included); path decoded; headers dict of lower-case name to text;
    host lower case without port ("" if absent); peer_address text; is_loopback;
    params what the route's ``{names}`` matched.
    """

    __slots__ = (
        "_body", "_connection", "_query", "headers", "host", "is_loopback", "method", "params", "path", "peer_address", "raw_query",
    )  # fmt: skip

    def __init__(self, head, body, peer_address="", is_loopback=False, connection=None):
        self.method = head.method
        self.path = head.path
        self.raw_query = head.query
        self.headers = head.headers
        self.host = head.host
        self.peer_address = peer_address
        self.is_loopback = is_loopback
        self.params = {}
        self._body = body
        self._connection = connection
        self._query = None

    @property
    def query(self):
        """First value of each name in the query. Raises HttpError 400 if it is badly encoded."""
        if self._query is None:
            self._query = decode_pairs(self.raw_query)
        return self._query

    async def body(self, max_bytes=None):
        """The whole body as bytes, at most ``max_bytes`` (default: the limits' body_max_bytes).

        Raises HttpError 413 beyond that, 400 if malformed; Disconnected if the client left.
        """
        return await self._body.read(max_bytes)

    def chunks(self, max_bytes=None):
        """The body as an async iterator of bytes, at most ``max_bytes`` in all (default: upload_max_bytes)."""
        return self._body.chunks(max_bytes)

    def allow(self, seconds):
        """Let the answer take this long from now on, in place of the limits' handler_timeout_s; to be said after the body was read."""
        self._connection.allow(seconds)


class Response:
    """The answer to one request.

    Args: status 200..599; body bytes, or an async iterator of bytes (sent as it comes);
    content_type text; headers (name, value) pairs of text. Content-Length, Date and
    Connection are the server's business; an iterator of known length may state its own Content-Length.
    """

    __slots__ = ("body", "content_type", "headers", "status", "wire")

    def __init__(self, status=200, body=b"", content_type=None, headers=()):
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers = headers
        # Set by a handler that sends this very object again and again: see wire.KeptHead.
        self.wire = None


def text(sentence, status=200, headers=()):
    """A plain-text response of one sentence."""
    return Response(status, sentence.encode() + b"\n", "text/plain; charset=utf-8", headers)


def redirect(location, status=303):
    """A response that sends the client to ``location``, percent-encoded text."""
    return Response(status, b"", None, (("location", location),))


def error_response(error):
    """The response an HttpError stands for."""
    return text(error.sentence, error.status, (("x-content-type-options", "nosniff"), *error.headers))


async def form(request, max_bytes=None):
    """The fields of a urlencoded form as a dict of text, first value of each name.

    Raises HttpError 415 for another content type, 413, 400.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM_TYPE:
        raise HttpError(415, "A form is expected.", reason="content-type")
    return decode_pairs(await request.body(max_bytes))
