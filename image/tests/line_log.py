"""What a process says, line by line, in bounded memory: the serial console, and QEMU's own messages."""

import collections
import os
import re
import threading
import time

LINES_MAX = 4000
LINE_MAX_BYTES = 4096
_READ_BYTES = 65_536

# number: of the line, from 0; moment_s: time.monotonic() at which it was whole.
Line = collections.namedtuple("Line", "number moment_s text")


class LineLog:
    """Reads a descriptor to its end in a thread and keeps the newest lines.

    fd: owned from now on; path: file that gets everything, None for none; watch: bytes to look for in every line, however fast they come.
    ``watched`` tells whether they came.
    """

    def __init__(self, fd, path=None, watch=None):
        self._fd, self._path, self._watch = fd, path, watch
        self._lines = collections.deque(maxlen=LINES_MAX)
        self._more = threading.Condition()
        self._ended = False
        self.count = 0
        self.watched = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def wait_for(self, pattern, limit_s, since=0):
        """The first line from number ``since`` on that the regular expression finds; None after the limit or at the end.
        """
        wanted, deadline = re.compile(pattern), time.monotonic() + limit_s
        with self._more:
            while True:
                for line in self._lines:
                    if line.number >= since and wanted.search(line.text):
                        return line
                left_s = deadline - time.monotonic()
                if self._ended or left_s <= 0:
                    return None
                self._more.wait(left_s)

    def since(self, number):
        """The lines kept from this number on."""
        with self._more:
            return [line for line in self._lines if line.number >= number]

    def tail(self, count=30):
        """The newest lines as one text."""
        with self._more:
            return "\n".join(line.text for line in list(self._lines)[-count:])

    def join(self):
        """Wait until everything is read, after the process has ended."""
        self._thread.join(10)

    def _read(self):
        rest = b""
        with open(self._path or os.devnull, "ab", buffering=0) as copy, os.fdopen(self._fd, "rb", buffering=0) as source:
            while data := source.read(_READ_BYTES):
                copy.write(data)
                *whole, rest = (rest + data).split(b"\n")
                # A line without end is cut, so that what we keep stays bounded.
                while len(rest) > LINE_MAX_BYTES:
                    whole.append(rest[:LINE_MAX_BYTES])
                    rest = rest[LINE_MAX_BYTES:]
                self._keep(whole)
        self._keep([rest] if rest else [])
        with self._more:
            self._ended = True
            self._more.notify_all()

    def _keep(self, lines):
        with self._more:
            for line in lines:
                if self._watch and self._watch in line:
                    self.watched = True
                text = line[:LINE_MAX_BYTES].decode("utf-8", "replace").rstrip("\r")
                self._lines.append(Line(self.count, time.monotonic(), text))
                self.count += 1
            self._more.notify_all()
