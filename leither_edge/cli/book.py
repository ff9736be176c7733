"""The book: devices and their pinned keys, groups, keys and passes of this user."""

import contextlib
import re
import unicodedata

from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.parser import nearest

VERSION = 1
NAME_MAX = 32
# Words of `leither remote` itself, and those it may want later.
RESERVED = frozenset("add all claim create delete group groups help list ls move none pass remote remove rename rm show use".split())


def check_name(name, what="device"):
    """Return a name in its kept form (Unicode NFC), or say why it cannot be one.

    Args:
        name: letters and digits of any script, and ``-``, ``_`` or ``.`` between them; 1 to 32 characters.
        what: what it names, for the message.
    """
    name = unicodedata.normalize("NFC", name)
    if name.lower() in RESERVED:
        raise UsageError(f"A {what} cannot be called “{name}”: that is a word of this command.", fix="Choose another name.")
    good = 0 < len(name) <= NAME_MAX and name[0].isalnum() and all(c.isalnum() or c in "-_." for c in name)
    if not good:
        raise UsageError(
            f"“{name[:40]}” cannot be the name of a {what}.",
            fix=f"Use up to {NAME_MAX} letters and digits, with -, _ or . between them.",
        )
    return name


def natural(name):
    """Sort key that puts d2 before d10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


class Book:
    """The content of the book; change it only inside ``changing()``.

    Args:
        home: the tool's folder.
    """

    def __init__(self, home):
        self.home = home
        self.read()

    def read(self):
        """Read the file anew."""
        content = self.home.read_json("book.json", default={"version": VERSION})
        if content.get("version") != VERSION:
            raise Failure(
                f"{self.home.path('book.json')} was written by another version of this tool.",
                f"It says version {content.get('version')!r}; this one reads {VERSION}.",
                "Update leither, or set LEITHER_HOME to another folder.",
            )
        for part in ("remotes", "groups", "keys"):
            if not isinstance(content.setdefault(part, {}), dict):
                raise Failure(f"{self.home.path('book.json')} is damaged.", f"“{part}” is not a table.", "Put a backup in its place.")
        content.setdefault("passes", [])
        self.content = content
        self.remotes, self.groups = content["remotes"], content["groups"]
        self.keys, self.passes = content["keys"], content["passes"]

    @contextlib.contextmanager
    def changing(self):
        """Hold the lock, read the newest content, and write it when the block ends well."""
        with self.home.locked("book"):
            self.read()
            yield self
            self.home.write_json(self.content, "book.json")

    def remote(self, name):
        """Return the entry of a device."""
        name = unicodedata.normalize("NFC", name)
        if name in self.remotes:
            return self.remotes[name]
        if self.remotes:
            hint = nearest(name, self.remotes) or f"You know: {', '.join(sorted(self.remotes))}.\n"
        else:
            hint = ""
        raise UsageError(
            f"There is no device “{name}” in your book.", fix=f"{hint}Add it: leither remote add {name} ADDRESS", code="unknown-remote"
        )

    def group(self, name):
        """Return the names of the devices in a group, sorted."""
        if name not in self.groups:
            fix = nearest(name, self.groups) + f"Make it: leither remote group add {name} NAME..."
            raise UsageError(f"There is no group “{name}”.", fix=fix, code="unknown-group")
        return sorted(self.groups[name], key=natural)

    def by_device(self, device_id):
        """Return the name of a device, or None."""
        return next((name for name, entry in self.remotes.items() if entry["device_id"] == device_id), None)
