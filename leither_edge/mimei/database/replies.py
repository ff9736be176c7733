"""What a command answers, rich enough for RESP2 and RESP3.

bytes: a string. int: a number. float: a double (RESP2: its text). None: nothing. list: an array. dict: a map (RESP2: a flat
array). Beside them the types below.
"""

from collections import namedtuple

# A short word, as OK. text: bytes.
Status = namedtuple("Status", "text")
# A refusal. text: bytes that begin with a code in capitals; Redis's own words.
ErrorReply = namedtuple("ErrorReply", "text")
# Members without order. items: list of bytes. RESP2: an array.
Members = namedtuple("Members", "items")
# items: list of (a, b). RESP2: one flat array; RESP3: an array of arrays of two.
Pairs = namedtuple("Pairs", "items")
# No array: "*-1" in RESP2, null in RESP3.
NoArray = namedtuple("NoArray", "")

OK = Status(b"OK")
NO_ARRAY = NoArray()


class Refusal(Exception):
    """Raised inside a command before its first change; execute answers it as ErrorReply. Args: text (bytes)."""


WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
SYNTAX = b"ERR syntax error"
NOT_INTEGER = b"ERR value is not an integer or out of range"
NOT_FLOAT = b"ERR value is not a valid float"
NO_SUCH_KEY = b"ERR no such key"
OVERFLOW = b"ERR increment or decrement would overflow"
NOT_POSITIVE = b"ERR value is out of range, must be positive"
TOO_LONG = b"ERR string exceeds maximum allowed size (proto-max-bulk-len)"
# What an error repeats of an unknown command.
_QUOTED_BYTES = 128


def unknown_command(words):
    """The ErrorReply to a command that nobody knows."""
    # As far as C reads a string, and on one line.
    shown = [word[:_QUOTED_BYTES].partition(b"\0")[0] for word in words[:64]]
    begin = b""
    for word in shown[1:]:
        if len(begin) >= _QUOTED_BYTES:
            break
        begin += b"'%s' " % word[: _QUOTED_BYTES - len(begin)]
    text = b"ERR unknown command '%s', with args beginning with: %s" % (shown[0], begin)
    return ErrorReply(text.replace(b"\r", b" ").replace(b"\n", b" "))


def wrong_arity(name):
    """The ErrorReply to too many or too few words."""
    return ErrorReply(b"ERR wrong number of arguments for '%s' command" % name)
