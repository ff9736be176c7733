"""The head of a request: what two parsers could read differently is refused before h11 sees it.

h11 is lenient where RFC 9112 lets it be (a bare LF ends a line, a folded line is
joined, Transfer-Encoding overrules Content-Length). Behind or before another
program each of these is a way to smuggle a request, so none is accepted here.
"""

import re

import h11

from .errors import HttpError
from .limits import FIELDS_MAX
from .target import decode_path

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z._~-]{1,253})(?::[0-9]{0,5})?")


class Head:
    """A parsed request head.

    Fields: parser the h11 connection that read it (its response is written by the same one);
    method, path, query text; headers dict of lower-case name to text; host lower case without port;
    length bytes of the body, None when chunked; keep_alive whether the client and version allow it;
    expects_continue.
    """

    __slots__ = ("expects_continue", "headers", "host", "keep_alive", "length", "method", "parser", "path", "query")


def read_head(raw, max_bytes):
    """Parse one whole head, blank line included.

    Raises HttpError with 400, 417, 431, 501 or 505.
    """
    lines = raw.count(b"\r\n")
    if raw.count(b"\n") != lines or raw.count(b"\r") != lines:
        raise HttpError(400, "A line of the request does not end in CR LF.", reason="bare-newline")
    if b"\r\n " in raw or b"\r\n\t" in raw:
        raise HttpError(400, "A header field is folded over two lines.", reason="obs-fold")
    if lines > FIELDS_MAX + 2:
        raise HttpError(431, "The request has too many header fields.", reason="head-too-large")

    head = Head()
    head.parser = parser = h11.Connection(h11.SERVER, max_bytes)
    parser.receive_data(raw)
    try:
        event = parser.next_event()
    except h11.RemoteProtocolError as error:
        status = error.error_status_hint
        if status == 501:
            raise HttpError(501, "This transfer encoding is not supported.", reason="transfer-encoding") from None
        raise HttpError(400, "The request is malformed.", reason="malformed") from None

    version = event.http_version
    if version != b"1.1" and version != b"1.0":
        raise HttpError(505, "This server speaks HTTP/1.1.", reason="version")
    head.method = method = event.method.decode("ascii")
    if method not in METHODS:
        raise HttpError(501, "This method is not supported.", reason="method")

    head.headers = headers = {}
    # Not the sequence itself: h11 makes its items one by one, which costs as much as the rest of this function.
    for name, value in event.headers.raw_items():
        name = name.decode("ascii").lower()
        value = value.decode("latin-1")
        if name in headers:
            # Only Cookie is joined by something other than a comma (RFC 6265, 5.4).
            value = headers[name] + ("; " if name == "cookie" else ", ") + value
        headers[name] = value

    _read_framing(head, headers, version)
    _read_target(head, event.target, headers.get("host"))
    return head


def _read_framing(head, headers, version):
    head.length = 0
    head.expects_continue = False
    if "content-length" in headers:
        if "transfer-encoding" in headers:
            raise HttpError(400, "The request has two lengths.", reason="two-lengths")
        head.length = int(headers["content-length"])
    elif "transfer-encoding" in headers:
        if version == b"1.0":
            raise HttpError(400, "HTTP/1.0 has no transfer encoding.", reason="two-lengths")
        head.length = None
    head.keep_alive = version == b"1.1"
    if "connection" in headers:
        options = headers["connection"].lower()
        if "close" in options:
            head.keep_alive = False
    if "expect" in headers and version == b"1.1":
        if headers["expect"].lower() != "100-continue":
            raise HttpError(417, "The expectation cannot be met.", reason="expect")
        head.expects_continue = head.length != 0


def _read_target(head, target, host):
    if host is None:
        head.host = ""  # HTTP/1.0 only: h11 refuses 1.1 without it
    else:
        match = _HOST.fullmatch(host.encode("latin-1"))
        if match is None:
            raise HttpError(400, "The Host field is malformed.", reason="host")
        head.host = match.group(1).decode("ascii").lower()

    if target[:1] != b"/":
        if target == b"*" and head.method == "OPTIONS":
            head.path, head.query = "*", b""
            return
        # RFC 9112, 3.2.2 asks to accept the absolute form. An authority other
        # than Host's would let one check pass on a name and another act on the other.
        scheme, separator, rest = target.partition(b"://")
        authority, slash, path = rest.partition(b"/")
        if scheme.lower() != b"http" or not separator or host is None or authority.lower() != host.lower().encode("latin-1"):
            raise HttpError(400, "The request target is not a path on this server.", reason="target")
        target = slash + path or b"/"
    path, _, head.query = target.partition(b"?")
    head.path = decode_path(path)
