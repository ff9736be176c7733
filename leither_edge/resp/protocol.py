"""Commands out of the bytes a client sends: RESP2 and RESP3 arrays of bulk strings, and inline commands as people type them.

Source: the Redis serialization protocol specification (redis.io/docs/reference/protocol-spec); messages of errors are those of Redis 7.0.
"""

LINE_MAX_BYTES = 64 * 1024
# "*" or "$" and a number.
HEAD_MAX_BYTES = 32
# What a word costs beside its bytes: object, place in the list, head on the wire.
WORD_BYTES = 48

_COUNTS = {b"*%d\r" % count: count for count in range(1, 17)}
_LENGTHS = {b"$%d" % length: length for length in range(100)}
_SPACES = b" \t\r\v\f"
_ESCAPES = {0x6E: 10, 0x72: 13, 0x74: 9, 0x62: 8, 0x61: 7}
_HEX = b"0123456789abcdefABCDEF"


class ProtocolError(Exception):
    """What came is no command; the connection cannot go on. The text is the error reply without its first word."""


class Parser:
    """Bytes in, commands out, in bounded memory.

    Args: bytes_max what one command may take, words and all that keeps them. It may be changed between commands.
    """

    __slots__ = ("bytes_max", "_at", "_held", "_left", "_need", "_size", "_words")

    def __init__(self, bytes_max):
        self.bytes_max = bytes_max
        self._held = b""
        self._at = 0
        self._words = None
        self._left = 0
        self._need = 0
        self._size = 0

    def feed(self, data):
        """Take bytes as they came from the socket."""
        held = self._held
        if not held:
            self._held = data
        elif type(held) is bytearray:
            held += data
        else:
            self._held = bytearray(memoryview(held)[self._at :])
            self._held += data
            self._need -= self._at
            self._at = 0

    def next(self):
        """The next command, a list of at least one bytes; None until there is more. Raises ProtocolError."""
        data = self._held
        if len(data) < self._need or not data:
            return None
        if type(data) is bytearray:
            data = self._held = bytes(data)
        at = self._at
        words = self._words
        while words is None:
            if at == len(data):
                return self._wait(b"", 0, 0)
            end = data.find(b"\n", at)
            if data[at] == 42 and (end if end >= 0 else len(data)) - at > HEAD_MAX_BYTES:
                raise ProtocolError("Protocol error: too big mbulk count string")
            if end < 0:
                if len(data) - at > LINE_MAX_BYTES:
                    raise ProtocolError("Protocol error: too big inline request")
                return self._wait(data, at, 0)
            if data[at] != 42:
                words = self._inline(data[at:end])
                at = end + 1
                if words:
                    self._at = at
                    return words
                words = None
                continue
            count = _COUNTS.get(data[at:end])
            if count is None:
                count = _number(data, at + 1, end, b"-")
            if count is None or count * WORD_BYTES > self.bytes_max:
                raise ProtocolError("Protocol error: invalid multibulk length")
            at = end + 1
            if count > 0:
                words = self._words = []
                self._left = count
                self._size = count * WORD_BYTES
            self._at = at
        total = len(data)
        left = self._left
        find = data.find
        while left:
            end = find(b"\r\n", at)
            length = _LENGTHS.get(data[at:end])
            if length is None or end < 0:
                length, end = self._length(data, at)
                if length is None:
                    self._left = left
                    return self._wait(data, at, 0)
            begin = end + 2
            stop = begin + length
            if stop + 2 > total:
                self._left = left
                return self._wait(data, at, stop + 2)
            if not data.startswith(b"\r\n", stop):
                raise ProtocolError("Protocol error: a bulk string is longer than it says")
            self._size += length
            words.append(data[begin:stop])
            at = stop + 2
            left -= 1
        if self._size > self.bytes_max:
            raise ProtocolError("Protocol error: invalid bulk length")
        self._words = None
        if at == total:
            self._held = b""
            self._at = 0
        else:
            self._at = at
        self._need = 0
        return words

    def _wait(self, data, at, need):
        self._held = data
        self._at = at
        self._need = need
        return None

    def _length(self, data, at):
        """(length, position of the CR) of the head of a bulk string; (None, None) until all of it is there."""
        if at < len(data) and data[at] != 36:
            raise ProtocolError(f"Protocol error: expected '$', got '{chr(data[at]) if 32 <= data[at] < 127 else '?'}'")
        end = data.find(b"\n", at)
        if (end if end >= 0 else len(data)) - at > HEAD_MAX_BYTES:
            raise ProtocolError("Protocol error: too big bulk count string")
        if end < 0:
            return None, None
        length = _number(data, at + 1, end, b"")
        if length is None or self._size + length > self.bytes_max:
            raise ProtocolError("Protocol error: invalid bulk length")
        return length, end - 1

    def _inline(self, line):
        if len(line) > LINE_MAX_BYTES:
            raise ProtocolError("Protocol error: too big inline request")
        words = split_words(line)
        if words is None:
            raise ProtocolError("Protocol error: unbalanced quotes in request")
        if sum(map(len, words)) + len(words) * WORD_BYTES > self.bytes_max:
            raise ProtocolError("Protocol error: too big inline request")
        return words


def _number(data, start, end, sign):
    """The decimal number in data[start:end], which ends in CR; None if it is none. A negative one, where `sign` allows it, is 0."""
    if data[end - 1 : end] != b"\r" or end - start > 11:
        return None
    digits = data[start : end - 1]
    if sign and digits[:1] == sign and digits[1:].isdigit():
        return 0
    if not digits.isdigit() or (digits[0] == 48 and len(digits) > 1):
        return None
    return int(digits)


def split_words(line):
    """The words of a line as people type it, with "double" and 'single' quotes; None where a quote does not close. Args: line bytes."""
    words, at, total = [], 0, len(line)
    while True:
        while at < total and line[at] in _SPACES:
            at += 1
        if at == total:
            return words
        word = bytearray()
        while at < total and line[at] not in _SPACES:
            if line[at] in b"\"'":
                at = _quoted(line, at, word)
                if at is None:
                    return None
                break
            word.append(line[at])
            at += 1
        words.append(bytes(word))


def _quoted(line, at, word):
    """Put what the quote at `at` holds behind `word`; the position after the closing quote, None if it is not at a word's end."""
    quote, at, total = line[at], at + 1, len(line)
    while at < total:
        byte = line[at]
        if byte == quote:
            return at + 1 if at + 1 == total or line[at + 1] in _SPACES else None
        if byte == 0x5C and at + 1 < total and (quote == 0x22 or line[at + 1] == quote):
            at += 1
            byte = line[at]
            if quote == 0x22:
                if byte == 0x78 and at + 2 < total and line[at + 1] in _HEX and line[at + 2] in _HEX:
                    byte = int(line[at + 1 : at + 3], 16)
                    at += 2
                else:
                    byte = _ESCAPES.get(byte, byte)
        word.append(byte)
        at += 1
    return None
