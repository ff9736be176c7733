"""Request targets, queries and forms: percent-encoding undone strictly (RFC 3986, RFC 9112 3.2)."""

import re

from .errors import HttpError

PAIRS_MAX = 100

_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_CONTROL = re.compile("[\x00-\x1f\x7f]")


def _unescape(match):
    return bytes((int(match.group(1), 16),))


def percent_decode(raw):
    """Text of percent-encoded bytes; ValueError for a stray ``%`` or text that is not UTF-8."""
    if b"%" in raw:
        escapes = raw.count(b"%")
        raw, replaced = _ESCAPE.subn(_unescape, raw)
        if replaced != escapes:
            raise ValueError("a percent sign without two hexadecimal digits")
    return raw.decode("utf-8")


def decode_path(raw):
    """The path of an origin-form target, decoded.

    A path that means something else to another reader is refused: an encoded
    slash, a backslash, a control character, a dot segment.
    Raises HttpError 400.
    """
    if raw[:1] != b"/":
        raise HttpError(400, "The request target is not a path.", reason="target")
    if b"%" in raw:
        lowered = raw.lower()
        if b"%2f" in lowered or b"%5c" in lowered:
            raise HttpError(400, "The path contains an encoded slash.", reason="target")
    try:
        path = percent_decode(raw)
    except ValueError:
        raise HttpError(400, "The path is not correctly encoded.", reason="target") from None
    if "\\" in path or b"#" in raw or _CONTROL.search(path):
        raise HttpError(400, "The path contains a character that is not allowed.", reason="target")
    if "/." in path and any(part in (".", "..") for part in path.split("/")):
        raise HttpError(400, "The path contains a dot segment.", reason="target")
    return path


def decode_pairs(raw):
    """First value of each name in an ``application/x-www-form-urlencoded`` text.

    Raises HttpError 400 for bad encoding or more than PAIRS_MAX pairs.
    """
    pairs = {}
    if not raw:
        return pairs
    if raw.count(b"&") >= PAIRS_MAX:
        raise HttpError(400, "The request has too many fields.", reason="form")
    try:
        for part in raw.replace(b"+", b" ").split(b"&"):
            if part:
                name, _, value = part.partition(b"=")
                pairs.setdefault(percent_decode(name), percent_decode(value))
    except ValueError:
        raise HttpError(400, "The form or query is not correctly encoded.", reason="form") from None
    return pairs
