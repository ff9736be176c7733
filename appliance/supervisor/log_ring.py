"""The node's log lines in memory, bounded in bytes, and what it said last before a crash."""

from collections import deque

# What CPython spends on a line besides its bytes: the tuple, the bytes header, two numbers, the deque's slot.
ENTRY_OVERHEAD_BYTES = 168

# Everything a terminal acts on; the node's lines hold text from the network.
_VISIBLE = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if code != 0x09}


class LineSplitter:
    """Cuts a byte stream into lines of at most ``line_max_bytes``; the rest of a longer one is dropped and marked."""

    __slots__ = ("_line_max_bytes", "_partial", "_overlong")

    def __init__(self, line_max_bytes):
        self._line_max_bytes = line_max_bytes
        self._partial = b""
        self._overlong = False

    def feed(self, data):
        """Complete lines in ``data`` and what came before it, as clean text."""
        *complete, rest = data.split(b"\n")
        lines = []
        for piece in complete:
            self._extend(piece)
            lines.append(self._take())
        self._extend(rest)
        return lines

    def finish(self):
        """The last line if it had no line feed."""
        return [self._take()] if self._partial else []

    def _extend(self, piece):
        room = self._line_max_bytes - len(self._partial)
        self._overlong = self._overlong or len(piece) > room
        self._partial += piece[:room]

    def _take(self):
        text = printable(self._partial) + (" [cut]" if self._overlong else "")
        self._partial = b""
        self._overlong = False
        return text


def printable(line):
    """``line`` (bytes) as text that no terminal acts on."""
    return line.rstrip(b"\r").decode(errors="backslashreplace").translate(_VISIBLE)


def json_bytes(text):
    """At most how many bytes ``text`` takes as JSON: outside ASCII six a character, twelve a surrogate pair."""
    if not text.isascii():
        return 12 * len(text)
    return len(text) + text.count('"') + text.count("\\") + text.count("\t")


def newest_that_fit(lines, max_bytes=48_000):
    """The end of ``lines`` that takes at most ``max_bytes`` as JSON."""
    kept = []
    for line in reversed(lines):
        max_bytes -= 3 + json_bytes(line)
        if max_bytes < 0:
            break
        kept.append(line)
    return kept[::-1]


class LogRing:
    """The newest lines within ``max_bytes``, numbered from 1."""

    def __init__(self, max_bytes):
        self._max_bytes = max_bytes
        self._entries = deque()
        self._bytes = 0
        self._number = 0
        self.dropped = 0

    def append(self, time_s, text):
        """Keep one line; the oldest make room for it."""
        line = text.encode(errors="backslashreplace")
        self._number += 1
        self._entries.append((self._number, time_s, line))
        self._bytes += len(line) + ENTRY_OVERHEAD_BYTES
        while self._bytes > self._max_bytes and len(self._entries) > 1:
            self._bytes -= len(self._entries.popleft()[2]) + ENTRY_OVERHEAD_BYTES
            self.dropped += 1

    def lines(self, after=None, limit=100, max_bytes=48_000):
        """Up to ``limit`` lines as {"n", "time", "text"}, oldest first.

        Args:
            after: only lines numbered above it, the earliest of them; None: the newest lines.
            max_bytes: bound on what they take as JSON, so that the answer fits a message.
        """
        source = reversed(self._entries) if after is None else self._entries
        found = []
        for number, time_s, line in source:
            if after is not None and number <= after:
                continue
            text = line.decode()
            max_bytes -= 48 + json_bytes(text)
            if len(found) == limit or (max_bytes < 0 and found):
                break
            found.append({"n": number, "time": time_s, "text": text})
        return found[::-1] if after is None else found

    def newest(self, max_bytes):
        """The text of the newest lines within ``max_bytes``, oldest first."""
        found = []
        for _number, _time_s, line in reversed(self._entries):
            max_bytes -= len(line) + 1
            if max_bytes < 0:
                break
            found.append(line.decode())
        return found[::-1]
