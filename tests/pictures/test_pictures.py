"""The pictures' screen shows what a terminal would, and refuses what it does not know; their PNG holds the pixels."""

import struct
import zlib

import pytest

from docs.pictures.drawing import HEIGHT, svg
from docs.pictures.palette import palette_png
from docs.pictures.screen import Screen, ScreenError


def test_a_line_is_written_over_and_cut():
    screen = Screen(20)
    for byte in "Writing  [██··]  50 %\r\x1b[Kdone ✓\r\n\x1b[1;32mok\x1b[0m".encode():
        screen.feed(bytes([byte]))
    assert screen.lines() == ["Writing  [██··]  50", "done ✓", "ok"]
    assert (screen.rows[2][0].style.bold, screen.rows[2][0].style.color) == (True, 32)


def test_a_long_line_goes_on_below_and_a_wiped_screen_is_empty():
    screen = Screen(4)
    screen.feed(b"abcdef")
    assert screen.lines() == ["abcd", "ef"]
    screen.feed(b"\x1b[H\x1b[2J\x1b[3Jnew")
    assert screen.lines() == ["new"]


@pytest.mark.parametrize("data", [b"\x1b[5A", b"\x1b]0;title\x07", b"\x07", b"\x1b[48m", "日".encode()])
def test_what_is_not_known_is_refused(data):
    with pytest.raises(ScreenError):
        Screen(20).feed(data)


def test_halves_of_a_code_touch():
    screen = Screen(2)
    screen.feed("\x1b[97;40m▄ \x1b[0m\r\n\x1b[97;40m▀ \x1b[0m".encode())
    tops = [int(part.split('y="')[1].split('"')[0]) for part in svg(screen.rows, 2).splitlines() if "#ffffff" in part]
    assert tops[1] - tops[0] == HEIGHT // 2


@pytest.mark.parametrize("colors", [3, 400])
def test_the_png_holds_the_pixels(colors):
    pixels = b"".join(struct.pack("BBBB", number % 256, number // 256 * 200, 7, 255) for number in range(colors))
    data = palette_png(colors, 1, pixels)
    size = struct.unpack(">I", data[33:37])[0]
    palette, packed = data[41 : 41 + size], data[41 + size + 4 :]
    indices = zlib.decompress(packed[8 : 8 + struct.unpack(">I", packed[:4])[0]])[1:]
    shown = [palette[3 * index : 3 * index + 3] for index in indices]
    exact = sum(color == pixels[4 * at : 4 * at + 3] for at, color in enumerate(shown))
    assert len(shown) == colors and len(palette) <= 768 and exact == min(colors, 256)
