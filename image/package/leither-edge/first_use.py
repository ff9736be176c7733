"""Turn the fronts of trio, which only gather names, into ones that load each part at its first use.

trio's __init__ imports all of trio: TLS, datagrams, subprocesses and paths beside the tasks and sockets that the node uses. Its names stay
what they are; the table of where each comes from is read from the byte code that is replaced.
"""

import dis
import marshal

HEADER_BYTES = 16
# trio has some hundred names; far fewer mean that its byte code looks different.
PARTS_MIN = 20

MARK = "made by first_use.py"
_SOURCE = '''"""{name}, each part loaded at its first use; {mark} from its own byte code."""

_PARTS = {parts!r}


def __getattr__(name):
    if name not in _PARTS:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    path, attribute = _PARTS[name]
    value = __import__(f"{package}.{{path}}", fromlist=("*",))
    if attribute is not None:
        value = getattr(value, attribute)
        if isinstance(value, type):
            # As the whole package does: people read trio.Cancelled, wherever it is defined.
            value.__module__ = __name__
    globals()[name] = value
    return value


def __dir__():
    return sorted({{*globals(), *_PARTS}})


def _parts():
    """Never called: for programs that follow import statements."""
{imports}
'''


def parts(code):
    """{name: (submodule, attribute or None for the submodule itself)} that a package's __init__ imports from itself."""
    found, level, base, fetched = {}, 0, "", None
    constants = []
    for one in dis.get_instructions(code):
        if one.opname == "LOAD_CONST" or one.opname == "LOAD_SMALL_INT":
            constants.append(one.argval)
        elif one.opname == "IMPORT_NAME":
            level = next((value for value in reversed(constants[:-1]) if isinstance(value, int)), 0)
            base, constants = one.argval, []
        elif one.opname == "IMPORT_FROM":
            fetched = one.argval
        elif one.opname == "STORE_NAME" and fetched is not None:
            if level == 1:
                found[one.argval] = (base, fetched) if base else (fetched, None)
            fetched = None
        elif one.opname == "DELETE_NAME":
            found.pop(one.argval, None)
    return found


def lazy_code(code, name, package):
    """The code object that takes the place of ``code``, that of a module which only gathers names. Raises SystemExit for another."""
    table = {key: value for key, value in parts(code).items() if not key.startswith("_") or key == "__version__"}
    if len(table) < PARTS_MIN:
        raise SystemExit(f"{name} does not import its parts as first_use.py expects: look at both.")
    lines = [f"    from .{path} import {attribute}" if attribute else f"    from . import {path}" for path, attribute in table.values()]
    text = _SOURCE.format(parts=table, name=name, package=package, mark=MARK, imports="\n".join(sorted(set(lines))))
    # The mark is told by the file's name, too: docstrings do not stay.
    return compile(text, f"{name}.py, {MARK}", "exec")


def rewrite(path, name, package):
    """Replace the compiled file of a module ``name``, which gathers names of ``package``; once, for a build may be gone on with."""
    data = path.read_bytes()
    code = marshal.loads(data[HEADER_BYTES:])
    if MARK not in code.co_filename:
        path.write_bytes(data[:HEADER_BYTES] + marshal.dumps(lazy_code(code, name, package)))
