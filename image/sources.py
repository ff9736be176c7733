#!/usr/bin/env python3
"""Fill Buildroot's download folder from the Debian archive and PyPI alone.

For a network on which the sites of the projects themselves are out of reach.
Buildroot's own hash is checked wherever the bytes are the upstream ones.
Where Debian has the same version in other bytes, or only a neighbouring
version, that is a substitution: it is listed, written to
``substitutions.json``, and carried out in a copy of the Buildroot tree, never
in the tree it was given.

Debian's index of sources is the trust anchor of a substitution: the sha256 of
each ``orig`` file is checked against it.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
MIRROR = "http://deb.debian.org"
PYPI_FILES = "https://files.pythonhosted.org/"
AREAS = ("main", "non-free-firmware")
SUITES = ("debian/dists/bookworm", "debian/dists/trixie", "debian/dists/forky", "debian/dists/sid",
          "debian-security/dists/bookworm-security", "debian-security/dists/trixie-security")
ATTEMPTS = 3
# A source package without a download, which takes the machine's own programs instead.
HOST_STUB = """\
{name}_VERSION = {version}
HOST_{name}_SOURCE =
define HOST_{name}_INSTALL_CMDS
\tmkdir -p $(HOST_DIR)/bin $(HOST_DIR)/sbin $(HOST_DIR)/share/aclocal
{lines}
endef
$(eval $(host-generic-package))
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file that Buildroot will ask for."""

    package: str
    version: str
    source: str
    dl_dir: str
    package_dir: str
    uris: tuple[str, ...]
    hashes: tuple[tuple[str, str], ...]
    hash_files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Orig:
    """An upstream tarball as Debian's archive has it."""

    name: str
    version: str
    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of one wanted file: how it was had, and from where."""

    package: str
    source: str
    how: str
    wanted: str
    got: str
    origin: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Deb:
    """A binary package of Debian's archive."""

    version: str
    path: str
    sha256: str


class Missing(Exception):
    """No archive that can be reached has the file or a neighbour of it."""


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def wanted_files(info: dict, tree: Path) -> list[Wanted]:
    """List what ``make show-info`` says will be downloaded, once each."""
    found: dict[str, Wanted] = {}
    for name, entry in sorted(info.items()):
        files = [tree / one if not one.startswith("/") else Path(one) for one in entry.get("hashes", [])]
        known = [line.split() for one in files if one.exists() for line in one.read_text().splitlines()]
        sums = {(row[0], row[1], row[2]) for row in known if len(row) == 3 and not row[0].startswith("#")}
        for download in entry.get("downloads", []):
            source = download["source"]
            mine = tuple((kind, value) for kind, value, file in sums if file == source)
            plain = name.removeprefix("host-")
            previous = found.get(source)
            merged = tuple(dict.fromkeys((previous.hash_files if previous else ()) + tuple(map(str, files))))
            found[source] = Wanted(
                previous.package if previous else plain, entry.get("version", ""), source, entry["dl_dir"], entry["package_dir"],
                tuple(download["uris"]), mine or (previous.hashes if previous else ()), merged,
            )
    return list(found.values())


def fits(path: Path, wanted: Wanted) -> bool:
    """Say whether a file has every hash that Buildroot knows of it."""
    if not wanted.hashes:
        return False
    data = path.read_bytes()
    return all(kind != "none" and hashlib.new(kind, data).hexdigest() == value for kind, value in wanted.hashes)


def fetch(url: str, to: Path, label: str) -> None:
    """Download a file, with a line of progress on a terminal."""
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(to.name + ".part")
    for attempt in range(ATTEMPTS):
        try:
            with urllib.request.urlopen(url, timeout=60) as answer, part.open("wb") as out:
                size, done = int(answer.headers.get("Content-Length") or 0), 0
                while chunk := answer.read(1 << 20):
                    out.write(chunk)
                    done += len(chunk)
                    if sys.stderr.isatty():
                        print(f"\r  {label}: {done >> 20} of {size >> 20} MiB ", end="", file=sys.stderr)
            if sys.stderr.isatty():
                print("\r\x1b[K", end="", file=sys.stderr)
            part.replace(to)
            return
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == ATTEMPTS - 1:
                raise
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            if attempt == ATTEMPTS - 1:
                raise


