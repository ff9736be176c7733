"""The passphrase of the access point, where no card has one: made once, shown where the device starts."""

import os

from appliance.commands.claim import ALPHABET
from leither_edge.crypto.private_file import create_private, read_private
from leither_edge.crypto.sodium import random_bytes

PASSPHRASE_FILE = "access-point"
GROUPS = 3
GROUP = 4  # 12 characters are 60 bits: who records a handshake would guess for centuries


def load_or_create(folder):
    """The passphrase kept in the state folder, made if there is none. Raises KeyFileError."""
    path = os.path.join(folder, PASSPHRASE_FILE)
    what = "the access point's passphrase"
    length = GROUPS * (GROUP + 1) - 1
    kept = read_private(path, what, 64)
    text = kept.decode("ascii", "replace").strip() if kept is not None else ""
    if len(text) == length and all(mark in ALPHABET or mark == "-" for mark in text):
        return text
    if kept is not None:
        os.unlink(path)
    marks = "".join(ALPHABET[byte & 31] for byte in random_bytes(GROUPS * GROUP))
    text = "-".join(marks[at : at + GROUP] for at in range(0, len(marks), GROUP))
    create_private(path, text.encode() + b"\n", what)
    return text
