"""The frames of a channel: what stands in one encrypted message.

    length     2 bytes, of what follows; then encrypted, 16 bytes longer than:
    kind       1 byte
    flags      1 byte
    stream     4 bytes: its number, odd for those that the initiator opened; 0 for frames of the whole channel
    payload    up to 65,513 bytes

    0 HELLO    CBOR [streams that the peer may have open at a time, ...]: the first frame of each side
    1 OPEN     CBOR [method, arguments, bytes of data that the opener takes]; flags: MORE, END and CALL together, urgency << 4
    2 ANSWER   CBOR [value, bytes of data that the answerer takes]; flags: MORE, END to a call
    3 REFUSE   CBOR [code, sentence, details]: in place of an answer
    4 DATA     bytes of the stream; flags: END
    5 CREDIT   4 bytes: so many more bytes of data are taken
    6 ABORT    CBOR [code, sentence, {}]: nothing more either way; answered with another, if the other side has not sent its last frame
    7 PING     8 bytes, which come back in a
    8 PONG
    9 REKEY    the sender's next frame is under the next key (Noise section 11.3)
   10 CLOSE    CBOR [code, sentence, {}]: the end of the channel

Pure: bytes in and out. Numbers are big endian, as in everything here that goes over a wire.
"""

from struct import Struct

from leither_edge.core import cbor

from .errors import Violation
from .limits import MESSAGE_MAX_BYTES, MESSAGE_MAX_DEPTH, MESSAGE_MAX_ITEMS, PRIORITIES

LENGTH = Struct(">H")
HEADER = Struct(">BBI")
NUMBER = Struct(">I")
TAG_BYTES = 16
# What a frame costs beside its payload.
OVERHEAD_BYTES = LENGTH.size + HEADER.size + TAG_BYTES
SEALED_MAX_BYTES = 65535
SEALED_MIN_BYTES = HEADER.size + TAG_BYTES
FRAME_MAX_BYTES = LENGTH.size + SEALED_MAX_BYTES
PAYLOAD_MAX_BYTES = SEALED_MAX_BYTES - SEALED_MIN_BYTES

HELLO, OPEN, ANSWER, REFUSE, DATA, CREDIT, ABORT, PING, PONG, REKEY, CLOSE = range(11)
NAMES = ("hello", "open", "answer", "refuse", "data", "credit", "abort", "ping", "pong", "rekey", "close")

# The message goes on in the next frame of its stream.
MORE = 1
# The sender sends nothing more in this stream.
END = 2
# An OPEN that wants one answer and no stream.
CALL = 4
# How urgent an OPEN is, in the two bits above.
PRIORITY_SHIFT = 4
_ALLOWED = {OPEN: MORE | END | CALL | 3 << PRIORITY_SHIFT, ANSWER: MORE | END, DATA: END}

TOKEN_BYTES = 8
METHOD_MAX = 64
CODE_MAX = 64
SENTENCE_MAX = 600
# A refusal with its details, an abort, a close: one frame.
REASON_MAX_BYTES = 4096
CREDIT_MAX = 0x7FFFFFFF


def check(kind, flags, stream, size):
    """Whether kind, flags, stream and size of a payload go together. Raises Violation (frame)."""
    if kind > CLOSE or flags & ~_ALLOWED.get(kind, 0) or (stream == 0) is not (kind in (HELLO, PING, PONG, REKEY, CLOSE)):
        raise Violation("frame", "A frame came that this node does not know.")
    if kind in (PING, PONG) and size != TOKEN_BYTES or kind == CREDIT and size != NUMBER.size or kind == REKEY and size:
        raise Violation("frame", f"The size of a {NAMES[kind]} frame is wrong.")
    if kind in (REFUSE, ABORT, CLOSE, HELLO) and size > REASON_MAX_BYTES:
        raise Violation("frame", f"A {NAMES[kind]} frame is too large.")
    if kind == DATA and not size and not flags & END:
        raise Violation("frame", "A data frame has no data.")


def request(method, arguments, credit):
    """The message of an OPEN. Raises ValueError: too large, or nothing that CBOR holds."""
    return _message([method, arguments, credit])


