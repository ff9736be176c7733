"""What reaches the terminal: tables, facts, messages, or one JSON object."""

import json
import os
import sys
import unicodedata

STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}
# Room for a table when the output is not a terminal: wide enough that nothing is cut in a log.
PIPE_WIDTH = 10_000
# Unicode categories that move the cursor, reorder text or draw nothing: never passed on from a device.
UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean(text, limit=4096):
    """Return text from outside without anything a terminal would obey.

    Args:
        text: any string, for example a device's name or a log line.
        limit: characters kept at most.
    """
    kept = []
    for char in str(text)[:limit]:
        kept.append(char if char == " " or unicodedata.category(char) not in UNSAFE_CATEGORIES else "\N{REPLACEMENT CHARACTER}")
    return "".join(kept)


def width(text):
    """Columns that text takes: East Asian wide characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cut(text, columns):
    """Shorten text to a number of columns, with an ellipsis when something was cut."""
    if width(text) <= columns:
        return text
    out, used = "", 0
    for char in text:
        used += width(char)
        if used > columns - 1:
            break
        out += char
    return out + "…"


def broken(text, columns):
    """Lines of text that end at spaces, each as wide as fits; what has none is left whole."""
    first, *words = text.split(" ")
    lines = [first]
    for word in words:
        longer = f"{lines[-1]} {word}"
        if lines[-1].strip() and width(longer) > columns:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def plain(value):
    """Turn a decoded answer into what JSON can say: bytes become hexadecimal, keys become text."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key.hex() if isinstance(key, bytes) else str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def columns_of(stream):
    """Columns of a terminal, or a very wide line for a pipe."""
    if not stream.isatty():
        return PIPE_WIDTH
    try:
        return int(os.environ.get("COLUMNS") or os.get_terminal_size(stream.fileno()).columns) or 80
    except (OSError, ValueError):
        return 80


def wants_color(stream):
    """Whether a stream should get colour (https://no-color.org and FORCE_COLOR)."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class Output:
    """Where a command puts its result and its messages.

    Args:
        as_json: one JSON object on standard output instead of text.
        out: stream of results, standard output unless given.
        err: stream of messages, standard error unless given.
    """

    def __init__(self, as_json=False, out=None, err=None):
        self.as_json = as_json
        self.out = out or sys.stdout
        self.err = err or sys.stderr
        self._color = {id(self.out): wants_color(self.out), id(self.err): wants_color(self.err)}
        self.warnings = []

    def styled(self, text, *styles, stream=None):
        """Return text in a style where the stream shows colour."""
        if not styles or not self._color[id(stream or self.out)]:
            return text
        return f"\x1b[{';'.join(STYLES[style] for style in styles)}m{text}\x1b[0m"

    def result(self, value, show=None):
        """Give the command's result: as JSON, or by calling ``show()`` for people."""
        if self.as_json:
            value = plain(value)
            if self.warnings and isinstance(value, dict):
                value = {**value, "warnings": self.warnings}
            self.line(json.dumps(value, ensure_ascii=False))
        elif show is not None:
            show()

    def line(self, text=""):
        """Print one line of the result."""
        print(text, file=self.out, flush=True)

    def item(self, mark, text):
        """Print a sentence of a list behind its mark, broken at spaces where the terminal ends."""
        first, *others = broken(text, columns_of(self.out) - len(mark) - 1)
        self.line(f"{mark} {first}")
        for line in others:
            self.line(f"{' ' * len(mark)} {line}")

    def done(self, text):
        """Say that something worked."""
        if not self.as_json:
            self.line(f"{self.styled('✓', 'green', 'bold')} {text}")

    def next_step(self, text, *commands):
        """Say what the user may want to do now, with the commands to copy."""
        if not self.as_json:
            self.line()
            self.line(self.styled(text, "dim"))
            for command in commands:
                self.line(f"  {self.styled(command, 'cyan')}")

    def note(self, text):
        """Tell something on standard error, for people only."""
        if not self.as_json:
            for line in broken(text, columns_of(self.err)):
                print(self.styled(line, "dim", stream=self.err), file=self.err, flush=True)

    def warn(self, text):
        """Warn, on standard error and in the JSON object."""
        self.warnings.append(text)
        if not self.as_json:
            print(f"{self.styled('!', 'yellow', 'bold', stream=self.err)} {text}", file=self.err, flush=True)

    def failure(self, error):
        """Print why a command could not be done: what, why, what to do."""
        if self.as_json:
            body = {"code": error.code, "message": error.what, "why": error.why, "fix": error.fix}
            self.result({**error.details, "error": {key: text for key, text in body.items() if text}, "exit_code": error.exit_code})
            return
        lines = [f"{self.styled('✗', 'red', 'bold', stream=self.err)} {self.styled(error.what, 'bold', stream=self.err)}"]
        if error.why:
            lines += [f"  {line}" for part in error.why.splitlines() for line in broken(part, columns_of(self.err) - 2)]
        if error.fix:
            lines += [f"  {self.styled('→', 'cyan', stream=self.err)} {part}" for part in error.fix.splitlines()]
        print("\n".join(lines), file=self.err, flush=True)

    def table(self, headings, rows, styles=None):
        """Print rows under headings, cut to the terminal's width in the widest column.

        Args:
            headings: column titles.
            rows: lists of texts, one for each column.
            styles: ``{(row, column): style}`` for cells that should stand out.
        """
        cells = [[str(cell) for cell in row] for row in rows]
        widths = [max([width(title)] + [width(row[i]) for row in cells]) for i, title in enumerate(headings)]
        gap = 2
        over = sum(widths) + gap * (len(widths) - 1) - columns_of(self.out)
        while over > 0 and max(widths) > 8:
            widest = widths.index(max(widths))
            step = min(over, widths[widest] - 8)
            widths[widest] -= step
            over -= step
        self.line(self._row(headings, widths, gap, lambda i: ("dim",)))
        for number, row in enumerate(cells):
            self.line(self._row(row, widths, gap, lambda i, n=number: ((styles or {}).get((n, i)),)))

    def _row(self, cells, widths, gap, style):
        parts = []
        for i, cell in enumerate(cells):
            text = cut(cell, widths[i])
            padding = "" if i == len(cells) - 1 else " " * (widths[i] - width(text) + gap)
            parts.append(self.styled(text, *[s for s in style(i) if s]) + padding)
        return "".join(parts).rstrip()

    def facts(self, pairs, indent=0):
        """Print name and value pairs with the values in one column."""
        pairs = [(name, value) for name, value in pairs if value is not None]
        room = max((width(name) for name, _ in pairs), default=0)
        for name, value in pairs:
            self.line(f"{' ' * indent}{self.styled(name, 'dim')}{' ' * (room - width(name) + 2)}{value}")
