"""Libraries of a root file system that nothing on the board loads.

    python -m image.check.unloaded --target TARGET --keep image/board/common/libraries     their paths, each ended by a zero byte

Packages install libraries of which the board uses some: libnl has five, wpa_supplicant loads two. What a program loads by name at
run time no file of it says: such names stand in the list, one a line, and must be there.
"""

import argparse
import sys
from pathlib import Path

from .elf import MAGIC, NOTHING, ElfError, dynamic
from .finding import CheckError, read_text
from .traces import LIBRARY_FOLDERS, OTHER_PROCESSORS, content, files


def asks(path):
    """Names of the libraries that a file asks for, none for what is no program."""
    data = content(path)
    try:
        return (dynamic(data) if data[:4] == MAGIC else NOTHING).needed
    except ElfError as error:
        raise CheckError(f"{path} is damaged: {error}.") from None


def listed(text):
    """Names in a list, without comments."""
    return [line for line in (line.partition("#")[0].strip() for line in text.splitlines()) if line]


def loaded(needed_by, names, roots):
    """Files that are loaded. needed_by: {file: names it asks for}; names: {name of a library: its file}; roots: files that start."""
    seen, todo = set(), list(roots)
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += [names[name] for name in needed_by.get(path, ()) if name in names]
    return seen


def unloaded(target, keep):
    """Paths of libraries, and of links to them, that nothing loads. keep: names loaded at run time. Raises CheckError."""
    folders = [target / folder for folder in LIBRARY_FOLDERS]
    places = [path for folder in folders for path in sorted(folder.glob("*.so*")) if path.is_symlink() or path.is_file()]
    # A name that leads nowhere is no library; a folder may itself be a link.
    names = {path.name: path.resolve() for path in places if path.is_file()}
    if missing := next((name for name in keep if name not in names), None):
        raise CheckError(f"The root file system has no library {missing}, which the list keeps: is its package still built?")
    libraries = set(names.values())
    needed_by = {
        path.resolve(): asks(path) for path, name in files(target) if not path.is_symlink() and not name.startswith(OTHER_PROCESSORS)
    }
    starts = [path for path in needed_by if path not in libraries]
    # The loader is named by programs, not asked for.
    starts += [path for name, path in names.items() if name in keep or name.startswith("ld-")]
    kept = loaded(needed_by, names, starts)
    return [path for path in places if path.resolve() not in kept]


def main(words):
    """Print the paths; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--keep", type=Path, required=True, help="list of libraries that are loaded by name at run time")
    options = parser.parse_args(words)
    for path in unloaded(options.target, listed(read_text(options.keep))):
        sys.stdout.write(f"{path}\0")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CheckError as error:
        print(f"leither: {error}", file=sys.stderr)
        sys.exit(2)
