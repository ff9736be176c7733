"""Which key signs a command: this computer's controller key with a pass where that is enough, else the owner's key."""

import base64
import time
from collections import namedtuple

from leither_edge.cli import keyring
from leither_edge.cli.failure import UsageError

# A pass of the book, decoded. data: its bytes; key: name of the controller key; only: remote it is kept for, or None.
KeptPass = namedtuple("KeptPass", "data content key only")


def kept_passes(book):
    """Return the passes of the book that can be read; damaged ones are left out."""
    from leither_edge.core import delegation

    kept = []
    for entry in book.passes:
        try:
            data = pass_bytes(entry)
            content, _ = delegation.parse_signed_pass(data)
            kept.append(KeptPass(data, content, entry["key"], entry.get("only")))
        except (ValueError, KeyError, TypeError):
            continue
    return kept


def pass_bytes(entry):
    """The bytes of a pass in the book. Raises ValueError, KeyError or TypeError where the entry is damaged."""
    return base64.urlsafe_b64decode(entry["pass"])


def fitting_pass(book, name, verb, now):
    """Return the best valid pass for a verb on a device, or None.

    Args:
        book: the Book.
        name: the remote.
        verb: the protocol's verb.
        now: seconds since 1970.
    """
    from leither_edge.core.ids import id_from_text, key_id
    from leither_edge.core.roles import ROLES

    entry = book.remote(name)
    device_id = id_from_text(entry["device_id"])
    owner = entry.get("owner")
    owner_id = key_id(keyring.entry_to_key(owner, book.keys[owner]).public_key) if owner in book.keys else None
    best = None
    for kept in kept_passes(book):
        content = kept.content
        fits = (
            kept.key in book.keys
            and kept.only in (None, name)
            and content.device_id in (None, device_id)
            and (content.verbs is None or verb is None or verb in content.verbs)
            and content.not_before <= now < content.not_after
            and (owner_id is None or content.issuer == owner_id)
        )
        if fits:
            rank = (content.device_id is not None, ROLES.index(content.role), content.not_after)
            if best is None or rank > best[0]:
                best = (rank, kept)
    return best and best[1]


class Signers:
    """Chooses and unlocks keys; each key is unlocked once in a run.

    Args:
        book: the Book.
        out: Output.
        key: name or file from ``--key``, or None.
        passphrase_file: from the command line, or None.
    """

    def __init__(self, book, out, key=None, passphrase_file=None):
        self.book, self.out = book, out
        self.key, self.passphrase_file = key, passphrase_file
        self._unlocked = {}

    def unlock(self, key, delegation=None):
        """Return a Signer for a Key."""
        if key.file not in self._unlocked:
            self._unlocked[key.file] = keyring.unlock(key, self.out, self.passphrase_file)
        return self._unlocked[key.file]._replace(delegation=delegation)

    def owner(self, name):
        """Return the Signer of a device's owner key."""
        return self.unlock(keyring.find_key(self.book, self.key or self.book.remote(name).get("owner"), "owner"))

    def choose(self, name, verb, owner_only=False):
        """Return the Signer for a verb on a device.

        Args:
            name: the remote.
            verb: the protocol's verb.
            owner_only: the verb is for owners.
        """
        book = self.book
        if self.key is not None:
            key = keyring.find_key(book, self.key)
            kept = fitting_pass(book, name, verb, time.time()) if key.kind == "controller" else None
            return self.unlock(key, kept.data if kept and kept.key == key.name else None)
        if owner_only:
            return self.owner(name)
        kept = fitting_pass(book, name, verb, time.time())
        if kept is not None:
            return self.unlock(keyring.find_key(book, kept.key), kept.data)
        if book.remote(name).get("owner") in book.keys:
            self.say_pass_ended(name)
            return self.owner(name)
        controllers = [known for known, entry in sorted(book.keys.items()) if entry.get("kind") == "controller"]
        owners = [known for known, entry in sorted(book.keys.items()) if entry.get("kind") == "owner"]
        if len(owners) == 1 or (not owners and len(controllers) == 1):
            return self.unlock(keyring.find_key(book, (owners or controllers)[0]))
        if owners:
            raise UsageError(
                f"You have several owner keys, and it is not known which one owns “{name}”.",
                fix=f"Say which one with --key: {', '.join(owners)}",
                code="which-key",
            )
        raise UsageError(
            f"You have no key that may command “{name}”.",
            fix=f"If it is new, claim it: leither key new, then leither remote claim {name}\n"
            "If somebody else owns it, ask them for a pass: leither remote pass create --new-controller FILE",
            code="no-key",
        )

    def say_pass_ended(self, name):
        """Tell why the owner's key is wanted although this computer had a pass."""
        now = time.time()
        ended = [kept for kept in kept_passes(self.book) if kept.content.not_after <= now and kept.key in self.book.keys]
        if ended:
            self.out.note(f"This computer's pass for {name} has ended. Renew it: leither remote pass create --this-computer --only {name}")
