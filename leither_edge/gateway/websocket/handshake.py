"""The request that opens a WebSocket, and its answer (RFC 6455, 4.2)."""

from binascii import Error, a2b_base64, b2a_base64

try:
    from _sha1 import sha1
except ImportError:
    from hashlib import sha1

from leither_edge.http import HttpError

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_VERSION = "13"


def asks_for_websocket(headers):
    """Whether a request's headers (dict, lower-case names) offer to become a WebSocket."""
    return _has(headers, "upgrade", "websocket") and _has(headers, "connection", "upgrade")


def answer_headers(headers):
    """The header fields of the 101, but Connection. Raises HttpError 400, and 426 for another version."""
    if headers.get("sec-websocket-version") != _VERSION:
        raise HttpError(426, "This server speaks version 13 of WebSocket.", (("sec-websocket-version", _VERSION),), "websocket-version")
    key = headers.get("sec-websocket-key", "").encode("latin-1")
    try:
        is_good = len(a2b_base64(key)) == 16 and len(key) == 24
    except Error:
        is_good = False
    if not is_good:
        raise HttpError(400, "The key of the WebSocket is malformed.", reason="websocket-key")
    accept = b2a_base64(sha1(key + _GUID).digest(), newline=False).decode()
    return ("upgrade", "websocket"), ("sec-websocket-accept", accept)


def _has(headers, name, wanted):
    return wanted in [part.strip().lower() for part in headers.get(name, "").split(",")]
