"""An owner's key in a file, under a passphrase: Argon2id makes a key of it, XChaCha20-Poly1305 seals the seed."""

import os
import unicodedata

from leither_edge.core import cbor
from leither_edge.core.fields import is_bytes, is_integer, is_text
from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.crypto.private_file import KeyFileError, create_private, read_private

__all__ = ("KeyFileError", "OwnerKey", "public_key_of_file", "read_key_file", "write_key_file")

FILE_MAX_BYTES = 1024
FORMAT = "leither-owner-key"
VERSION = 1
# About a second on a laptop; RFC 9106 section 4 asks for 64 MiB and three passes at least where memory is short.
OPERATIONS = 3
MEMORY_MIB = 256
# What a file may ask of the reader: enough for later, too little to stall the machine.
OPERATIONS_RANGE = (1, 16)
MEMORY_MIB_RANGE = (8, 1024)
_SEALED_BYTES = sodium.SEED_BYTES + 16
_WHAT = "the key file"

_FORMAT, _VERSION, _NAME, _PUBLIC_KEY, _OPERATIONS, _MEMORY_MIB, _SALT, _NONCE, _SEALED = range(1, 10)


class OwnerKey(KeyPair):
    """An owner's key with the name it was given."""

    __slots__ = ("name",)

    def __init__(self, seed, name=""):
        super().__init__(seed)
        self.name = name


def write_key_file(path, seed, passphrase, name, operations=OPERATIONS, memory_mib=MEMORY_MIB):
    """Makes a key file; one that is there is not replaced.

    Args: seed (32 bytes), passphrase (text, not empty), name (1 to 64 characters), operations and memory_mib (cost of each guess).
    Raises KeyFileError.
    """
    path = os.fspath(path)
    if not passphrase:
        raise KeyFileError("a key file needs a passphrase")
    if not is_text(name, 1, 64):
        raise KeyFileError("a key's name has 1 to 64 characters")
    header = {
        _FORMAT: FORMAT,
        _VERSION: VERSION,
        _NAME: name,
        _PUBLIC_KEY: sodium.keypair_from_seed(seed)[0],
        _OPERATIONS: operations,
        _MEMORY_MIB: memory_mib,
        _SALT: sodium.random_bytes(sodium.SALT_BYTES),
        _NONCE: sodium.random_bytes(sodium.NONCE_BYTES),
    }
    sealed = sodium.seal(bytes(seed), cbor.encode(header), header[_NONCE], _key(header, passphrase, path))
    header[_SEALED] = sealed
    create_private(path, cbor.encode(header), _WHAT)


def read_key_file(path, passphrase):
    """The OwnerKey in a key file. Raises KeyFileError: missing, damaged, wrong passphrase."""
    path = os.fspath(path)
    header = _read(path)
    sealed = header.pop(_SEALED)
    seed = sodium.unseal(sealed, cbor.encode(header), header[_NONCE], _key(header, passphrase, path))
    if seed is None:
        raise KeyFileError(f"the passphrase does not open {path} (or the file is damaged)")
    key = OwnerKey(seed, header[_NAME])
    if key.public_key != header[_PUBLIC_KEY]:
        raise KeyFileError(f"{_WHAT} {path} is damaged: its public key is not that of its secret")
    return key


def public_key_of_file(path):
    """The (name, 32-byte public key) that a key file states, without the passphrase and so not proven. Raises KeyFileError."""
    header = _read(os.fspath(path))
    return header[_NAME], header[_PUBLIC_KEY]


def _key(header, passphrase, path):
    # The same passphrase typed on another system may come in another Unicode form.
    text = unicodedata.normalize("NFKC", passphrase).encode()
    try:
        return sodium.argon2id(text, header[_SALT], header[_OPERATIONS], header[_MEMORY_MIB] << 20)
    except MemoryError:
        raise KeyFileError(f"{path} needs {header[_MEMORY_MIB]} MiB of free memory to open") from None


def _read(path):
    data = read_private(path, _WHAT, FILE_MAX_BYTES)
    if data is None:
        raise KeyFileError(f"there is no key file {path}")
    try:
        header = cbor.decode(data, FILE_MAX_BYTES, 2)
    except cbor.CborError:
        header = None
    if not isinstance(header, dict) or header.get(_FORMAT) != FORMAT:
        raise KeyFileError(f"{path} is not a key file, or is damaged")
    if header.get(_VERSION) != VERSION:
        raise KeyFileError(f"{path} was written by a newer version of this program")
    good = (
        set(header) == set(range(_FORMAT, _SEALED + 1))
        and is_text(header[_NAME], 1, 64)
        and is_bytes(header[_PUBLIC_KEY], sodium.PUBLIC_KEY_BYTES)
        and is_integer(header[_OPERATIONS], *OPERATIONS_RANGE)
        and is_integer(header[_MEMORY_MIB], *MEMORY_MIB_RANGE)
        and is_bytes(header[_SALT], sodium.SALT_BYTES)
        and is_bytes(header[_NONCE], sodium.NONCE_BYTES)
        and is_bytes(header[_SEALED], _SEALED_BYTES)
    )
    if not good:
        raise KeyFileError(f"{_WHAT} {path} is damaged: a field of it is missing or out of range")
    return header
