"""The node's own key: 64 bytes in a file, the seed and the public key, made once and never replaced."""

import os

from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.crypto.private_file import KeyFileError, KeyFileTaken, create_private, read_private

__all__ = ("FILE_BYTES", "KeyFileError", "NodeKey", "load_or_create")

FILE_BYTES = sodium.SEED_BYTES + sodium.PUBLIC_KEY_BYTES
_WHAT = "the node key"


class NodeKey(KeyPair):
    """The key that names a node and signs its answers."""

    __slots__ = ()


def load_or_create(path):
    """The NodeKey in the file ``path``, made if there is none. Raises KeyFileError."""
    path = os.fspath(path)
    data = read_private(path, _WHAT, FILE_BYTES)
    if data is None:
        key = NodeKey(_seed())
        try:
            create_private(path, key.seed + key.public_key, _WHAT)
            return key
        except KeyFileTaken:
            # Another process was quicker: its key is the node's.
            data = read_private(path, _WHAT, FILE_BYTES) or b""
    if len(data) != FILE_BYTES:
        raise KeyFileError(f"{_WHAT} {path} has {len(data)} bytes and not {FILE_BYTES}: restore it from a backup")
    key = NodeKey(data[: sodium.SEED_BYTES])
    # A flipped bit would make another node of this one; the public key beside the seed shows it.
    if key.public_key != data[sodium.SEED_BYTES :]:
        raise KeyFileError(f"{_WHAT} {path} is damaged: restore it from a backup")
    return key


def _seed():
    """A seed of random bytes; waits until the system's random source is ready, which a first boot may have to."""
    if hasattr(os, "getrandom"):
        return os.getrandom(sodium.SEED_BYTES)
    return os.urandom(sodium.SEED_BYTES)
