"""Curve25519 (RFC 7748): key pairs, and an exchange that refuses the points which give nothing but zeros."""

from collections import namedtuple

import pysodium

from leither_edge.crypto.noise.errors import NoiseError
from leither_edge.crypto.noise.suite import DH_BYTES

# secret, public: 32 bytes each.
Pair = namedtuple("Pair", ("secret", "public"))


def pair_from_secret(secret):
    """The Pair of 32 secret random bytes."""
    if len(secret) != DH_BYTES:
        raise ValueError("a Curve25519 secret has 32 bytes")
    return Pair(bytes(secret), pysodium.crypto_scalarmult_curve25519_base(secret))


def exchange(secret, public):
    """The 32 bytes that the holders of two keys share. Raises NoiseError (zero-key): the other's point is of small order.

    With such a point everybody knows the result, so a channel would be open to all (Noise section 4.1 leaves the check to us).
    """
    try:
        return pysodium.crypto_scalarmult_curve25519(secret, public)
    except ValueError:
        raise NoiseError("zero-key", "the other side's key is one that would make the channel's key known to everybody") from None
