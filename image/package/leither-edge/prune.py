#!/usr/bin/env python3
"""Keep of Python's library what the node and its supervisor can reach, and nothing else.

The imports in the compiled modules of the target are followed from our own packages: every import statement counts, inside
functions too, so what is removed can never be missed, except the names in ``cut``, each with its reason. The result is
compared with the committed list of the same Python version, so that a dependency which grows is seen by a person.

Runs under the interpreter that the build made for itself, whose byte code is the target's.
"""

import argparse
import dis
import marshal
import shutil
import sys
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import first_read
import first_use
import lean_code

ROOTS = ("appliance", "leither_edge")
# Imported by the interpreter itself before any module of ours, or by name only.
ALWAYS = (
    "abc", "codecs", "encodings", "encodings.aliases", "encodings.ascii", "encodings.idna", "encodings.latin_1",
    "encodings.utf_8", "encodings.utf_8_sig", "encodings.utf_16_le", "genericpath", "io", "os", "posixpath", "runpy",
    "site", "stat", "zipimport", "_collections_abc", "_sitebuiltins",
)  # fmt: skip
HEADER_BYTES = 16


class Library:
    """The modules in the target: by dotted name, the path of the file that holds each."""

    def __init__(self, lib):
        self.lib = lib
        self.files = {}
        for folder in (lib, lib / "lib-dynload", lib / "site-packages"):
            for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
                if path.suffix not in (".pyc", ".py", ".so") or "__pycache__" in path.parts:
                    continue
                relative = path.relative_to(folder)
                if folder == lib and relative.parts[0] in ("lib-dynload", "site-packages"):
                    continue
                name = ".".join([*relative.parts[:-1], relative.name.partition(".")[0]]).removesuffix(".__init__")
                self.files.setdefault(name, path)

    def find(self, name):
        """Path of module ``name``, None for one that is built in or missing."""
        return self.files.get(name)


def imports(code, package, inner=True):
    """Absolute names that a code object may import, with ``inner`` everything in it too."""
    instructions = list(dis.get_instructions(code))
    for at, instruction in enumerate(instructions):
        if instruction.opname != "IMPORT_NAME":
            continue
        constants = [one.argval for one in instructions[max(0, at - 4) : at] if "CONST" in one.opname or one.opname == "LOAD_SMALL_INT"]
        names = constants[-1] if constants and isinstance(constants[-1], tuple) else ()
        level = next((one for one in reversed(constants) if isinstance(one, int)), 0)
        base = instruction.argval
        if level:
            parts = package.split(".")
            base = ".".join([*parts[: len(parts) - level + 1], *([base] if base else [])])
        yield base
        for name in names:
            yield f"{base}.{name}"
    for constant in code.co_consts if inner else ():
        if hasattr(constant, "co_code"):
            yield from imports(constant, package)


def code_of(path):
    """The code object in a compiled file, or of a source file."""
    data = path.read_bytes()
    if path.suffix == ".py":
        return compile(data, str(path), "exec")
    if data[:4] != MAGIC_NUMBER:
        raise SystemExit(f"{path} was compiled by another Python than the one this runs under.")
    return marshal.loads(data[HEADER_BYTES:])


def reachable(library, cut):
    """Names of the modules in reach."""
    waiting = [name for name in library.files if name.partition(".")[0] in ROOTS]
    waiting += [name for name in ALWAYS if library.find(name)]
    seen = set()
    while waiting:
        name = waiting.pop()
        path = library.find(name)
        if path is None or name in seen or any(name == one or name.startswith(one + ".") for one in cut):
            continue
        seen.add(name)
        if "." in name:
            waiting.append(name.rpartition(".")[0])
        waiting += imported(name, path)
    return seen


def imported(name, path, inner=True):
    """Absolute names that a module may import, without ``inner`` only those of its top level."""
    if path.suffix == ".so":
        return ()
    return imports(code_of(path), name if path.name.startswith("__init__.") else name.rpartition(".")[0], inner)


def names_in(path):
    """The names in a list, without comments."""
    return [line for line in (line.partition("#")[0].strip() for line in path.read_text().splitlines()) if line]


def main():
    """Prune the target's library."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", type=Path, required=True, help="root of the target's file system")
    parser.add_argument("--list", type=Path, required=True, help="folder with cut and the committed lists")
    parser.add_argument("--first-read", type=Path, help="file to write: in which order a start reads the files, for mksquashfs -sort")
    parser.add_argument("--write", action="store_true", help="write the list of this Python version anew")
    options = parser.parse_args()
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    lib = options.target / "usr/lib" / f"python{version}"
    stand_ins = Path(__file__).resolve().parent / "stand_in"
    library = Library(lib)
    for path in sorted(stand_ins.rglob("*.py")):
        # What the device has no use for but an import names: see the file. In the library's folder it comes before any package.
        name = path.relative_to(stand_ins).with_suffix("")
        target = lib / name.with_suffix(".pyc")
        code = compile(path.read_bytes(), f"{name}.py", "exec", optimize=0)
        target.write_bytes(MAGIC_NUMBER + bytes(12) + marshal.dumps(code))
        library.files[".".join(name.parts)] = target
    kept = reachable(library, names_in(options.list / "cut"))
    ours = sorted(name for name in kept if name.partition(".")[0] not in ROOTS)
    committed = options.list / f"modules-{version}"
    if options.write or not committed.exists():
        heading = f"# Modules of Python {version} and its packages that the image keeps; made by prune.py."
        committed.write_text("\n".join([heading, *ours, ""]))
        print(f"leither-edge: wrote {committed.name}: {len(ours)} modules")
    elif names_in(committed) != ours:
        before = set(names_in(committed))
        for sign, names in (("+", sorted(set(ours) - before)), ("-", sorted(before - set(ours)))):
            for name in names:
                print(f"{sign} {name}", file=sys.stderr)
        raise SystemExit(f"What the device imports has changed: look at the lines above, then remove {committed} and build again.")
    keep = {library.find(name) for name in kept}
    for path in sorted(lib.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in keep and not is_data(path, lib):
            path.unlink()
    for path in sorted(lib.rglob("*.pyc")):
        lean_code.lean_file(path)
    if options.first_read:
        programs = [options.target / name for name in ("bin/busybox", "lib/libc.so")]
        paths = first_read.order(lambda name: library.find(name) if name in kept else None, lambda *module: imported(*module, inner=False))
        options.first_read.write_text("\n".join([*first_read.lines([*programs, *paths], options.target), ""]))
    # After the imports were followed: the parts are found by name then.
    first_use.rewrite(library.find("trio"), "trio", "trio")
    first_use.rewrite(library.find("trio.lowlevel"), "trio.lowlevel", "trio")
    for name in ("include", "lib/pkgconfig"):
        shutil.rmtree(options.target / "usr" / name, ignore_errors=True)


def is_data(path, lib):
    """Whether a file is no module but belongs to a package of ours: a script, or the packed page."""
    if path.suffix == ".sh":
        return path.is_relative_to(lib / "site-packages" / "appliance")
    return path.is_relative_to(lib / "site-packages" / "appliance" / "portal" / "web")


if __name__ == "__main__":
    main()
