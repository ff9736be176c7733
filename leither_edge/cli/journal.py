"""Commands on their way: what was sent and not yet answered, so that a broken run can be carried on with the same bytes."""

import base64
import contextlib
import json
import os
import threading
import time

from leither_edge.cli.failure import Failure
from leither_edge.cli.home import sync_folder

# What stays unanswered longer than this has expired at the device anyway.
KEPT_S = 86400
FILE_MAX_BYTES = 64 * 1024 * 1024


class Journal:
    """One run of one command at one or many devices: a file of lines, each synced before what it tells of happens.

    Args:
        home: the tool's folder.
        target: NAME or @GROUP.
        verb: the protocol's verb.
        arguments: its arguments.
    """

    def __init__(self, home, target, verb, arguments):
        from leither_edge.core.cbor import encode
        from leither_edge.core.sha256 import sha256

        name = sha256(encode([target, verb, arguments])).digest()[:12].hex()
        self._path = os.path.join(home.make("unfinished"), f"{name}.lines")
        self._lock = threading.Lock()
        self._file = None
        self._commands, self._rows = {}, {}
        self.begun = int(time.time())

    def load(self):
        """Return whether an unfinished run of this very command was found, and take it over."""
        try:
            with open(self._path, "rb") as file:
                lines = file.read(FILE_MAX_BYTES).split(b"\n")
        except FileNotFoundError:
            return False
        begun = 0
        # What follows the last line break was cut off by a crash, before anything was sent for it.
        for line in lines[:-1]:
            try:
                entry = json.loads(line)
                begun = entry.get("begun", begun)
                if "never_left" in entry:
                    self._commands.pop(entry["device"], None)
                elif "command" in entry:
                    self._commands[entry["device"]] = base64.b64decode(entry["command"])
                elif "row" in entry:
                    self._rows[entry["device"]] = entry["row"]
            except (ValueError, KeyError, AttributeError, TypeError):
                continue
        if time.time() - begun > KEPT_S:
            self._commands, self._rows = {}, {}
            return False
        self.begun = begun
        return bool(self._commands or self._rows)

    def sent(self, name, data):
        """Note the bytes for a device durably, before they leave."""
        self._commands[name] = data
        self._append({"device": name, "command": base64.b64encode(data).decode()})

    def never_left(self, name):
        """Forget the bytes for a device that was not reached: sent late, behind newer ones, they would be refused as a replay."""
        if self._commands.pop(name, None) is not None:
            self._append({"device": name, "never_left": True})

    def answered(self, name, row):
        """Note a device's answer (a JSON row)."""
        self._rows[name] = row
        self._append({"device": name, "row": row})

    def bytes_of(self, name):
        """Return the bytes sent to a device and not answered, or None."""
        return None if name in self._rows else self._commands.get(name)

    def row_of(self, name):
        """Return the noted answer of a device, or None."""
        return self._rows.get(name)

    @property
    def answers(self):
        """Number of devices that answered."""
        return len(self._rows)

    def begin(self, fresh):
        """Open the file; ``fresh`` drops what an earlier run left."""
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | (os.O_TRUNC if fresh else 0)
            self._file = os.open(self._path, flags, 0o600)
            sync_folder(os.path.dirname(self._path))
        except OSError as error:
            raise Failure(f"{self._path} could not be written.", error.strerror, "Nothing was sent.") from None
        # A line cut off by a crash must not swallow the next one.
        self._append({"begun": self.begun}, b"" if fresh else b"\n")

    def close(self, finished):
        """Close the file, and remove it when everything was answered."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if finished:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path)

    def _append(self, entry, before=b""):
        data = before + json.dumps(entry).encode() + b"\n"
        with self._lock:
            try:
                os.write(self._file, data)
                os.fsync(self._file)
            except OSError as error:
                raise Failure(f"{self._path} could not be written.", error.strerror, "Free some space; nothing more was sent.") from None
