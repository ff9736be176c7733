"""Modules on the device carry no docstrings and no columns, and are otherwise what was written."""

import importlib.util
import marshal
import traceback
import types

from tests.image.test_stand_ins import PACKAGE, load

SOURCE = '''"""Of the module."""

TEXT = """Of the module."""


class Shelf:
    """Of the class."""

    def word(self):
        """said"""
        return "said"

    def plain(self):
        return "plain"

    async def fails(self):
        """Of a coroutine."""
        number = 1
        return number / (
            0
        )


def lines(): return [one for one in range(3)]
'''


def lean_module():
    code = load("lean_code", PACKAGE).lean(compile(SOURCE, "shelf.py", "exec"))
    module = types.ModuleType("shelf")
    exec(marshal.loads(marshal.dumps(code)), module.__dict__)
    return module, code


def test_docstrings_go_and_texts_stay():
    module, _ = lean_module()
    assert not module.__doc__ or module.__doc__ == module.TEXT, "a text that is used elsewhere, too, may stay"
    assert module.TEXT == "Of the module."
    assert not module.Shelf.__doc__ and not module.Shelf.fails.__doc__
    assert module.Shelf().word() == "said" and module.Shelf().plain() == "plain" and module.lines() == [0, 1, 2]


def test_a_traceback_names_the_line():
    module, _ = lean_module()
    try:
        module.Shelf().fails().send(None)
    except ZeroDivisionError as error:
        assert traceback.extract_tb(error.__traceback__)[-1].lineno == SOURCE[: SOURCE.index("return number")].count("\n") + 1


def test_nothing_has_columns():
    _, code = lean_module()
    assert {position[2] for position in code.co_positions()} == {None}


def test_a_file_of_every_module_here_can_be_made_lean(tmp_path):
    lean_code, path, before, after = load("lean_code", PACKAGE), tmp_path / "module.pyc", 0, 0
    for name in ("trio._core._run", "h11._connection", "argparse", "leither_edge.dht.engine", "leither_edge.storage.store"):
        spec = importlib.util.find_spec(name)
        code = compile(spec.loader.get_source(name), spec.origin, "exec")
        path.write_bytes(importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(code))
        before += path.stat().st_size
        lean_code.lean_file(path)
        after += path.stat().st_size
        assert path.read_bytes()[:4] == importlib.util.MAGIC_NUMBER
    assert after < before * 0.85
