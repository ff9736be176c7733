#!/usr/bin/env python3
"""Keep the kernel modules and the firmware that a board uses; the other modules go into an archive for tests.

Each list has a name a line, firmware with wildcards; a name that matches nothing is an error, so that the list stays true.
A question mark before a firmware's name allows that: not every collection has it.
"""

import argparse
import fnmatch
import subprocess
from pathlib import Path

# What busybox's modprobe and depmod itself read; the others are for other programs.
TABLES = ("modules.dep", "modules.alias", "modules.builtin", "modules.order")


def names(path):
    """The names in a list, without comments."""
    if not path.exists():
        return []
    return [line for line in (line.partition("#")[0].strip() for line in path.read_text().splitlines()) if line]


def with_dependencies(modules, wanted):
    """Paths of the wanted modules and of all they need, from modules.dep. Raises SystemExit for an unknown one."""
    needs, by_name = {}, {}
    for line in (modules / "modules.dep").read_text().splitlines():
        path, _, needed = line.partition(":")
        needs[path] = needed.split()
        by_name[Path(path).name.partition(".")[0].replace("-", "_")] = path
    built_in = {Path(line).name.partition(".")[0].replace("-", "_") for line in (modules / "modules.builtin").read_text().splitlines()}
    kept = set()
    for name in wanted:
        path = by_name.get(name.replace("-", "_"))
        if path is None and name.replace("-", "_") not in built_in:
            raise SystemExit(f"The kernel has no module {name}, which the board's list keeps: is its option still in the fragments?")
        if path:
            kept |= {path, *needs[path]}
    return kept


def keep_modules(target, wanted, rest):
    """Remove what is not wanted, after putting all modules into the archive ``rest``."""
    folders = list((target / "lib/modules").glob("*"))
    if not folders:
        return
    modules = folders[0]
    kept = with_dependencies(modules, wanted)
    others = [path for path in modules.rglob("*.ko*") if str(path.relative_to(modules)) not in kept]
    # A build that is gone on with finds them removed already: its archive is the earlier one.
    if others:
        plain = ("--sort=name", "--owner=0", "--group=0", "--numeric-owner")
        subprocess.run(["tar", *plain, "-cf", rest, "-C", target, "lib/modules"], check=True)
    for path in others:
        path.unlink()
    for link in ("build", "source"):
        (modules / link).unlink(missing_ok=True)
    subprocess.run(["depmod", "-b", target, modules.name], check=True)
    for path in modules.glob("modules.*"):
        if path.name not in TABLES:
            path.unlink()


def keep_firmware(folder, patterns):
    """Remove the firmware files that no pattern matches."""
    files = [path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()]
    kept = set()
    for pattern in patterns:
        name = pattern.removeprefix("?").strip()
        matched = {path for path in files if fnmatch.fnmatch(str(path.relative_to(folder)), name)}
        if not matched and name != pattern:
            print(f"leither: no firmware {name} here: a board that needs it stays without Wi-Fi")
        elif not matched:
            raise SystemExit(f"No firmware matches {name}, which the board's list keeps.")
        kept |= matched
    # What a kept link points at is kept as well.
    for path in [path for path in kept if path.is_symlink()]:
        kept.add(path.resolve())
    for path in files:
        if path not in kept:
            path.unlink()


def main():
    """Prune the target's folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--board", type=Path, required=True)
    parser.add_argument("--rest", type=Path, required=True)
    options = parser.parse_args()
    keep_modules(options.target, names(options.board / "modules"), options.rest)
    if (options.target / "lib/firmware").exists():
        keep_firmware(options.target / "lib/firmware", names(options.board / "firmware"))
    for folder in sorted((options.target / "lib").rglob("*"), reverse=True):
        if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
            folder.rmdir()


if __name__ == "__main__":
    main()
