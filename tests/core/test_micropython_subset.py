"""core runs on microcontrollers too: every module compiles with mpy-cross, and uses nothing outside the subset."""

import pytest

from tests.mpy import runtimes, sizes
from tests.mpy.subset import outside_the_subset

MODULES = sorted(runtimes.CORE.glob("*.py"))


def test_core_stays_in_the_subset():
    found = [line for path in MODULES for line in outside_the_subset(path.read_text(), path.name)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("import json", "import of json"),
        ("from typing import Any", "import of typing"),
        ("from . import cbor", "a relative import"),
        ("from collections import deque", "of collections only namedtuple"),
        ("x: int = 1", "an annotated assignment"),
        ("def f(a: int): pass", "a type hint"),
        ("def f() -> int: pass", "a type hint"),
        ("match 1:\n case 1: pass", "match"),
        ("async def f(): pass", "async"),
        ("if (n := 1): pass", "an assignment expression"),
        ("class A:\n @property\n def b(self): pass", "a decorator"),
        ("class A(B, C): pass", "several base classes"),
        ("class A(metaclass=B): pass", "a metaclass or class decorator"),
        ("namedtuple('A', 'b', defaults=(1,))", "namedtuple with defaults"),
        ("'x'.removeprefix('y')", "removeprefix"),
        ("from dataclasses import dataclass", "import of dataclasses"),
        ("import enum", "import of enum"),
        ("from functools import partial", "import of functools"),
        ("import hashlib", "import of hashlib"),
        ("b = [*a]", "a star inside a display"),
        ("b = 1, *a", "a star inside a display"),
        ("b = {**a}", "two stars inside a display"),
        ("def f(a, /): pass", "positional-only arguments"),
        ("lambda a, /: a", "positional-only arguments"),
        ("(1).to_bytes(1, 'big', signed=True)", "to_bytes with signed="),
        ("try:\n pass\nexcept* A: pass", "except*"),
        ("f'{f\"{x}\"}'", "an f-string inside an f-string"),
    ],
)
def test_the_checker_names_file_line_and_construct(text, what):
    place, _, construct = outside_the_subset(text, "m.py")[-1].partition(": ")
    assert construct == what and place in ("m.py:1", "m.py:2", "m.py:3")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_modules_compile_for_micropython(path, tmp_path):
    target = tmp_path / (path.stem + ".mpy")
    assert runtimes.compile_to(path, target) == len(target.read_bytes())
    assert target.read_bytes()[:1] == b"M"


def test_a_file_that_does_not_compile_is_named_with_its_line(tmp_path):
    source = tmp_path / "m.py"
    source.write_text("a = 1\nb = [*a]\n")
    with pytest.raises(ValueError, match=r"m\.py(.|\n)*line 2"):
        runtimes.compile_to(source, tmp_path / "m.mpy")


def test_proofs_and_headers_fit_four_kilobytes(tmp_path):
    found = sizes.measured(tmp_path)
    assert sum(found[name] for name in sizes.BUDGETED) <= sizes.BUDGET_BYTES, sizes.table(found)


def test_modules_stay_short():
    assert [path.name for path in MODULES if len(path.read_text().splitlines()) >= 400] == []