def debian_index(mirror: str, cache: Path) -> dict[str, list[Orig]]:
    """Read the source indexes of the suites: Debian source name to its orig tarballs."""
    found: dict[str, list[Orig]] = {}
    for suite in SUITES:
        for area in AREAS:
            archive, _, name = suite.partition("/dists/")
            file = cache / f"Sources-{name}-{area}.xz"
            if not file.exists():
                fetch(f"{mirror}/{suite}/{area}/source/Sources.xz", file, f"index of {name}")
            text = lzma.decompress(file.read_bytes()).decode()
            for paragraph in text.split("\n\n"):
                name = re.search(r"^Package: (\S+)$", paragraph, re.M)
                folder = re.search(r"^Directory: (\S+)$", paragraph, re.M)
                if not name or not folder:
                    continue
                sums = paragraph.partition("Checksums-Sha256:")[2]
                for digest, orig in re.findall(r"^ ([0-9a-f]{64}) \d+ (\S+)$", sums, re.M):
                    match = re.fullmatch(r"[^_]+_(.+?)(\.orig)?\.tar\.(gz|xz|bz2|lz|zst)", orig)
                    if match and ".debian" not in orig:
                        row = Orig(orig, match[1], f"{archive}/{folder[1]}/{orig}", digest)
                        found.setdefault(name[1], []).append(row)
    return found


def debian_packages(mirror: str, cache: Path, names: set[str]) -> dict[str, Deb]:
    """Find the newest binary package of each name."""
    found: dict[str, Deb] = {}
    for suite in (one for one in SUITES if one.startswith("debian/")):
        for area in AREAS:
            suite_name = suite.partition("/dists/")[2]
            file = cache / f"Packages-{suite_name}-{area}.xz"
            if not file.exists():
                fetch(f"{mirror}/{suite}/{area}/binary-armhf/Packages.xz", file, f"packages of {suite_name}")
            for paragraph in lzma.decompress(file.read_bytes()).decode().split("\n\n"):
                rows = dict(re.findall(r"^(Package|Version|Filename|SHA256): (\S+)$", paragraph, re.M))
                if rows.get("Package") in names:
                    found[rows["Package"]] = Deb(rows["Version"], f"debian/{rows['Filename']}", rows["SHA256"])
    return found


