"""What of Python core may use: the subset that MicroPython takes too, checked on the syntax tree, with file and line."""

import ast

# Also ``time`` and ``array`` would be there; core has no use for them, as its clock is passed in.
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
    "_fields",
    "tobytes",
    "toreadonly",
}
# Keyword arguments of builtins that MicroPython does not know.
KEYWORDS = {"to_bytes": ("signed",), "from_bytes": ("signed",), "zip": ("strict",), "sum": ("start",)}


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
            if node.decorator_list:
                report(node, "a decorator")
        if isinstance(node, ast.arguments) and node.posonlyargs:
            report(node.posonlyargs[0], "positional-only arguments")
        if isinstance(node, ast.List | ast.Tuple | ast.Set) and isinstance(node.ctx if hasattr(node, "ctx") else ast.Load(), ast.Load):
            if any(isinstance(item, ast.Starred) for item in node.elts):
                report(node, "a star inside a display")
        if isinstance(node, ast.Dict) and None in node.keys:
            report(node, "two stars inside a display")
        if isinstance(node, ast.ClassDef):
            if node.keywords or node.decorator_list:
                report(node, "a metaclass or class decorator")
            if len(node.bases) > 1:
                report(node, "several base classes")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "namedtuple":
            if len(node.args) != 2 or node.keywords:
                report(node, "namedtuple with defaults")
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
            for keyword in node.keywords:
                if keyword.arg in KEYWORDS.get(called, ()):
                    report(node, f"{called} with {keyword.arg}=")
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
