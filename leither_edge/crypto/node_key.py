"""The node's own key: 64 bytes in a file, the seed and the public key, made once and never replaced."""

import os
import stat

from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair

FILE_BYTES = sodium.SEED_BYTES + sodium.PUBLIC_KEY_BYTES
_MODE = 0o600


class KeyFileError(Exception):
    """A key file cannot be used; the message says which, why, and what to do."""


class NodeKey(KeyPair):
    """The key that names a node and signs its answers."""

    __slots__ = ()


def load_or_create(path):
    """The NodeKey in the file ``path``, made if there is none. Raises KeyFileError."""
    path = os.fspath(path)
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return _create(path)
    except OSError as error:
        raise KeyFileError(f"cannot read the node key {path}: {error.strerror}") from None
    try:
        return _load(file, path)
    finally:
        os.close(file)


def _load(file, path):
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileError(f"the node key {path} is not a plain file")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise KeyFileError(
            f"others may read the node key {path} (mode {stat.S_IMODE(status.st_mode):04o}); "
            "if nobody has, repair it with: chmod 600"
        )
    if status.st_size != FILE_BYTES:
        raise KeyFileError(f"the node key {path} has {status.st_size} bytes and not {FILE_BYTES}: restore it from a backup")
    data = os.read(file, FILE_BYTES + 1)
    key = NodeKey(data[: sodium.SEED_BYTES])
    # A flipped bit would make another node of this one; the public key beside the seed shows it.
    if key.public_key != data[sodium.SEED_BYTES :]:
        raise KeyFileError(f"the node key {path} is damaged: restore it from a backup")
    return key


def _create(path):
    key = NodeKey(_seed())
    folder = os.path.dirname(path) or "."
    fresh = path + ".new"
    try:
        # Left behind by a power cut before the rename: no identity was in use yet.
        try:
            os.unlink(fresh)
        except FileNotFoundError:
            pass
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
        try:
            os.fchmod(file, _MODE)
            data = key.seed + key.public_key
            if os.write(file, data) != len(data):
                raise KeyFileError(f"cannot write the node key {path}: the disk is full")
            os.fsync(file)
        finally:
            os.close(file)
        os.rename(fresh, path)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise KeyFileError(f"cannot write the node key {path}: {error.strerror}") from None
    return key


def _seed():
    """A seed of random bytes; waits until the system's random source is ready, which a first boot may have to."""
    if hasattr(os, "getrandom"):
        return os.getrandom(sodium.SEED_BYTES)
    return os.urandom(sodium.SEED_BYTES)
