"""Protocol names, and the two hash functions with what is made of them (Noise revision 34 sections 4.3, 8 and 12)."""

from collections import namedtuple

import pysodium

from leither_edge.core.sha256 import sha256

DH_BYTES = 32
KEY_BYTES = 32
TAG_BYTES = 16
MESSAGE_MAX_BYTES = 65535

# name: as in a protocol name. digest: bytes -> hash. hash_bytes, block_bytes: sizes of the hash function.
Suite = namedtuple("Suite", ("name", "digest", "hash_bytes", "block_bytes"))

_INNER = bytes(value ^ 0x36 for value in range(256))
_OUTER = bytes(value ^ 0x5C for value in range(256))


def _sha256(data):
    return sha256(data).digest()


def _blake2b(data):
    return pysodium.crypto_generichash(data, outlen=64)


SHA256 = Suite("25519_ChaChaPoly_SHA256", _sha256, 32, 64)
BLAKE2B = Suite("25519_ChaChaPoly_BLAKE2b", _blake2b, 64, 128)


def protocol_name(pattern, suite):
    """The name that both sides hash first, such as b"Noise_XX_25519_ChaChaPoly_SHA256". Args: pattern ("XX" or "IK"), suite (a Suite)."""
    return f"Noise_{pattern}_{suite.name}".encode()


def hmac(suite, key, data):
    """HMAC of RFC 2104. Args: suite, key (at most one block), data (bytes)."""
    key = key.ljust(suite.block_bytes, b"\0")
    return suite.digest(key.translate(_OUTER) + suite.digest(key.translate(_INNER) + data))


def hkdf2(suite, chaining_key, material):
    """Two new keys of hash_bytes each, from the chaining key and what was just agreed on (section 4.3)."""
    fresh = hmac(suite, chaining_key, material)
    first = hmac(suite, fresh, b"\1")
    return first, hmac(suite, fresh, first + b"\2")
