"""Files that a report reads and writes: bounded, with plain errors, written whole or not at all."""

import json
import os
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
INPUT_MAX_BYTES = 16 << 20


class ReportError(Exception):
    """A report cannot be made; the text says why and what to do."""


def own_version():
    """The version of what is in this checkout."""
    with (CHECKOUT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]["version"]


def read_text(path):
    """Text of a file. Raises ReportError."""
    try:
        with open(path, "rb") as file:
            data = file.read(INPUT_MAX_BYTES + 1)
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}.") from None
    if len(data) > INPUT_MAX_BYTES:
        raise ReportError(f"{path} is over {INPUT_MAX_BYTES >> 20} MiB; no report is that large.")
    return data.decode("utf-8", "replace")


def read_json(path, kind):
    """The dict or list in a JSON file; kind is the type it must be. Raises ReportError."""
    try:
        value = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{path} is not JSON ({error}); remove it and build again.") from None
    if not isinstance(value, kind):
        raise ReportError(f"{path} holds no {'object' if kind is dict else 'list'}; remove it and build again.")
    return value


def write_text(path, text):
    """Write a file so that a reader sees the old one or the new one."""
    write_bytes(path, text.encode())


def write_bytes(path, data):
    """The same for bytes."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_name(path.name + ".part")
    making.write_bytes(data)
    os.replace(making, path)
