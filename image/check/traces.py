"""Nothing in the root file system points at the machine that built it, and every library that a program needs is there.

    python -m image.check.traces --target TARGET --folder DIR...     DIR: folders of the building machine
    python -m image.check.traces --target TARGET --run-paths         files with a run path, each ended by a zero byte

A run path into the build folder is looked in first by the loader: who can make that folder on a device runs code as root. The
board's libraries all lie where the loader looks anyway, so no file needs a run path. Firmware is for other processors: it is
searched for text alone.
"""

import argparse
import re
import stat
import sys
from pathlib import Path

from .elf import MAGIC, ElfError, dynamic
from .finding import CheckError, Finding, report

FILES_MAX = 100_000
FILE_MAX_BYTES = 256 << 20
LIBRARY_FOLDERS = ("lib", "usr/lib")
OTHER_PROCESSORS = "lib/firmware/"
_ABSOLUTE = re.compile(r"/[\w.+-]+(?:/[\w.+-]+)*")


def files(target):
    """(path, name) of every file and link of the target, in the order of the names. Raises CheckError."""
    if not target.is_dir():
        raise CheckError(f"{target} is no folder: give the target folder of a build.")
    for number, path in enumerate(sorted(target.rglob("*"))):
        if number > FILES_MAX:
            raise CheckError(f"{target} holds over {FILES_MAX} files; no board's root file system does.")
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode) or stat.S_ISREG(mode):
            yield path, path.relative_to(target).as_posix()


def content(path):
    """Bytes of a file, or the words of a link. Raises CheckError."""
    if path.is_symlink():
        return str(path.readlink()).encode()
    if path.stat().st_size > FILE_MAX_BYTES:
        raise CheckError(f"{path} is over {FILE_MAX_BYTES >> 20} MiB; no file of a board is.")
    return path.read_bytes()


def searched(folders):
    """A pattern for any of the folders, where it is a whole path or the beginning of one, also after -I and the like. Raises CheckError."""
    for folder in folders:
        if not _ABSOLUTE.fullmatch(folder):
            raise CheckError(f"{folder!a} is no absolute path of plain characters: build under a folder without spaces and signs.")
    words = b"|".join(re.escape(folder.encode()) for folder in sorted(folders))
    return re.compile(rb"(?:(?<![\w.-])|(?<=-[A-Z]))(?:" + words + rb")(?![\w.-])")


def linked(name, data, libraries):
    """Findings for what one program asks of the loader. libraries: names of those that are there."""
    try:
        asks = dynamic(data)
    except ElfError as error:
        return [Finding(name, 0, f"a damaged program or library: {error}")]
    findings = [
        Finding(name, 0, f"has the run path {one!a}: nothing on the board needs one; take it out with patchelf --remove-rpath")
        for one in asks.run_paths
    ]
    for needed in asks.needed:
        if needed not in libraries:
            findings.append(Finding(name, 0, f"needs {needed}, which is not in the root file system: keep it, or drop this file"))
    return findings


def check(target, folders):
    """Findings for a root file system. folders: absolute paths of the building machine. Raises CheckError."""
    pattern = searched(folders)
    libraries = {path.name for folder in LIBRARY_FOLDERS for path in (target / folder).glob("*.so*") if path.exists()}
    findings = []
    for path, name in files(target):
        data = content(path)
        if found := pattern.search(data):
            where = data[found.start() : found.start() + 100].split(b"\0")[0].split(b"\n")[0].decode("ascii", "backslashreplace")
            findings.append(Finding(name, 0, f"names a folder of the machine that built it: {where}"))
        if data[:4] == MAGIC and not path.is_symlink() and not name.startswith(OTHER_PROCESSORS):
            findings += linked(name, data, libraries)
    return findings


def with_run_path(target):
    """Paths of the programs and libraries that have a run path. Those that cannot be read are left to check()."""
    found = []
    for path, name in files(target):
        if path.is_symlink() or name.startswith(OTHER_PROCESSORS):
            continue
        try:
            with path.open("rb") as file:
                is_elf = file.read(4) == MAGIC
            if is_elf and dynamic(content(path)).run_paths:
                found.append(path)
        except ElfError:
            continue
    return found


def main(words):
    """Check a target's folder, or list its files with a run path; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--folder", action="append", default=[], help="a folder of the building machine; may be given several times")
    parser.add_argument("--run-paths", action="store_true", help="list files with a run path, for xargs -0")
    parser.add_argument("--json", action="store_true", help="findings as JSON")
    options = parser.parse_args(words)
    if options.run_paths:
        for path in with_run_path(options.target):
            sys.stdout.write(f"{path}\0")
        return 0
    if not options.folder:
        parser.error("say which folders must not be named: --folder")
    return report(check(options.target, options.folder), options.json)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CheckError as error:
        print(f"leither: {error}", file=sys.stderr)
        sys.exit(2)
