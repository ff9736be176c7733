"""What a terminal shows after a program has written to it: only what our commands write, anything else is an error."""

import codecs
import re
import unicodedata
from collections import namedtuple

ROWS_MAX = 2000
TAB_COLUMNS = 8
_SEQUENCE = re.compile(r"\x1b\[([0-9;]{0,16})([A-Za-z])")
_UNFINISHED = re.compile(r"\x1b(\[[0-9;]{0,16})?$")
_WIPES = {("", "H"), ("2", "J"), ("3", "J")}

# color, background: SGR number of a colour, None for the terminal's own; bold, dim: bool.
Style = namedtuple("Style", "color background bold dim", defaults=(None, None, False, False))
Cell = namedtuple("Cell", "char style", defaults=(" ", Style()))


class ScreenError(Exception):
    """The program wrote something that this screen does not know."""


class Screen:
    """A terminal that never scrolls away.

    columns: width; a longer line goes on in the next row, as on a real one.
    ``rows`` is a list of lists of Cell.
    """

    def __init__(self, columns):
        self.columns = columns
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._style = Style()
        self._wipe()

    def feed(self, data):
        """Take bytes that the program wrote. Raises ScreenError."""
        text, self._rest = self._rest + self._decoder.decode(data), ""
        at = 0
        while at < len(text):
            if text[at] != "\x1b":
                self._take(text[at])
                at += 1
            elif found := _SEQUENCE.match(text, at):
                self._obey(found[1], found[2])
                at = found.end()
            elif _UNFINISHED.match(text, at):
                self._rest = text[at:]
                return
            else:
                raise ScreenError(f"An escape sequence that is not known: {text[at : at + 20]!r}")

    def lines(self):
        """The rows as text, without spaces at their ends."""
        return ["".join(cell.char for cell in row).rstrip() for row in self.rows]

    def _take(self, char):
        if char == "\r":
            self._column = 0
        elif char == "\n":
            self._next_row()
        elif char == "\t":
            self._column = min(self._column // TAB_COLUMNS * TAB_COLUMNS + TAB_COLUMNS, self.columns - 1)
        elif unicodedata.category(char) == "Cc" or unicodedata.east_asian_width(char) in "WF" or unicodedata.combining(char):
            raise ScreenError(f"A character that is not known: {char!r}")
        else:
            if self._column == self.columns:
                self._column = 0
                self._next_row()
            row = self.rows[self._row]
            row += [Cell()] * (self._column + 1 - len(row))
            row[self._column] = Cell(char, self._style)
            self._column += 1

    def _next_row(self):
        self._row += 1
        if self._row == len(self.rows):
            self.rows.append([])
        if len(self.rows) > ROWS_MAX:
            raise ScreenError(f"More than {ROWS_MAX} rows.")

    def _obey(self, numbers, letter):
        if letter == "m":
            for number in numbers.split(";"):
                self._style = self._styled(int(number or 0))
        elif (numbers, letter) == ("", "K"):
            del self.rows[self._row][self._column :]
        elif (numbers, letter) in _WIPES:
            # Together they wipe a screen and what was scrolled back; here one is as good as all.
            self._wipe()
        else:
            raise ScreenError(f"An escape sequence that is not known: {numbers}{letter}")

    def _styled(self, number):
        if number == 0:
            return Style()
        if number == 1:
            return self._style._replace(bold=True)
        if number == 2:
            return self._style._replace(dim=True)
        if 30 <= number <= 37 or 90 <= number <= 97:
            return self._style._replace(color=number)
        if 40 <= number <= 47:
            return self._style._replace(background=number)
        raise ScreenError(f"A style that is not known: {number}")

    def _wipe(self):
        self.rows, self._row, self._column = [[]], 0, 0
