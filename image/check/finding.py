"""What a check has to say: one line for a person, one object for a program."""

import json
from collections import namedtuple


class Finding(namedtuple("Finding", "path line text")):
    """One thing that is wrong.

    path: relative to the checkout; line: from 1, or 0 for the file as a whole; text: what is wrong, what to do.
    """

    __slots__ = ()

    def __str__(self):
        return f"{self.path}:{self.line or 1}: {self.text}"


class CheckError(Exception):
    """A check cannot be made; the text says why and what to do."""


def report(findings, as_json):
    """Print the findings, each once, in the order of the files. Returns the exit code."""
    ordered = sorted(set(findings))
    if as_json:
        print(json.dumps([finding._asdict() for finding in ordered], indent=1))
    else:
        for finding in ordered:
            print(finding)
    return 1 if ordered else 0


def read_text(path, most_bytes=1 << 20):
    """Text of a file of this tree or of a build. Raises CheckError where it cannot be read, is too large or no text."""
    try:
        with open(path, "rb") as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise CheckError(f"{path} cannot be read: {error.strerror}.") from None
    if len(data) > most_bytes:
        raise CheckError(f"{path} is over {most_bytes} bytes; no such file is that large.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise CheckError(f"{path} is not text (UTF-8).") from None
