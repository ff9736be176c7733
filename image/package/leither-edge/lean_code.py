"""Compiled modules without what only a developer at a terminal would read: docstrings, and the columns of each instruction.

Line numbers stay, so a traceback still tells where. Columns are of use only beside the source, which the image does not hold.
"""

import dis
import marshal
import sys
import types

# importlib's head of a compiled file: magic number, flags, time and size of the source.
HEAD_BYTES = 16
# CPython's Include/cpython/code.h; before 3.13 the first constant of a function is its docstring where it is a text.
CO_HAS_DOCSTRING = 0x4000000
CO_NEWLOCALS = 0x2
# CPython's InternalDocs/code_objects.md: how an entry of the line table is made.
_ENTRY, _NO_COLUMNS, _NO_LOCATION, _ENTRY_UNITS_MAX = 0x80, 13, 15, 8


def lean_file(path):
    """Rewrite one .pyc file. Args: path (Path). Raises ValueError: its lines would not be the same."""
    data = path.read_bytes()
    code = marshal.loads(data[HEAD_BYTES:])
    path.write_bytes(data[:HEAD_BYTES] + marshal.dumps(lean(code)))


def lean(code):
    """The code object and all within it without docstrings and columns. Raises ValueError: its lines would not be the same."""
    constants = [lean(one) if isinstance(one, types.CodeType) else one for one in code.co_consts]
    for index in _docstrings(code):
        # A text still: some libraries add to the docstrings of their functions.
        constants[index] = ""
    new = code.replace(co_consts=tuple(constants), co_linetable=_line_table(code))
    if _lines(new) != _lines(code):
        raise ValueError(f"the lines of {code.co_qualname} cannot be kept")
    return new


def _docstrings(code):
    """Indices of the constants that are a docstring and nothing else."""
    stored, used = set(), set()
    instructions = [one for one in dis.get_instructions(code) if one.opname != "CACHE"]
    for one, following in zip(instructions, [*instructions[1:], None], strict=True):
        if one.opcode in dis.hasconst:
            is_stored = following is not None and following.opname == "STORE_NAME" and following.argval == "__doc__"
            (stored if is_stored else used).add(one.arg)
    if _has_docstring(code):
        stored.add(0)
    return [index for index in stored - used if isinstance(code.co_consts[index], str)]


def _has_docstring(code):
    if sys.version_info >= (3, 13):
        return bool(code.co_flags & CO_HAS_DOCSTRING)
    return bool(code.co_flags & CO_NEWLOCALS and code.co_consts and isinstance(code.co_consts[0], str))


def _lines(code):
    """(first unit, end, line) of each run of instructions, neighbours of one line together."""
    runs = []
    for start, end, line in code.co_lines():
        if runs and runs[-1][1] == start and runs[-1][2] == line:
            start = runs.pop()[0]
        runs.append((start, end, line))
    return runs


def _line_table(code):
    table, line = bytearray(), code.co_firstlineno
    for start, end, number in _lines(code):
        units = (end - start) // 2
        while units > 0:
            count = min(units, _ENTRY_UNITS_MAX)
            units -= count
            kind = _NO_LOCATION if number is None else _NO_COLUMNS
            table.append(_ENTRY | kind << 3 | count - 1)
            if number is not None:
                table += _signed(number - line)
                line = number
    return bytes(table)


def _signed(number):
    rest = -number << 1 | 1 if number < 0 else number << 1
    out = bytearray()
    while rest >= 64:
        out.append(64 | rest & 63)
        rest >>= 6
    out.append(rest)
    return out
