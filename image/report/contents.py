"""What of each package is really in a root file system, and what is in it that Buildroot's list of packages does not know."""

import hashlib
import re
from collections import namedtuple

from .parts import files, grouped, owners
from .source import ReportError, read_text

OWN = "leither-edge"
# Put there by our own package, whose files keep the build's time, so that Buildroot's list of new files lacks them.
OWN_FOLDERS = ("usr/share/leither/", "etc/leither/")
_SITE = re.compile(r"usr/lib/python3\.\d+/site-packages/")
_PAGE = "usr/lib/python3*/site-packages/appliance/portal/web/manifest"
_LOCKED = re.compile(r"^([a-z0-9-]+)==([^\s;\\]+)[^\n]*((?:\n    --hash=sha256:[0-9a-f]{64}[ \\]*)*)", re.M)
_SUM = re.compile(r"sha256:([0-9a-f]{64})")

# What a package contains of another project: component, licence, header in its source that says the version, name of the numbers.
Bundle = namedtuple("Bundle", "package name licence header prefix")
BUNDLES = (Bundle("python-lmdb", "lmdb", "OLDAP-2.8", "lib/lmdb.h", "MDB_VERSION_"),)

# sha256: of the lines `sha256  path` of its files, in the order of the paths.
Content = namedtuple("Content", "files bytes sha256")


def present(target, list_text):
    """{package: Content} of a target's folder, what no package owns left out. list_text: Buildroot's packages-file-list.txt."""
    if not target.is_dir():
        raise ReportError(f"{target} is no folder: give the target folder of a build, or leave it out.")
    owned = owners(list_text)
    groups = {}
    for path, name, size in files(target):
        (package,) = grouped([(path, name, size)], owned)
        known = package in owned.values()
        if not known and (_SITE.match(name) or name.startswith(OWN_FOLDERS)):
            package, known = OWN, True
        if known:
            groups.setdefault(package, []).append((name, size, path))
    return {package: _content(rows) for package, rows in groups.items()}


def _content(rows):
    lines = []
    for name, _, path in sorted(rows):
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n")
    return Content(len(rows), sum(size for _, size, _ in rows), hashlib.sha256("".join(lines).encode()).hexdigest())


def locked(text):
    """{package: (version, [sha256 of a file of it])} of a lock file's text."""
    return {name: (version, _SUM.findall(sums)) for name, version, sums in _LOCKED.findall(text)}


def has_words(target):
    """True if the setup page in the root file system brings the recovery words."""
    return any("words=yes" in read_text(path).splitlines() for path in target.glob(_PAGE))


def bundled(package, build):
    """[(component, version, licence)] of what a package contains of other projects. build: Buildroot's build folder."""
    found = []
    for bundle in BUNDLES:
        if bundle.package == package:
            headers = sorted(build.glob(f"{package}-[0-9]*/{bundle.header}"))
            text = read_text(headers[-1]) if headers else ""
            numbers = [re.search(rf"^#define\s+{bundle.prefix}{part}\s+(\d+)", text, re.M) for part in ("MAJOR", "MINOR", "PATCH")]
            found.append((bundle.name, ".".join(number[1] for number in numbers) if all(numbers) else "", bundle.licence))
    return found
