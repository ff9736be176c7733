"""JSON in and out, bounded (RFC 8259). The one place of the node's gateways where text becomes objects.

What JSON lacks: bytes travel as {"$bytes": base64}; a whole number beyond 2**53 as the text of its digits, since JavaScript
would round it; an infinite number as the text "inf" or "-inf".
"""

import json
from binascii import Error, a2b_base64, b2a_base64

DEPTH_MAX = 32
# An empty list of two letters takes 64 bytes of memory: what a message of many such may be is bounded apart from its length.
BRACKETS_MAX = 65536
WHOLE_MAX = (1 << 53) - 1
BYTES = "$bytes"


class JsonError(Exception):
    """The text is no JSON, or more of it than is taken; the message says which."""


def parse(data):
    """The object that UTF-8 text or str stands for; {"$bytes": ...} stays as it is. Raises JsonError."""
    if type(data) is bytes:
        try:
            data = data.decode()
        except UnicodeDecodeError:
            raise JsonError("The text is not UTF-8.") from None
    if data.count("[") + data.count("{") > BRACKETS_MAX:
        raise JsonError(f"The message has more than {BRACKETS_MAX} lists and objects. Send text with so many brackets as bytes.")
    try:
        found = json.loads(data, parse_constant=_refuse_constant)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise JsonError(f"The message is not JSON: {error}.") from None
    _check_depth(found)
    return found


def to_text(thing):
    """The JSON text of an object of dict, list, tuple, str, bytes, int, float, bool and None. Raises RecursionError beyond reason."""
    return json.dumps(_plain(thing), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def bytes_of(thing):
    """Bytes that a JSON value stands for: a text's UTF-8, or what {"$bytes": ...} holds. Raises JsonError."""
    if type(thing) is str:
        try:
            return thing.encode()
        except UnicodeEncodeError:
            raise JsonError("A text holds half of a character.") from None
    if type(thing) is dict and len(thing) == 1 and type(thing.get(BYTES)) is str:
        try:
            return a2b_base64(thing[BYTES].encode("ascii"), strict_mode=True)
        except (Error, UnicodeEncodeError):
            raise JsonError("What stands in $bytes is not base64.") from None
    raise JsonError('Bytes are a text, or {"$bytes": base64}.')


class Binary:
    """Bytes that travel as such even where they are UTF-8."""

    __slots__ = ("data",)

    def __init__(self, data):
        self.data = data


def _plain(thing):
    kind = type(thing)
    if kind is str or kind is bool or thing is None:
        return thing
    if kind is int:
        return thing if -WHOLE_MAX <= thing <= WHOLE_MAX else str(thing)
    if kind is float:
        if thing - thing == 0:
            return thing
        return "nan" if thing != thing else "inf" if thing > 0 else "-inf"
    if kind is bytes:
        try:
            return thing.decode()
        except UnicodeDecodeError:
            return {BYTES: b2a_base64(thing, newline=False).decode()}
    if kind is Binary:
        return {BYTES: b2a_base64(thing.data, newline=False).decode()}
    if kind is dict:
        return {name if type(name) is str else _name(name): _plain(value) for name, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [_plain(part) for part in thing]
    raise TypeError(f"JSON has no {kind.__name__}")


def _name(name):
    return name.decode("utf-8", "backslashreplace") if type(name) is bytes else str(name)


def _check_depth(thing):
    layer = [thing]
    for _ in range(DEPTH_MAX):
        layer = [
            inner
            for outer in layer
            if type(outer) in (dict, list)
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in (dict, list)
        ]
        if not layer:
            return
    raise _too_deep()


def _too_deep():
    return JsonError(f"The message is deeper than {DEPTH_MAX} lists and objects.")


def _refuse_constant(name):
    raise ValueError(f"{name} is no number of JSON")
