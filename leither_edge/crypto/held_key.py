"""A user's key in memory for as long as a session lasts, in a buffer that is overwritten at its end."""

import ctypes

import pysodium

from leither_edge.crypto import sodium

_MAC_BYTES = 16


class HeldKey:
    """An Ed25519 key unsealed into a buffer of its own. Made by `unsealed`.

    Attributes: public_key (32 bytes).
    """

    __slots__ = ("public_key", "_secret")

    def __init__(self, public_key, secret):
        self.public_key = public_key
        self._secret = secret

    def sign(self, message):
        """The 64-byte signature of a message. Raises ValueError after `forget`."""
        if self._secret is None:
            raise ValueError("the key was forgotten")
        return pysodium.crypto_sign_detached(message, self._secret)

    def forget(self):
        """Overwrites the secret; a second call does nothing."""
        secret, self._secret = self._secret, None
        if secret is not None:
            pysodium.sodium.sodium_memzero(secret, ctypes.c_size_t(len(secret)))


def unsealed(sealed, additional, nonce, key):
    """The HeldKey of a sealed 32-byte seed, or None if the key is wrong or a byte was altered. Args: as for sodium.unseal."""
    if len(sealed) != sodium.SEED_BYTES + _MAC_BYTES:
        return None
    seed = ctypes.create_string_buffer(sodium.SEED_BYTES)
    # pysodium would return the seed as bytes, which nobody can overwrite.
    failed = pysodium.sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        seed, None, None, sealed, ctypes.c_ulonglong(len(sealed)), additional, ctypes.c_ulonglong(len(additional)), nonce, key
    )
    if failed:
        return None
    public, secret = ctypes.create_string_buffer(sodium.PUBLIC_KEY_BYTES), ctypes.create_string_buffer(sodium.SECRET_BYTES)
    pysodium.sodium.crypto_sign_seed_keypair(public, secret, seed)
    pysodium.sodium.sodium_memzero(seed, ctypes.c_size_t(len(seed)))
    return HeldKey(public.raw, secret)
