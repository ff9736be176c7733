"""Lists of the names that the pinned releases know: image/symbols/buildroot.txt, kernel.txt, u-boot.txt, busybox.txt.

    python -m image.check.symbols --buildroot DIR --write
    python -m image.check.symbols --kernel linux-6.12.107.tar.xz --write
    python -m image.check.symbols --u-boot u-boot-2025.01.tar.bz2 --write
    python -m image.check.symbols --busybox busybox-1.37.0.tar.bz2 --write

One name a line, sorted, in bytewise order. A symbol is followed by the letter of its kind: b bool, t tristate, s string, i int,
h hex, - where its definitions differ. A name alone is a package, or a macro that makes one (generic-package). DIR may be a folder
or a tarball. The lists of kernel and U-Boot leave out architectures that no board has. Without --write the list is compared, not written.
"""

import argparse
import re
import sys
import tarfile
import tomllib
from pathlib import Path

from .finding import CheckError, read_text

TREE = Path(__file__).resolve().parent.parent
ARCHITECTURES = ("arm", "arm64")
FILE_MAX_BYTES = 4 << 20
FILES_MAX = 200_000
_LETTERS = {"bool": "b", "def_bool": "b", "tristate": "t", "def_tristate": "t", "string": "s", "int": "i", "hex": "h"}
_DEFINED = re.compile(r"\s*(?:menu)?config\s+(\w+)\s*(?:#.*)?")
_KIND = re.compile(r"\s+(bool|def_bool|tristate|def_tristate|string|int|hex)\b")
_OTHER = re.compile(r"\s*(menu|endmenu|choice|endchoice|if|endif|source|comment|mainmenu)\b")
_PACKAGE = re.compile(r"\$\(eval +\$\((?:host-)?[a-z0-9-]+\)\)")
_MACRO = re.compile(r"^([a-z0-9-]+-package) *=", re.M)
_VERSION = re.compile(r"^export BR2_VERSION := (\S+)$", re.M)


def defined(text):
    """{symbol: letter of its kind, "" where none stands there} of one Kconfig file's text."""
    found, symbol, in_help, depth = {}, None, False, 0
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip())
        if in_help and line.strip():
            depth = depth or indent
            if indent >= depth and indent:
                continue
            in_help = False
        start = _DEFINED.fullmatch(line)
        if start:
            symbol = start[1]
            found.setdefault(symbol, "")
        elif symbol and not in_help:
            kind = _KIND.match(line)
            if kind and not found[symbol]:
                found[symbol] = _LETTERS[kind[1]]
            elif line.strip() in ("help", "---help---"):
                in_help, depth = True, 0
            elif _OTHER.match(line) and not line.startswith((" ", "\t")):
                symbol = None
    return found


def in_source(text):
    """The same of a busybox source file, whose Kconfig stands in comments ``//config:``."""
    return defined("\n".join(line[9:] for line in text.split("\n") if line.startswith("//config:")))


def join(into, found):
    """Add one file's symbols to the others'; one with two kinds is of none."""
    for symbol, letter in found.items():
        known = into.get(symbol, "")
        into[symbol] = known if not letter or known == letter else letter if not known else "-"


def files(place, wanted):
    """(path, text) of the files under a folder or in a tarball that ``wanted(path)`` takes. Raises CheckError."""
    place = Path(place)
    try:
        if place.is_dir():
            for number, path in enumerate(place.rglob("*")):
                name = path.relative_to(place).as_posix()
                if number > FILES_MAX:
                    raise CheckError(f"{place} holds over {FILES_MAX} files; give the folder of the release alone.")
                if wanted(name) and path.is_file():
                    yield name, read_text(path, FILE_MAX_BYTES)
        else:
            with tarfile.open(place) as archive:
                for number, member in enumerate(archive):
                    name = member.name.partition("/")[2]
                    if number > FILES_MAX or member.size > FILE_MAX_BYTES and wanted(name):
                        raise CheckError(f"{place} holds too many or too large files to be a release.")
                    if member.isfile() and wanted(name):
                        yield name, archive.extractfile(member).read().decode("utf-8", "replace")
    except (OSError, tarfile.TarError, EOFError) as error:
        raise CheckError(f"{place} cannot be read: {error}.") from None


