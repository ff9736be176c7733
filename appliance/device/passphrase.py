"""The passphrase of the access point, where no card has one: made once, shown where the device starts."""

import os

from leither_edge.card.access_point import PASSPHRASE_RANDOM_BYTES, is_made_passphrase, passphrase_from
from leither_edge.crypto.private_file import create_private, read_private
from leither_edge.crypto.sodium import random_bytes

PASSPHRASE_FILE = "access-point"


def load_or_create(folder):
    """The passphrase kept in the state folder, made if there is none. Raises KeyFileError."""
    path = os.path.join(folder, PASSPHRASE_FILE)
    what = "the access point's passphrase"
    kept = read_private(path, what, 64)
    text = kept.decode("ascii", "replace").strip() if kept is not None else ""
    if is_made_passphrase(text):
        return text
    if kept is not None:
        os.unlink(path)
    text = passphrase_from(random_bytes(PASSPHRASE_RANDOM_BYTES))
    create_private(path, text.encode() + b"\n", what)
    return text
