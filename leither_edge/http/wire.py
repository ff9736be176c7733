"""Responses as bytes. h11 writes every head and every chunk; a body of stated length follows as it is."""

import time

import h11

from .message import error_response

REASONS = {
    200: b"OK", 201: b"Created", 202: b"Accepted", 204: b"No Content", 206: b"Partial Content",
    301: b"Moved Permanently", 302: b"Found", 303: b"See Other", 304: b"Not Modified", 307: b"Temporary Redirect",
    308: b"Permanent Redirect", 400: b"Bad Request", 401: b"Unauthorized", 403: b"Forbidden", 404: b"Not Found",
    405: b"Method Not Allowed", 408: b"Request Timeout", 409: b"Conflict", 411: b"Length Required",
    412: b"Precondition Failed", 413: b"Content Too Large", 414: b"URI Too Long", 415: b"Unsupported Media Type",
    416: b"Range Not Satisfiable", 417: b"Expectation Failed", 421: b"Misdirected Request",
    422: b"Unprocessable Content", 429: b"Too Many Requests", 431: b"Request Header Fields Too Large",
    500: b"Internal Server Error", 501: b"Not Implemented", 503: b"Service Unavailable",
    505: b"HTTP Version Not Supported", 507: b"Insufficient Storage", 511: b"Network Authentication Required",
}  # fmt: skip

BODILESS = frozenset((204, 304))

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# A device without a clock chip starts in 1970 or at its build. RFC 9110, 6.6.1:
# without a reasonable clock send no Date at all.
_PLAUSIBLE_S = 1704067200  # 2024-01-01

_date_second = -1
_date_value = None


def date_value(now_s):
    """The Date field for a Unix time, bytes, or None while the clock is implausible."""
    global _date_second, _date_value
    second = int(now_s)
    if second != _date_second:
        _date_second = second
        if second < _PLAUSIBLE_S:
            _date_value = None
        else:
            t = time.gmtime(second)
            _date_value = b"%s, %02d %s %04d %02d:%02d:%02d GMT" % (
                _DAYS[t.tm_wday].encode(), t.tm_mday, _MONTHS[t.tm_mon - 1].encode(), t.tm_year, t.tm_hour, t.tm_min, t.tm_sec,
            )  # fmt: skip
    return _date_value


def response_head(parser, response, length, keep_alive):
    """The head of ``response`` as h11 writes it.

    Args: parser the h11 connection that read the request; length of the body in
    bytes, None when unknown (h11 then chooses chunks, or the connection's end for HTTP/1.0);
    keep_alive False adds ``Connection: close``.
    Raises h11.LocalProtocolError for a header a handler must not send.
    """
    status = response.status
    headers = []
    date = date_value(time.time())
    if date is not None:
        headers.append((b"date", date))
    if response.content_type is not None:
        headers.append((b"content-type", response.content_type.encode("latin-1")))
    if length is not None and status not in BODILESS:
        headers.append((b"content-length", b"%d" % length))
    for name, value in response.headers:
        headers.append((name.encode("latin-1"), value.encode("latin-1")))
    if not keep_alive:
        headers.append((b"connection", b"close"))
    return parser.send(h11.Response(status_code=status, headers=headers, reason=REASONS.get(status, b"")))


def switching_head(parser, headers):
    """The head of a 101 as h11 writes it. Raises h11.LocalProtocolError if the request ``parser`` read offered no upgrade."""
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    fields.append((b"connection", b"Upgrade"))
    return parser.send(h11.InformationalResponse(status_code=101, headers=fields, reason=b"Switching Protocols"))


class KeptHead:
    """The head of a response that is sent many times, as h11 wrote it this second.

    What h11 writes depends on the response, the date, and whether the client is
    an HTTP/1.1 one that keeps its connection; only that last case is kept.
    """

    __slots__ = ("_head", "_second")

    def __init__(self):
        self._second = -1
        self._head = b""

    def get(self, parser, response, length):
        second = int(time.time())
        if second != self._second:
            self._head = response_head(parser, response, length, True)
            self._second = second
        return self._head


def refusal(error):
    """A whole closing response for a connection whose request could not be read.

    Args: error HttpError. Returns bytes.
    """
    response = error_response(error)
    writer = h11.Connection(h11.SERVER)
    return response_head(writer, response, len(response.body), False) + response.body
