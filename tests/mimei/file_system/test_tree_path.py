"""Which paths there are."""

import pytest

from leither_edge.mimei.errors import BadInput, TooLarge
from leither_edge.mimei.files.tree_path import join, name_of, split


@pytest.mark.parametrize(
    "path, names",
    [("", ()), ("/", ()), ("a", (b"a",)), ("/a/b", (b"a", b"b")), ("...", (b"...",)), (" / ", (b" ", b" "))],
)
def test_names_stand_between_slashes(path, names):
    assert split(path) == names


@pytest.mark.parametrize("path", ["..", "a/../b", "a/..", ".", "a//b", "a/", "//", "a\0b", "\udc80", b"a", None])
def test_no_path_leads_out_or_nowhere(path):
    with pytest.raises(BadInput):
        split(path)


def test_length_and_depth_are_bound():
    assert join(split("é" * 127)) == "é" * 127
    assert len(split("/".join(["d"] * 64))) == 64
    for path in ("é" * 128, "/".join(["d"] * 65), "/" * 1_000_000):
        with pytest.raises(TooLarge):
            split(path)


def test_a_name_is_one_part():
    assert name_of("é") == name_of("é".encode()) == "é".encode()
    for name in ("a/b", "", "..", "\0", b"\xff"):
        with pytest.raises(BadInput):
            name_of(name)


def test_names_that_look_alike_stay_two():
    assert split("é") != split("e\u0301")
