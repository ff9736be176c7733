"""Messages between the node and the supervisor: JSON objects, one a packet of a SOCK_SEQPACKET pair.

node to supervisor   {"id": 7, "verb": "wifi_scan", "args": {}}   {"beat": 12}   {"ready": {"text": "..."}}
supervisor to node   {"id": 7, "ok": true, "result": ...}         {"id": 7, "ok": false, "error": {"code", "message"}}
"""

import json

# Well under the socket buffer Linux gives by default (208 KiB), so that a few answers fit before anyone must wait.
MESSAGE_MAX_BYTES = 60_000
# Integers both sides (and JavaScript, should it ever read a trace) hold exactly.
INTEGER_MAX = 2**53 - 1


class MessageError(ValueError):
    """A packet that is not a message.

    Args:
        code: "oversized" or "malformed".
        sentence: what is wrong, without repeating the packet (it may hold a password).
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


def _without_duplicates(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MessageError("malformed", "A message names a member twice.")
    return members


def _refuse_constant(name):
    raise MessageError("malformed", f"{name} is not a JSON number.")


_decoder = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
_encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def decode(packet):
    """The object in ``packet`` (bytes). Raises MessageError."""
    if len(packet) > MESSAGE_MAX_BYTES:
        raise MessageError("oversized", f"A message has at most {MESSAGE_MAX_BYTES} bytes.")
    try:
        message = _decoder.decode(packet.decode())
    except MessageError:
        raise
    except (ValueError, RecursionError):
        raise MessageError("malformed", "A message is one JSON object in UTF-8.") from None
    if type(message) is not dict:
        raise MessageError("malformed", "A message is one JSON object.")
    return message


def encode(message):
    """``message`` (dict) as a packet. Raises MessageError when it is too big or not JSON."""
    try:
        packet = _encoder.encode(message).encode("ascii")
    except (TypeError, ValueError, RecursionError):
        raise MessageError("malformed", "The message holds something JSON cannot carry.") from None
    if len(packet) > MESSAGE_MAX_BYTES:
        raise MessageError("oversized", f"A message has at most {MESSAGE_MAX_BYTES} bytes.")
    return packet


def is_integer(value, low=0, high=INTEGER_MAX):
    """Whether ``value`` is an int (True and False are not) from ``low`` to ``high``."""
    return type(value) is int and low <= value <= high


def is_text(value, max_bytes):
    """Whether ``value`` is a string of at most ``max_bytes`` in UTF-8 (a lone surrogate has no UTF-8)."""
    if type(value) is not str or len(value) > max_bytes:
        return False
    try:
        return len(value.encode()) <= max_bytes
    except UnicodeEncodeError:
        return False


def request(number, verb, arguments):
    """The packet that asks for ``verb``."""
    return encode({"id": number, "verb": verb, "args": arguments})


def success(number, result):
    """The packet that answers request ``number``."""
    return encode({"id": number, "ok": True, "result": result})


def failure(number, code, message):
    """The packet that says why request ``number`` (None: unreadable) was not carried out."""
    return encode({"id": number, "ok": False, "error": {"code": code, "message": message}})