def upstream(version: str) -> str:
    """Strip what Debian appends to an upstream version."""
    version = re.sub(r"^.*\+really", "", version)
    version = re.sub(r"^\d+:", "", version)
    return re.sub(r"[+~.](dfsg|ds|repack|debian|git).*$", "", version)


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, for comparing neighbours."""
    return tuple(int(one) for one in re.findall(r"\d+", version))


def nearest(version: str, origs: list[Orig], pinned: str | None) -> Orig:
    """Choose the orig of the same version, or the pinned one, or the next newer of its series."""
    for orig in origs:
        if (orig.version == pinned) if pinned else (upstream(orig.version) == version):
            return orig
    mine = numbers(version)
    released = [one for one in origs if not re.search(r"~?(rc|beta|alpha)", one.version)]

    def distance(orig: Orig) -> tuple:
        theirs = numbers(upstream(orig.version))
        shared = 0
        for left, right in zip(mine, theirs, strict=False):
            if left != right:
                break
            shared += 1
        newer = theirs >= mine
        return (-shared, not newer, theirs if newer else tuple(-one for one in theirs))

    if not released:
        raise Missing(version)
    return min(released, key=distance)


def repack(orig: Path, to: Path, rule: dict) -> None:
    """Bring a tarball into the compression that the wanted name asks for.

    ``rule``: of sources.toml.  inner: the tarball inside it is the one that is
    meant; member: one file of it is; empty, amend: files that a build asks for
    and Debian left out, and lines that ask for them.
    """
    inner, member = rule.get("inner"), rule.get("member")
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        if inner or member:
            subprocess.run(["tar", "-xf", orig, "-C", folder], check=True)
            orig = next(Path(folder).glob(f"**/{inner or member}"))
        if "empty" in rule or "amend" in rule:
            orig = amended(orig, Path(folder), rule)
        if member or "".join(orig.suffixes[-2:]) == "".join(to.suffixes[-2:]):
            shutil.copyfile(orig, to)
            return
        if to.name.endswith(".cpio.gz"):
            plain = Path(folder, "plain")
            plain.mkdir()
            subprocess.run(["tar", "-xf", orig, "-C", plain], check=True)
            top = plain / to.name.removesuffix(".cpio.gz")
            if not top.exists():
                next(plain.iterdir()).rename(top)
            names = sorted(str(one.relative_to(plain)) for one in plain.rglob("*"))
            made = subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=plain, check=True,
                                  input="\n".join(names).encode(), stdout=subprocess.PIPE)
            to.write_bytes(gzip.compress(made.stdout, mtime=0))
            return
        plain = Path(folder, "plain.tar")
        if orig.suffix == ".tar":
            plain = orig
        reader = {".gz": "gzip", ".xz": "xz", ".bz2": "bzip2", ".lz": "lzip"}
        if plain != orig:
            with plain.open("wb") as out:
                subprocess.run([reader[orig.suffix], "-dc", orig], check=True, stdout=out)
        options = {".gz": ["-n", "-6"], ".xz": ["-1", "-T1"], ".bz2": ["-1"], ".lz": ["-1"]}[to.suffix]
        with to.open("wb") as out:
            subprocess.run([reader[to.suffix], *options, "-c", plain], check=True, stdout=out)


def amended(orig: Path, folder: Path, rule: dict) -> Path:
    """Return a plain tarball of ``orig`` with the rule's empty files added and its lines amended."""
    tree = folder / "with"
    tree.mkdir()
    subprocess.run(["tar", "-xf", orig, "-C", tree], check=True)
    top = next(tree.iterdir())
    for name in rule.get("empty", []):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).touch()
        os.utime(top / name, (0, 0))
    for edit in rule.get("amend", []):
        file = top / edit["file"]
        text, times = file.read_text(), file.stat()
        if edit["from"] not in text:
            raise Missing(f"{orig.name}: {edit['file']} does not say {edit['from']!r}")
        file.write_text(text.replace(edit["from"], edit["to"]))
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    made = folder / "with.tar"
    subprocess.run(["tar", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "-cf", made, "-C", tree, top.name],
                   check=True)
    return made


def from_debian(wanted: Wanted, rule: dict, dl: Path, index: dict[str, list[Orig]], mirror: str) -> tuple[Path, Orig]:
    """Download the nearest orig tarball that the archive really has."""
    name = rule.get("debian", wanted.package)
    left = list(index.get(name, []))
    while left:
        orig = nearest(rule.get("upstream", wanted.version), left, rule.get("version"))
        cached = dl / "debian" / orig.name
        if cached.exists() and sha256_of(cached) == orig.sha256:
            return cached, orig
        try:
            fetch(f"{mirror}/{orig.path}", cached, orig.name)
        except urllib.error.HTTPError:
            left = [one for one in left if one.name != orig.name]
            continue
        if sha256_of(cached) != orig.sha256:
            cached.unlink()
            raise Missing(f"{orig.name}: its bytes are not those of Debian's index")
        return cached, orig
    raise Missing(f"{wanted.source}: Debian's archive has no tarball of a source package {name}")


def from_deb(wanted: Wanted, rule: dict, dl: Path, packages: dict[str, Deb], mirror: str) -> tuple[Path, Deb]:
    """Make the tarball that is wanted from a binary package: blobs that have no other source here."""
    deb = packages.get(rule["deb"])
    if deb is None:
        raise Missing(f"{wanted.source}: Debian has no package {rule['deb']}")
    cached = dl / "debian" / Path(deb.path).name
    if not cached.exists() or sha256_of(cached) != deb.sha256:
        fetch(f"{mirror}/{deb.path}", cached, cached.name)
        if sha256_of(cached) != deb.sha256:
            cached.unlink()
            raise Missing(f"{cached.name}: its bytes are not those of Debian's index")
    to = dl / wanted.dl_dir / wanted.source
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        plain, top = Path(folder, "deb"), Path(folder, wanted.source.partition(".tar.")[0])
        subprocess.run(["dpkg-deb", "-x", cached, plain], check=True)
        for target, pattern in rule.get("files", {}).items():
            top.mkdir(exist_ok=True)
            found = next(plain.glob(pattern), None)
            if found is None:
                raise Missing(f"{cached.name} has no {pattern}")
            shutil.copyfile(found, top / target)
        for target, pattern in rule.get("tree", {}).items():
            (top / target).mkdir(parents=True, exist_ok=True)
            for file in sorted(one for one in plain.glob(pattern) if not one.is_dir()):
                shutil.copy2(file, top / target / file.name, follow_symlinks=False)
        for name in rule.get("empty", []):
            (top / name).touch()
        made = Path(folder, "made.tar")
        subprocess.run(["tar", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "-cf", made,
                        "-C", folder, top.name], check=True)
        repack(made, to, {})
    return to, deb


