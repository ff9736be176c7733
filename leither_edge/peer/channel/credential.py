"""A node's channel key, an X25519 key of its own, and the record by which the node's identity says that it is the node's.

The key lies in `channel.key`; who takes it speaks as the node in channels, but cannot sign as it. A new file is a new key: peers learn it
at the next handshake.
"""

import os
from collections import namedtuple

from leither_edge.core import cose
from leither_edge.core.fields import Field, is_hash
from leither_edge.core.self_signed import open_record, sign_record
from leither_edge.crypto import sodium
from leither_edge.crypto.noise.curve import pair_from_secret
from leither_edge.crypto.noise.suite import KEY_BYTES
from leither_edge.crypto.private_file import KeyFileError, KeyFileTaken, create_private, read_private

__all__ = ("CREDENTIAL_MAX_BYTES", "BadCredential", "ChannelKey", "Credential", "KeyFileError", "load_or_create", "open_credential")

CREDENTIAL_MAX_BYTES = 256
FILE_NAME = "channel.key"
_FILE = "the channel key"
_WHAT = "the record of a channel key"

# static: X25519 key of the node's channels. public_key: Ed25519 key that names the node. 32 bytes each.
Credential = namedtuple("Credential", ("static", "public_key"))

_FIELDS = (
    Field(1, "static", "32 bytes", is_hash, False),
    Field(2, "public_key", "32 bytes", is_hash, False),
)


class BadCredential(ValueError):
    """A record of a channel key is malformed, or its key did not sign it.

    Args: code ("malformed", "too-large" or "bad-signature"), sentence (for people).
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


class ChannelKey:
    """What a node shows and proves in every handshake.

    Attributes: pair (curve.Pair), public_key (of the node's identity, 32 bytes), credential (bytes: the signed record).
    """

    __slots__ = ("pair", "public_key", "credential")

    def __init__(self, secret, identity):
        """Args: secret (32 bytes), identity (KeyPair)."""
        self.pair = pair_from_secret(secret)
        self.public_key = identity.public_key
        record = Credential(self.pair.public, self.public_key)
        self.credential = sign_record(record, _FIELDS, cose.CT_CHANNEL_KEY, BadCredential, _WHAT, identity.sign)


def open_credential(data, verify=sodium.verify):
    """The Credential of a message that its own key signed. Raises BadCredential."""
    return open_record(data, Credential, _FIELDS, cose.CT_CHANNEL_KEY, BadCredential, _WHAT, CREDENTIAL_MAX_BYTES, verify)


def load_or_create(path, identity, random_bytes=sodium.random_bytes):
    """The ChannelKey in the file ``path``, made if there is none. Args: identity (KeyPair). Raises KeyFileError."""
    path = os.fspath(path)
    secret = read_private(path, _FILE, KEY_BYTES)
    if secret is None:
        secret = random_bytes(KEY_BYTES)
        try:
            create_private(path, secret, _FILE)
        except KeyFileTaken:
            # Another process was quicker: its key is the node's.
            secret = read_private(path, _FILE, KEY_BYTES) or b""
    if len(secret) != KEY_BYTES:
        raise KeyFileError(f"{_FILE} {path} has {len(secret)} bytes and not {KEY_BYTES}: remove it, and a new one is made")
    return ChannelKey(secret, identity)
