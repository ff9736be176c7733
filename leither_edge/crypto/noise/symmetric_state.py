"""The chaining key, and the hash of everything said so far (Noise revision 34 section 5.2)."""

from leither_edge.crypto.noise.cipher_state import CipherState
from leither_edge.crypto.noise.suite import KEY_BYTES, hkdf2


class SymmetricState:
    """What both sides know in the same form after each token of a handshake.

    Attributes: hash (of all that was said; at the end it names the channel).
    """

    __slots__ = ("hash", "_suite", "_chaining_key", "_cipher")

    def __init__(self, suite, name):
        """Args: suite (a Suite), name (bytes of the protocol's name)."""
        self._suite = suite
        self.hash = name.ljust(suite.hash_bytes, b"\0") if len(name) <= suite.hash_bytes else suite.digest(name)
        self._chaining_key = self.hash
        self._cipher = None

    @property
    def has_key(self):
        return self._cipher is not None

    def mix_hash(self, data):
        """Takes bytes that both sides saw into the hash."""
        self.hash = self._suite.digest(self.hash + data)

    def mix_key(self, material):
        """Takes a shared secret (32 bytes) into the keys."""
        self._chaining_key, key = hkdf2(self._suite, self._chaining_key, material)
        if self._cipher is not None:
            self._cipher.forget()
        self._cipher = CipherState(key[:KEY_BYTES])

    def encrypt_and_hash(self, plain):
        """The bytes encrypted if there is a key by now, else as they are."""
        sealed = plain if self._cipher is None else self._cipher.encrypt(plain, self.hash)
        self.mix_hash(sealed)
        return sealed

    def decrypt_and_hash(self, sealed):
        """The bytes of encrypt_and_hash. Raises NoiseError."""
        plain = sealed if self._cipher is None else self._cipher.decrypt(sealed, self.hash)
        self.mix_hash(sealed)
        return plain

    def split(self):
        """Two CipherStates: from the initiator to the responder, and back. The keys kept here are let go."""
        first, second = hkdf2(self._suite, self._chaining_key, b"")
        self.forget()
        return CipherState(first[:KEY_BYTES]), CipherState(second[:KEY_BYTES])

    def forget(self):
        """Lets the keys go; the hash stays."""
        if self._cipher is not None:
            self._cipher.forget()
        self._cipher = self._chaining_key = None