def of_buildroot(place):
    """(version, symbols, packages) of a Buildroot tree. What is only legacy is left out: it would be dropped."""
    version, symbols, packages = None, {}, set()
    for name, text in files(place, lambda name: _is_buildroot(name)):
        leaf = name.rpartition("/")[2]
        if name == "Makefile":
            found = _VERSION.search(text)
            version = found[1] if found else None
        elif leaf.endswith(".mk"):
            if _PACKAGE.search(text):
                packages.add(leaf.removesuffix(".mk"))
            packages.update(_MACRO.findall(text))
        else:
            join(symbols, {symbol: letter for symbol, letter in defined(text).items() if symbol.startswith("BR2_")})
    return version, symbols, packages


def _is_buildroot(name):
    leaf = name.rpartition("/")[2]
    if name.startswith(("support/", "docs/", "output/")):
        return False
    return name == "Makefile" or leaf.endswith(".mk") or leaf.startswith("Config.") and leaf != "Config.in.legacy"


def of_kernel(place):
    """(version, symbols, no packages) of a Linux or U-Boot tree."""
    version, symbols = None, {}
    for name, text in files(place, _is_kernel):
        if name == "Makefile":
            version = _made_version(text)
        else:
            join(symbols, defined(text))
    return version, symbols, set()


def _made_version(makefile):
    fields = dict(re.findall(r"^(VERSION|PATCHLEVEL|SUBLEVEL) = (\d+)$", makefile, re.M))
    return ".".join(fields[field] for field in ("VERSION", "PATCHLEVEL", "SUBLEVEL") if field in fields)


def _is_kernel(name):
    parts = name.split("/")
    if parts[0] in ("scripts", "Documentation", "tools") or parts[0] == "arch" and len(parts) > 2 and parts[1] not in ARCHITECTURES:
        return False
    return name == "Makefile" or parts[-1].startswith("Kconfig")


def of_busybox(place):
    """(version, symbols, no packages) of a busybox tree."""
    version, symbols = None, {}
    for name, text in files(place, lambda name: name == "Makefile" or name.endswith((".c", "Config.in", "Config.src"))):
        if name == "Makefile":
            version = _made_version(text)
        else:
            join(symbols, in_source(text) if name.endswith(".c") else defined(text))
    return version, symbols, set()


RELEASES = {"buildroot": of_buildroot, "kernel": of_kernel, "u-boot": of_kernel, "busybox": of_busybox}


def listing(release, version, symbols, packages):
    """Text of a list."""
    rows = sorted([f"{symbol} {letter or '-'}" for symbol, letter in symbols.items()] + sorted(packages))
    head = [f"# Names in {release} {version}. Made by: python -m image.check.symbols --{release} PLACE --write", f"# version: {version}"]
    return "\n".join([*head, *rows]) + "\n"


def read_listing(path):
    """(version, {symbol: letter}, packages) of a committed list. Raises CheckError."""
    version, symbols, packages = None, {}, set()
    for line in read_text(path).split("\n"):
        if line.startswith("# version: "):
            version = line.removeprefix("# version: ")
        elif line and not line.startswith("#"):
            name, _, letter = line.partition(" ")
            if letter:
                symbols[name] = letter
            else:
                packages.add(name)
    return version, symbols, packages


def pinned(tree):
    """{"buildroot": version, "kernel": version} as pinned."""
    try:
        pin = tomllib.loads(read_text(tree / "buildroot.toml"))
        return {"buildroot": pin["version"], "kernel": pin["kernel"]}
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise CheckError(f"{tree}/buildroot.toml must say version and kernel: {error}.") from None


def main(words):
    """Make or compare the lists; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for release in RELEASES:
        parser.add_argument(f"--{release}", metavar="PLACE", help=f"folder or tarball of {release}")
    parser.add_argument("--write", action="store_true", help="write the lists; otherwise compare them")
    options = vars(parser.parse_args(words))
    places = {release: options[release.replace("-", "_")] for release in RELEASES if options[release.replace("-", "_")]}
    if not places:
        parser.error("say where a release is: --buildroot, --kernel, --u-boot or --busybox")
    stale = 0
    for release, place in places.items():
        version, symbols, packages = RELEASES[release](place)
        wanted = pinned(TREE).get(release, version)
        if version != wanted or not symbols:
            raise CheckError(f"{place} is {release} {version}, but {wanted} is pinned in image/buildroot.toml.")
        text, path = listing(release, version, symbols, packages), TREE / "symbols" / f"{release}.txt"
        if options["write"]:
            path.write_text(text)
            print(f"image/symbols/{path.name}: {len(symbols)} symbols, {len(packages)} packages, {len(text)} bytes")
        elif not path.exists() or path.read_text() != text:
            print(f"image/symbols/{path.name}:1: not what {place} has: run this again with --write")
            stale = 1
    return stale


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CheckError as error:
        sys.exit(f"leither: {error}")
