"""Commands put into a device's mailbox and not answered yet: the next letter takes them along, since it replaces the one before."""

import base64
import time

from leither_edge.cli.failure import Failure

# As long as a command is good.
KEPT_S = 86400


class Outbox:
    """The unanswered commands of one key for one device, in a file of the tool's folder.

    Args:
        home: Home.
        issuer: the key id's text.
        device: the device id's text.
    """

    def __init__(self, home, issuer, device):
        self._home = home
        self._name = f"{issuer}.{device}.json"
        self._rows = []
        for row in (home.read_json("mailbox", self._name) or {}).get("commands", []):
            try:
                if time.time() - row["since"] < KEPT_S:
                    self._rows.append((base64.b64decode(row["command"]), row["since"]))
            except (KeyError, TypeError, ValueError):
                continue

    @property
    def commands(self):
        """The commands (bytes), the oldest first."""
        return [data for data, _ in self._rows]

    def add(self, data, most):
        """Take a command in, which is durable then. A Failure where it would be more than ``most``."""
        if data in self.commands:
            return
        if len(self._rows) >= most:
            raise Failure(
                f"{most} commands wait for this device without an answer: its mailbox is full.",
                "It has not looked for a long time, or was off.",
                "Wait until it is back. Each of them ends by itself after a day.",
                code="mailbox-full",
            )
        self._rows.append((data, int(time.time())))
        self._save()

    def drop(self, commands):
        """Forget commands: answered, or not wanted any more."""
        kept = [row for row in self._rows if row[0] not in commands]
        if len(kept) != len(self._rows):
            self._rows = kept
            self._save()

    def _save(self):
        rows = [{"command": base64.b64encode(data).decode(), "since": since} for data, since in self._rows]
        self._home.write_json({"commands": rows}, "mailbox", self._name)
