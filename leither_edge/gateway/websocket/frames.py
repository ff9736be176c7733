"""Frames of a WebSocket, server side, without I/O (RFC 6455, 5).

Bytes in, messages out: `Reader.feed` takes what arrived, `Reader.next` gives whole messages and control frames.
No extension is spoken, so the reserved bits are zero, and a client's frames are masked.
"""

from struct import pack, unpack_from

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

# Close codes (RFC 6455, 7.4.1).
NORMAL, GOING_AWAY, PROTOCOL, BAD_TEXT, TOO_LARGE, FAILED = 1000, 1001, 1002, 1007, 1009, 1011

CONTROL_MAX_BYTES = 125
# A frame may carry a byte, each costs a turn; no client of messages this small needs as many.
FRAGMENTS_MAX = 1024


class FrameError(Exception):
    """What came is no frame, message or close that may be. Args: code (close code to answer with), sentence."""

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


def frame(opcode, payload):
    """One whole unmasked frame. Args: opcode (of a message or a control frame), payload bytes."""
    length = len(payload)
    if length < 126:
        return pack(">BB", 0x80 | opcode, length) + payload
    if length < 65536:
        return pack(">BBH", 0x80 | opcode, 126, length) + payload
    return pack(">BBQ", 0x80 | opcode, 127, length) + payload


def close_frame(code, sentence=""):
    """A close frame that says why. Args: code (RFC 6455, 7.4), sentence (cut at what a control frame takes)."""
    # Cut between two characters: a client would refuse half of one.
    cut = sentence.encode()[: CONTROL_MAX_BYTES - 2].decode(errors="ignore")
    return frame(CLOSE, pack(">H", code) + cut.encode())


class Reader:
    """Frames of one client. Args: message_max bytes of one message, however many frames it comes in."""

    __slots__ = ("_buffer", "_fragments", "_kind", "_max", "_size")

    def __init__(self, message_max):
        self._buffer = bytearray()
        self._max = message_max
        self._kind = None
        self._fragments = []
        self._size = 0

    def feed(self, data):
        """Take bytes that arrived."""
        self._buffer += data

    def next(self):
        """(opcode, content) of the next message or control frame; None until more has arrived.

        content: str of a text; bytes of a binary message, a ping or pong; code of a close, None if it had none.
        Raises FrameError, after which nothing more can be read.
        """
        while True:
            found = self._frame()
            if found is None:
                return None
            is_last, opcode, payload = found
            if opcode == CLOSE:
                return CLOSE, _close_code(payload)
            if opcode & 8:
                return opcode, payload
            if (opcode == CONTINUATION) is (self._kind is None):
                raise FrameError(PROTOCOL, "A message began within another, or went on without having begun.")
            if opcode != CONTINUATION:
                self._kind = opcode
            self._fragments.append(payload)
            self._size += len(payload)
            if not is_last:
                if len(self._fragments) >= FRAGMENTS_MAX:
                    raise FrameError(TOO_LARGE, "The message comes in too many pieces.")
                continue
            kind, message = self._kind, self._fragments[0] if len(self._fragments) == 1 else b"".join(self._fragments)
            self._kind, self._fragments, self._size = None, [], 0
            return kind, _text(message) if kind == TEXT else message

    def _frame(self):
        """(is last, opcode, payload) of the next frame, taken from the buffer; None until it is whole."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        first, second = buffer[0], buffer[1]
        opcode, length, at = first & 0x0F, second & 0x7F, 2
        if first & 0x70 or opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise FrameError(PROTOCOL, "The frame is of a kind that was not agreed on.")
        if not second & 0x80:
            raise FrameError(PROTOCOL, "A client's frame must be masked.")
        if opcode & 8 and (length > CONTROL_MAX_BYTES or not first & 0x80):
            raise FrameError(PROTOCOL, "A control frame is too long or in pieces.")
        if length >= 126:
            form, least = (">H", 126) if length == 126 else (">Q", 65536)
            if len(buffer) < at + (2 if length == 126 else 8):
                return None
            (length,) = unpack_from(form, buffer, at)
            at += 2 if form == ">H" else 8
            if length < least:
                raise FrameError(PROTOCOL, "The frame's length is not written the shortest way.")
        if not opcode & 8 and self._size + length > self._max:
            raise FrameError(TOO_LARGE, f"The message is larger than {self._max} bytes.")
        end = at + 4 + length
        if len(buffer) < end:
            return None
        payload = _unmask(buffer[at : at + 4], buffer[at + 4 : end])
        del buffer[:end]
        return bool(first & 0x80), opcode, payload


def _unmask(mask, data):
    length = len(data)
    if not length:
        return b""
    # One long number: a byte at a time in Python takes a hundred times as long.
    key = int.from_bytes((mask * (length // 4 + 1))[:length], "little")
    return (int.from_bytes(data, "little") ^ key).to_bytes(length, "little")


def _text(data):
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise FrameError(BAD_TEXT, "The text is not UTF-8.") from None


def _close_code(payload):
    if not payload:
        return None
    if len(payload) == 1:
        raise FrameError(PROTOCOL, "The close frame is cut.")
    (code,) = unpack_from(">H", payload)
    if not (1000 <= code <= 1014 and code not in (1004, 1005, 1006) or 3000 <= code <= 4999):
        raise FrameError(PROTOCOL, "The close frame has a code that must not be sent.")
    _text(payload[2:])
    return code
