"""What went wrong at the start: one sentence each, on the console, and in a file for the supervisor to show."""

import json
import os

FOLDER = "/run/leither"
FILE = f"{FOLDER}/trouble.json"
# While this file exists, init does not start the supervisor: the node would write to a root that cannot be written.
NO_STATE = "no-state"
FILE_MAX_BYTES = 32_768
TROUBLES_MAX = 32
SENTENCE_MAX = 400


class StepError(Exception):
    """A step that was not carried out; the message is one plain sentence."""


class Trouble:
    """step (a word), sentence, stops_node: whether the node must not start."""

    __slots__ = ("step", "sentence", "stops_node")

    def __init__(self, step, sentence, stops_node):
        self.step, self.sentence, self.stops_node = step, sentence, stops_node


def tell(troubles, folder=FOLDER):
    """Leave the troubles, and whether the node must not start, in ``folder``. Raises OSError."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    wait = f"{folder}/{NO_STATE}"
    if any(trouble.stops_node for trouble in troubles):
        os.close(os.open(wait, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    elif os.path.exists(wait):
        os.unlink(wait)
    write(troubles, f"{folder}/{os.path.basename(FILE)}")


def write(troubles, path=FILE):
    """Write the file, whole or not at all. Raises OSError."""
    said = [{"step": trouble.step, "sentence": trouble.sentence[:SENTENCE_MAX], "stops_node": trouble.stops_node} for trouble in troubles]
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(f"{path}.new", "w") as file:
        json.dump({"troubles": said[:TROUBLES_MAX]}, file)
    os.rename(f"{path}.new", path)


def read(path=FILE):
    """The Troubles in the file; none if there is no file, or not one of ours."""
    try:
        with open(path, "rb") as file:
            return parse(file.read(FILE_MAX_BYTES + 1))
    except OSError:
        return []


def parse(data):
    """The Troubles in the bytes of the file, none if it is not one of ours."""
    try:
        said = json.loads(data.decode())["troubles"] if len(data) <= FILE_MAX_BYTES else []
        found = [Trouble(entry["step"], entry["sentence"], entry["stops_node"]) for entry in said[:TROUBLES_MAX]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []
    well = all(type(entry.step) is str and type(entry.sentence) is str and type(entry.stops_node) is bool for entry in found)
    return found if well else []
