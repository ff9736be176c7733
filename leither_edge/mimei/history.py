"""What changes of a MiMei: the root of cur, its numbered versions, and the words last and release.

A head row, by mid, and a version row, by mid and number, are the fields below in their order. The row of a dropped version
stays, and its manifest, so that the chain can be followed; its root is then no longer kept. Numbers are never used twice.
"""

from collections import namedtuple

from .errors import BadInput, NotFound
from .info import CUR, LAST, RELEASE
from .tables import HEADS, VERSIONS

# root: of cur, None for a database. base: root that the changes of a database are counted from, or None. next: next number.
# last, release: numbers or None. manifest: label of the newest manifest, or None. ancestor: that a fork began with, or None.
# database: number of its rows, None for other types. changed: when root changed last, s.
Head = namedtuple("Head", ("root", "base", "next", "last", "release", "manifest", "ancestor", "database", "changed"))
# dropped: its root is kept no more. references: label of the list of references, or None. size: bytes its root reaches, as it states.
VersionRow = namedtuple("VersionRow", ("root", "manifest", "previous", "ancestor", "references", "time", "memo", "dropped"))

# One version, for those who ask. author: 20 bytes. Labels are binary; time in s.
Version = namedtuple(
    "Version", ("number", "root", "manifest", "previous", "time", "memo", "is_last", "is_release", "author", "ancestor", "references")
)


def read_head(tx, mid):
    """The Head of a MiMei. Raises NotFound."""
    row = tx.get(HEADS, mid)
    if row is None:
        raise NotFound("There is no such MiMei here.")
    return Head(*row)


def write_head(tx, mid, head):
    """Keeps a Head."""
    tx.put(HEADS, mid, list(head))


def read_version(tx, mid, number):
    """The VersionRow of a number. Raises NotFound, also for one that was dropped."""
    row = tx.get(VERSIONS, version_key(mid, number))
    if row is None or VersionRow(*row).dropped:
        raise NotFound(f"There is no version {number} of this MiMei here.")
    return VersionRow(*row)


def write_version(tx, mid, number, row):
    """Keeps a VersionRow."""
    tx.put(VERSIONS, version_key(mid, number), list(row))


def scan_versions(tx, mid, start=0):
    """Yields (number, VersionRow) from a number on, dropped ones too."""
    for key, row in tx.scan(VERSIONS, start=version_key(mid, start)):
        if key[:20] != mid:
            return
        yield int.from_bytes(key[20:], "big"), VersionRow(*row)


def number_of(head, version):
    """The number that a version means, None for cur. Args: version (number, its digits, or a word). Raises BadInput, NotFound."""
    if version in (CUR, "", None):
        return None
    if version in (LAST, RELEASE):
        number = head.last if version == LAST else head.release
        if number is None:
            what = "no version yet: make one with backup" if version == LAST else "no released version"
            raise NotFound(f"This MiMei has {what}.")
        return number
    if isinstance(version, str) and version.isascii() and version.isdigit() and len(version) < 17:
        version = int(version)
    if not isinstance(version, int) or isinstance(version, bool) or not 0 <= version < 1 << 53:
        raise BadInput("A version is a number from 0, or one of the words cur, last and release.")
    return version


def version_key(mid, number):
    """The key of a version's row."""
    return mid + number.to_bytes(8, "big")


def version_of(number, row, head, author):
    """The Version of a row."""
    return Version(
        number, row.root, row.manifest, row.previous, row.time, row.memo, number == head.last, number == head.release, author,
        row.ancestor, row.references,
    )  # fmt: skip