def own_program(wanted: Wanted, rule: dict) -> Filled:
    """Say which program of this machine stands in for one that would be built. Raises Missing."""
    package = rule["package"]
    found = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
    if found.returncode:
        raise Missing(f"{wanted.source}: install this machine's own: apt-get install {package}")
    return Filled(wanted.package, wanted.source, "this machine's own", wanted.version, found.stdout, package, "")


def fill(wanted: Wanted, dl: Path, archive: tuple, table: dict, mirror: str) -> Filled:
    """Bring one file into the download folder.

    ``archive``: Debian's index of sources, and of firmware packages.
    Raises Missing where neither archive has it or a neighbour of it.
    """
    index, packages = archive
    rule = table.get(wanted.package, {})
    if "host" in rule:
        return own_program(wanted, rule)
    folder = dl / wanted.dl_dir
    to = folder / wanted.source
    record = folder / f".{wanted.source}.filled.json"
    if to.exists() and fits(to, wanted):
        return Filled(wanted.package, to.name, "identical", wanted.version, wanted.version, "kept", sha256_of(to))
    if record.exists():
        kept = Filled(**json.loads(record.read_text()))
        made = folder / kept.source
        if made.exists() and kept.sha256 == sha256_of(made) and kept.wanted == wanted.version:
            return kept
    for uri in wanted.uris:
        plain = uri.partition("+")[2]
        if plain.startswith(PYPI_FILES):
            fetch(f"{plain}/{wanted.source}", to, wanted.source)
            if not fits(to, wanted):
                raise Missing(f"{wanted.source}: PyPI's file has another hash than Buildroot knows")
            return Filled(wanted.package, to.name, "identical", wanted.version, wanted.version, "PyPI", sha256_of(to))
    if "deb" in rule:
        to, deb = from_deb(wanted, rule, dl, packages, mirror)
        made = Filled(wanted.package, to.name, "other version", wanted.version, deb.version, deb.path, sha256_of(to))
        record.write_text(json.dumps(asdict(made)))
        return made
    cached, orig = from_debian(wanted, rule, dl, index, mirror)
    got = rule.get("got", upstream(orig.version))
    if wanted.version and got != wanted.version and not rule.get("upstream"):
        to = folder / wanted.source.replace(wanted.version, got)
    repack(cached, to, rule)
    if fits(to, wanted):
        how = "identical"
    elif got == rule.get("upstream", wanted.version):
        how = "same version, other bytes"
    else:
        how = "other version"
    made = Filled(wanted.package, to.name, how, wanted.version, got, orig.path, sha256_of(to))
    folder.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(asdict(made)))
    return made


def with_version(recipe: str, wanted: str, got: str) -> str:
    """A package's recipe with another version in it, also where it is made of ``_VERSION_MAJOR`` and a rest."""
    if not wanted:
        return recipe
    recipe = re.sub(rf"(_VERSION(?:_MAJOR)? = .*?){re.escape(wanted)}$", rf"\g<1>{got}", recipe, flags=re.M)
    major = re.search(r"^\w+_VERSION_MAJOR = (\S+)$", recipe, re.M)
    if major and wanted.startswith(major[1]) and got.startswith(major[1]):
        rest = re.escape(wanted.removeprefix(major[1]))
        recipe = re.sub(rf"^(\w+_VERSION = \$\(\w+_VERSION_MAJOR\)){rest}$", rf"\g<1>{got.removeprefix(major[1])}", recipe, flags=re.M)
    return recipe


