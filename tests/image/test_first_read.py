"""The order in which a start reads its files."""

from pathlib import Path

from tests.image.test_stand_ins import PACKAGE, load

FILES = {"a": "lib/a/__init__.pyc", "a.b": "lib/a/b.pyc", "c": "lib/c.pyc", "d": "lib/d.so", "e": "lib/e.pyc"}
IMPORTS = {"a": ["c", "c.name"], "a.b": ["d", "a"], "c": ["gone"], "d": [], "e": []}


def test_files_come_in_the_order_of_the_imports_each_once():
    first_read = load("first_read", PACKAGE)
    root = Path("/a/root")

    def find(name):
        return root / FILES[name] if name in FILES else None

    paths = first_read.order(find, lambda name, path: IMPORTS[name], ("a.b", "e", "a"))
    assert paths == [root / FILES[name] for name in ("a", "c", "a.b", "d", "e")]
    assert first_read.lines(paths, root)[:2] == ["lib/a/__init__.pyc 32767", "lib/c.pyc 32766"]


def test_what_a_start_begins_with_exists():
    root = Path(__file__).resolve().parents[2]
    ours = [name.replace(".", "/") for name in load("first_read", PACKAGE).STARTS if name.startswith(("appliance.", "leither_edge."))]
    assert ours
    for name in ours:
        assert (root / f"{name}.py").exists() or (root / name / "__init__.py").exists(), name
