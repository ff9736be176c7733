"""Load a hardware profile by name or path."""

import os
import sys

from .checks import cross_check
from .reading import Report, check_values, closest, parse
from .schema import KEYS, SECTIONS

# The largest profile we ship has under 12 KiB; more is not a profile.
FILE_MAX_BYTES = 65536


class ProfileError(ValueError):
    """A profile cannot be used; one line "file:line: what is wrong (allowed ...)" for each problem.

    problems: list of (line, sentence); line is 0 when the file itself cannot be read.
    """

    def __init__(self, path, problems):
        self.path = path
        self.problems = problems
        super().__init__("\n".join(f"{path}:{line}: {text}" if line else f"{path}: {text}" for line, text in problems))


class Section:
    """Values of one section as read-only attributes."""

    def __init__(self, name, values):
        self.__dict__.update(values)
        self.__dict__["_name"] = name

    def __setattr__(self, name, value):
        raise AttributeError(f"a profile is read-only: {self._name}.{name}")

    def __repr__(self):
        return f"<profile section {self._name}>"


class Profile:
    """All limits of a board, as `profile.section.key`.

    path: the file it came from. The sections and keys are those of `schema.KEYS`, each value with its unit in its name.
    """

    def __init__(self, path, values):
        for section in SECTIONS:
            self.__dict__[section] = Section(section, values[section])
        self.__dict__["path"] = path

    def __setattr__(self, name, value):
        raise AttributeError(f"a profile is read-only: {name}")

    def __repr__(self):
        return f"<profile {self.board.name}>"


def load(name_or_path):
    """Load and check the profile of that name, or the file at that path.

    Raises ProfileError with every problem found.
    """
    path = find(name_or_path)
    try:
        with open(path, "rb") as file:
            data = file.read(FILE_MAX_BYTES + 1)
    except OSError as error:
        raise ProfileError(path, [(0, f"cannot be read: {error.strerror}")]) from None
    return from_bytes(data, path)


def from_bytes(data, path="<profile>"):
    """Check a profile's file content; `path` names it in messages. Raises ProfileError."""
    if len(data) > FILE_MAX_BYTES:
        raise ProfileError(path, [(1, f"the file is too large (allowed: up to {FILE_MAX_BYTES} bytes)")])
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProfileError(path, [(line, "not valid text (allowed: UTF-8)")]) from None
    report = Report()
    document, lines = parse(text, report)
    if document is not None:
        values = check_values(document, lines, report)
        cross_check(values, lambda section, name, message: report.add(lines.of(section, name), message))
    if report.problems:
        raise ProfileError(path, sorted(report.problems, key=lambda problem: problem[0]))
    return Profile(path, values)


def folders():
    """Return the folders searched for profiles: LEITHER_PROFILES, else the checkout's, then the installed one."""
    chosen = os.environ.get("LEITHER_PROFILES")
    if chosen:
        return [chosen]
    here = os.path.dirname(os.path.abspath(__file__))
    return [
        os.path.join(os.path.dirname(os.path.dirname(here)), "hw_profiles"),
        os.path.join(sys.prefix, "share", "leither", "hw_profiles"),
    ]


def names():
    """Return the names of all profiles that can be found, sorted."""
    found = set()
    for folder in folders():
        try:
            entries = os.listdir(folder)
        except OSError:
            continue
        found.update(entry[: -len(".toml")] for entry in entries if entry.endswith(".toml"))
    return sorted(found)


def find(name_or_path):
    """Return the path of a profile. Raises ProfileError with the names there are."""
    if os.sep in name_or_path or name_or_path.endswith(".toml"):
        return name_or_path
    for folder in folders():
        path = os.path.join(folder, name_or_path + ".toml")
        if name_or_path and os.path.isfile(path):
            return path
    there = names()
    meant = closest(name_or_path, there)
    hint = f"; did you mean {meant}?" if meant else ""
    allowed = ", ".join(there) or "none found in " + " or ".join(folders())
    raise ProfileError(name_or_path or '""', [(0, f"there is no profile of this name{hint} (allowed: {allowed}, or a path)")])


def describe(profile):
    """Return [(section, key, value, unit, meaning)] of every limit, in the order of the schema."""
    return [(key.section, key.name, getattr(getattr(profile, key.section), key.name), key.unit, key.meaning) for key in KEYS]