def substitute(tree: Path, original: Path, wanted: Wanted, filled: Filled, rule: dict) -> None:
    """Carry one substitution out in the copy of the Buildroot tree."""
    folder = tree / wanted.package_dir
    if tag := rule.get("folder_of"):
        made = subprocess.run(["git", "-C", original, "archive", tag, wanted.package_dir], check=True,
                              stdout=subprocess.PIPE)
        shutil.rmtree(folder)
        subprocess.run(["tar", "-x", "-C", tree], input=made.stdout, check=True)
    if filled.how == "other version" and "deb" not in rule:
        for file in folder.glob("*.mk"):
            file.write_text(with_version(file.read_text(), wanted.version, filled.got))
    for edit in rule.get("edit", []):
        file = tree / edit["file"]
        text = file.read_text()
        if edit["from"] not in text:
            raise Missing(f"{edit['file']} does not say {edit['from']!r}: {wanted.package} cannot be substituted")
        file.write_text(text.replace(edit["from"], edit["to"]))
    for gone in rule.get("remove", []):
        for file in tree.glob(gone):
            file.unlink()
    if "host" in rule:
        lines = [f"\tln -sf $(shell which {program}) $(HOST_DIR)/{folder_name}/{program}"
                 for program in rule["host"] for folder_name in ("bin", "sbin")]
        lines += [f"\tln -sf {file} $(HOST_DIR)/share/aclocal/" for file in rule.get("macros", [])]
        name = wanted.package.upper().replace("-", "_")
        for patch in folder.glob("*.patch"):
            patch.unlink()
        (folder / f"{wanted.package}.mk").write_text(
            HOST_STUB.format(name=name, version=filled.got.replace(":", "-"), lines="\n".join(lines)))
        return
    for name in wanted.hash_files:
        file = Path(name)
        if not file.is_relative_to(original):
            continue
        file = tree / file.relative_to(original)
        if not file.exists():
            continue
        rows = [row for row in file.read_text().splitlines() if row.split()[-1:] not in ([wanted.source], [filled.source])]
        rows.append(f"sha256  {filled.sha256}  {filled.source}")
        file.write_text("\n".join(rows) + "\n")


def main() -> int:
    """Fill the folder and say what was had how."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--info", type=Path, required=True, help="what `make show-info` printed")
    parser.add_argument("--tree", type=Path, required=True, help="the pinned Buildroot tree (read only)")
    parser.add_argument("--substituted", type=Path, required=True, help="where the copy with substitutions goes")
    parser.add_argument("--dl", type=Path, required=True, help="Buildroot's download folder")
    parser.add_argument("--mirror", default=MIRROR, help="a Debian mirror (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    options = parser.parse_args()
    table = tomllib.loads((HERE / "sources.toml").read_text())
    cache = options.dl / "debian"
    debs = {rule["deb"] for rule in table.values() if isinstance(rule, dict) and "deb" in rule}
    archive = (debian_index(options.mirror, cache), debian_packages(options.mirror, cache, debs))
    wanted = wanted_files(json.loads(options.info.read_text()), options.tree)
    done: list[tuple[Wanted, Filled]] = []
    missing: list[str] = []
    for one in wanted:
        if one.source in table.get("skip", []):
            continue
        try:
            filled = fill(one, options.dl, archive, table, options.mirror)
        except (Missing, urllib.error.URLError, StopIteration, subprocess.CalledProcessError) as error:
            missing.append(f"{one.package} {one.version} ({one.source}): {error}")
            continue
        done.append((one, filled))
        if not options.json:
            print(f"{filled.how:26} {filled.package:28} {filled.wanted:>12} -> {filled.got}", flush=True)
    if options.substituted.exists():
        shutil.rmtree(options.substituted)
    shutil.copytree(options.tree, options.substituted, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    for one, filled in done:
        if filled.how != "identical":
            substitute(options.substituted, options.tree, one, filled, table.get(one.package, {}))
    rows = [asdict(filled) for _, filled in done if filled.how != "identical"]
    (options.substituted / "substitutions.json").write_text(json.dumps(rows, indent=1) + "\n")
    if options.json:
        print(json.dumps({"substitutions": rows, "missing": missing, "files": len(wanted)}))
    else:
        print(f"\n{len(done)} of {len(wanted)} files; {len(rows)} are substitutions, {len(missing)} are missing")
        for line in missing:
            print(f"missing: {line}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
