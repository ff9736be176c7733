"""Sentences end their lines at spaces where the terminal ends, and nothing of them is lost."""

from hypothesis import given
from hypothesis import strategies as st

from leither_edge.cli.output import broken, width


@given(st.text(alphabet="ab 网é/", max_size=80), st.integers(1, 30))
def test_lines_are_as_wide_as_fits_and_keep_every_word(text, columns):
    lines = broken(text, columns)
    assert " ".join(lines) == text
    assert all(width(line) <= columns or " " not in line.strip() for line in lines)


def test_a_path_is_left_whole():
    assert broken("Look at /a/very/long/path now", 8) == ["Look at", "/a/very/long/path", "now"]
    assert broken("  indented stays", 100) == ["  indented stays"]
