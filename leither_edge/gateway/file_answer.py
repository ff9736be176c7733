"""One file as a browser wants it: media type, ranges, ETag, and no way for it to act in this address's name."""

from collections import namedtuple

from leither_edge.http import HttpError, Response
from leither_edge.http.static_files import matches, parse_range

from .header_fields import disposition
from .media_types import SNIFF_BYTES, by_name, sniff
from .pieces import Pieces

# Content is of anybody's making: what a browser would run in it runs in an origin of its own, without this address's cookies and pages.
SANDBOX = "sandbox allow-scripts allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-downloads"
_RUNS = ("text/html", "application/xhtml+xml", "image/svg+xml", "application/xml", "text/xml")

# size in bytes; read: (offset, length or None) -> iterator of bytes; etag; name (for the media type).
File = namedtuple("File", ("size", "read", "etag", "name"))


def media_type(file):
    """The media type of a File, by its name or its first bytes; waits for the disk."""
    return by_name(file.name) or sniff(b"".join(file.read(0, SNIFF_BYTES)))


def answer(gateway, request, file, kind, headers=(), *, filename="", download=False):
    """The Response for a GET or HEAD. Args: file (File); kind (its media type); headers (more pairs). Raises HttpError 416."""
    asked = request.headers
    headers = (("etag", file.etag), ("accept-ranges", "bytes"), ("x-content-type-options", "nosniff"), *headers)
    if kind.partition(";")[0] in _RUNS:
        headers += (("content-security-policy", SANDBOX),)
    if filename or download:
        headers += (("content-disposition", disposition("attachment" if download else "inline", filename or file.name)),)
    if "if-none-match" in asked and matches(asked["if-none-match"], file.etag):
        return Response(304, headers=headers)
    if "range" in asked and request.method == "GET" and asked.get("if-range", file.etag) == file.etag:
        span = parse_range(asked["range"], file.size)
        if span is not None:
            return _partial(gateway, file, kind, headers, *span)
    return _whole(gateway, file, 200, 0, file.size, kind, headers)


def _partial(gateway, file, kind, headers, start, length):
    if not length:
        raise HttpError(416, "The range lies outside the file.", (("content-range", f"bytes */{file.size}"),))
    place = ("content-range", f"bytes {start}-{start + length - 1}/{file.size}")
    return _whole(gateway, file, 206, start, length, kind, (*headers, place))


def _whole(gateway, file, status, start, length, kind, headers):
    body = Pieces(gateway, _pieces(file, start, length))
    return Response(status, body, kind, (*headers, ("content-length", str(length))))


def _pieces(file, start, length):
    # Only what is sent is read: a HEAD reads nothing.
    if length:
        yield from file.read(start, length)
