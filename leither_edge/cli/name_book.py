"""The file ``names.json``: what this user calls other people's keys, and what was last published from here."""

import base64
import contextlib
import unicodedata

from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.output import clean

FILE = "names.json"
VERSION = 1
PET_NAME_MAX = 32
PETS_MAX = 10_000


def check_pet_name(name):
    """A pet name in its kept form (Unicode NFC, lower case). Dots separate labels, so it has none. Raises UsageError."""
    name = unicodedata.normalize("NFC", name).casefold()
    good = 0 < len(name) <= PET_NAME_MAX and name[0].isalnum() and all(c.isalnum() or c in "-_" for c in name)
    if not good:
        raise UsageError(
            f"“{name[:40]}” cannot be a pet name.", fix=f"Use up to {PET_NAME_MAX} letters and digits, with - or _ between them."
        )
    return name


class NameBook:
    """Pet names and published packets; change them only inside ``changing()``.

    Attributes: pets {pet name: key as a name of 52 letters}; published {the same: base64 of a signed packet}.
    """

    def __init__(self, home):
        self._home = home
        self._read()

    def _read(self):
        from leither_edge.names.z_base_32 import KeyNameError, name_to_key

        content = self._home.read_json(FILE, default={"version": VERSION})
        if content.get("version") != VERSION:
            raise Failure(
                f"{self._home.path(FILE)} was written by another version of this tool.",
                f"It says version {content.get('version')!r}; this one reads {VERSION}.",
                "Update leither, or set LEITHER_HOME to another folder.",
            )
        for part in ("pets", "published"):
            table = content.setdefault(part, {})
            if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
                raise self._damaged(f"“{part}” is not a table of texts.")
        for pet, name in content["pets"].items():
            try:
                name_to_key(name)
            except KeyNameError as error:
                raise self._damaged(f"“{clean(pet, 40)}” is not the name of a key: {error}.") from None
        self._content = content
        self.pets, self.published = content["pets"], content["published"]

    @contextlib.contextmanager
    def changing(self):
        """Hold the lock, read the newest content, and write it when the block ends well."""
        with self._home.locked("names"):
            self._read()
            yield self
            self._home.write_json(self._content, FILE)

    def _damaged(self, why):
        return Failure(f"{self._home.path(FILE)} is damaged.", why, "Put a backup in its place.", code="damaged")

    def pet_of(self, name):
        """The pet name of a key (52 letters), or None."""
        return next((pet for pet, known in sorted(self.pets.items()) if known == name), None)

    def last_published(self, name):
        """The Item that was last published from here under a key (52 letters), or None; what is damaged counts as none."""
        from leither_edge.crypto import sodium
        from leither_edge.names.errors import PacketError
        from leither_edge.names.packet import from_bytes

        try:
            return from_bytes(base64.b64decode(self.published[name], validate=True), sodium.verify)
        except (KeyError, ValueError, PacketError):
            return None

    def remember_published(self, name, item):
        """Keep an Item as the last one; inside ``changing()``."""
        from leither_edge.names.packet import to_bytes

        self.published[name] = base64.b64encode(to_bytes(item)).decode()
