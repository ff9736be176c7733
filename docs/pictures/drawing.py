"""Draws a terminal's screen as SVG: letters as text, blocks and their halves as rectangles that touch."""

import re
from html import escape
from itertools import groupby

WIDTH, HEIGHT = 9, 18  # px of a cell; half of it is a square, as a QR code's module must be
MARGIN = 18
LETTERS = 15  # px; DejaVu Sans Mono is then 9 px wide
BASE = 14
PAPER, INK, DIM = "#14181d", "#d7dde3", "#8b949e"
COLORS = {31: "#ff7b72", 32: "#56d364", 33: "#e3b341", 34: "#79c0ff", 36: "#56d4dd", 37: INK, 97: "#ffffff"}
BACKGROUNDS = {40: "#000000"}
# Upper and lower half of the cell.
BLOCKS = {"█": (True, True), "▀": (True, False), "▄": (False, True)}


def svg(rows, columns):
    """The picture of a list of rows (of Cell). Raises KeyError for a colour that none of our commands uses."""
    width, height = columns * WIDTH + 2 * MARGIN, len(rows) * HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-size="{LETTERS}" '
        'font-family="DejaVu Sans Mono, Liberation Mono, monospace" style="white-space: pre">',
        f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
    ]
    for number, row in enumerate(rows):
        top, column = MARGIN + number * HEIGHT, 0
        for style, cells in groupby(row, key=lambda cell: cell.style):
            text = "".join(cell.char for cell in cells)
            parts += _run(text, style, MARGIN + column * WIDTH, top)
            column += len(text)
    return "\n".join([*parts, "</svg>"])


def _run(text, style, left, top):
    """The parts of some cells of one style."""
    if style.background is not None:
        yield _box(left, top, len(text) * WIDTH, HEIGHT, BACKGROUNDS[style.background])
    ink = DIM if style.dim else COLORS[style.color] if style.color is not None else INK
    for kind, group in groupby(enumerate(text), key=lambda pair: pair[1] if pair[1] in BLOCKS else None):
        cells = list(group)
        at, wide = left + cells[0][0] * WIDTH, len(cells) * WIDTH
        if kind is not None:
            upper, lower = BLOCKS[kind]
            yield _box(at, top + (0 if upper else HEIGHT // 2), wide, HEIGHT if upper and lower else HEIGHT // 2, ink)
            continue
        weight = ' font-weight="bold"' if style.bold else ""
        # Word by word: a browser would squeeze the spaces between them.
        for word in re.finditer(r"\S+", "".join(char for _, char in cells)):
            place = f'x="{at + word.start() * WIDTH}" y="{top + BASE}" textLength="{len(word[0]) * WIDTH}"'
            yield f'<text {place} fill="{ink}"{weight}>{escape(word[0])}</text>'


def _box(left, top, width, height, color):
    return f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="{color}" shape-rendering="crispEdges"/>'
