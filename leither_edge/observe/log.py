"""The log: one line an event, ``level event key=value ...``."""

import sys

LINE_MAX_BYTES = 1024
CUT = " ..."


def write_stderr(line):
    """Write one line to standard error, where the supervisor's ring reads it."""
    sys.stderr.write(line)
    sys.stderr.flush()


class Log:
    """Writes events as single lines through ``write(text)``; lines are cut at ``line_max_bytes`` of UTF-8.

    Values: text is quoted when it holds a space, quote, ``=`` or anything unprintable; bytes are hexadecimal.
    A write that fails (full pipe closed by a dying supervisor) is ignored: the log must never stop the node.
    """

    __slots__ = ("_line_max", "_write")

    def __init__(self, write=write_stderr, line_max_bytes=LINE_MAX_BYTES):
        self._write = write
        self._line_max = line_max_bytes

    def info(self, event, **fields):
        """Something that happened as it should."""
        self._line("info", event, fields)

    def warning(self, event, **fields):
        """Something a person may want to look at."""
        self._line("warning", event, fields)

    def error(self, event, **fields):
        """Something that failed."""
        self._line("error", event, fields)

    def _line(self, level, event, fields):
        words = [level, event if _plain(event) else _quoted(event)]
        words.extend(f"{key}={_value(value)}" for key, value in fields.items())
        data = " ".join(words).encode("utf-8", "replace")
        if len(data) >= self._line_max:
            data = data[: self._line_max - len(CUT) - 1].decode("utf-8", "ignore").encode() + CUT.encode()
        try:
            self._write(data.decode() + "\n")
        except (OSError, ValueError):
            pass


def _value(value):
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    text = str(value)
    return text if _plain(text) else _quoted(text)


def _plain(text):
    return bool(text) and text.isprintable() and not any(mark in text for mark in ' "=\\')


def _quoted(text):
    marks = []
    for character in text:
        if character in '"\\':
            marks.append("\\" + character)
        elif character.isprintable():
            marks.append(character)
        else:
            marks.append(character.encode("unicode_escape").decode())
    return '"' + "".join(marks) + '"'