def read_request(data):
    """(method, arguments, credit) of an OPEN. Raises Violation (message)."""
    value = _read(data, 3)
    if not isinstance(value[0], str) or not 0 < len(value[0]) <= METHOD_MAX or not _is_credit(value[2]):
        raise Violation("message", "A request does not say what it wants.")
    return value


def answer(value, credit):
    """The message of an ANSWER. Raises ValueError."""
    return _message([value, credit])


def read_answer(data):
    """(value, credit) of an ANSWER. Raises Violation (message)."""
    value = _read(data, 2)
    if not _is_credit(value[1]):
        raise Violation("message", "An answer does not say how much it takes.")
    return value


def reason(code, sentence, details=None):
    """The payload of a REFUSE, ABORT or CLOSE; a sentence too long is cut, details that do not fit are left out."""
    code, sentence = str(code)[:CODE_MAX], str(sentence)[:SENTENCE_MAX]
    if details:
        try:
            data = cbor.encode([code, sentence, details], MESSAGE_MAX_DEPTH)
            if len(data) <= REASON_MAX_BYTES:
                return data
        except cbor.CborError:
            pass
    try:
        return cbor.encode([code, sentence, {}])
    except cbor.CborError:
        return cbor.encode(["failed", "It failed, and the reason is not a text.", {}])


def read_reason(data):
    """(code, sentence, details) of a REFUSE, ABORT or CLOSE. Raises Violation (message)."""
    value = _read(data, 3)
    code, sentence, details = value
    if not isinstance(code, str) or not isinstance(sentence, str) or not isinstance(details, dict):
        raise Violation("message", "A refusal has no reason.")
    if not code or len(code) > CODE_MAX or len(sentence) > SENTENCE_MAX:
        raise Violation("message", "The reason of a refusal is too long.")
    return value


def hello(streams_max):
    """The payload of a HELLO: the first frame of each side. Args: streams_max (that the peer may have open at a time)."""
    return cbor.encode([streams_max])


def read_hello(data):
    """streams_max of a HELLO; what a later version puts behind it is left alone. Raises Violation (message)."""
    value = _decode(data)
    if not isinstance(value, list) or not value or not _is_credit(value[0]) or value[0] < 1:
        raise Violation("message", "The peer's first frame does not say what it takes.")
    return value[0]


def flags_of_open(priority, is_call):
    """The flags of an OPEN."""
    return priority << PRIORITY_SHIFT | (CALL | END if is_call else 0)


def priority_of(flags):
    """How urgent an OPEN with these flags is."""
    return flags >> PRIORITY_SHIFT & PRIORITIES - 1


def _message(value):
    data = cbor.encode(value, MESSAGE_MAX_DEPTH)
    if len(data) > MESSAGE_MAX_BYTES:
        raise cbor.CborError("too-large", f"a message of {len(data)} bytes, and at most {MESSAGE_MAX_BYTES} go at once: use a stream")
    # Every item takes a byte at least.
    if len(data) > MESSAGE_MAX_ITEMS and _items(value) > MESSAGE_MAX_ITEMS:
        raise cbor.CborError("too-many", f"a message whose lists and maps hold more than {MESSAGE_MAX_ITEMS} values: use a stream")
    return data


def _items(value):
    """How many values the lists and maps of a message hold together."""
    if isinstance(value, cbor.Tagged):
        return _items(value.value)
    if isinstance(value, (list, tuple)):
        return len(value) + sum(_items(each) for each in value)
    if isinstance(value, dict):
        return 2 * len(value) + sum(_items(each) for each in value.values())
    return 0


def _decode(data):
    try:
        return cbor.decode(data, MESSAGE_MAX_BYTES, MESSAGE_MAX_DEPTH, MESSAGE_MAX_ITEMS)
    except cbor.CborError as error:
        raise Violation("message", f"What came is no message: {error}.") from None


def _read(data, count):
    value = _decode(data)
    if not isinstance(value, list) or len(value) != count:
        raise Violation("message", "What came is no message of this kind.")
    return value


def _is_credit(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= CREDIT_MAX
