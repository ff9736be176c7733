"""An Ed25519 key that signs and never shows its secret."""

from leither_edge.core.ids import id_to_text, key_id
from leither_edge.crypto import sodium


class KeyPair:
    """A key made from its 32-byte seed.

    Attributes: public_key (32 bytes), id (20 bytes), seed (32 bytes; the secret).
    """

    __slots__ = ("public_key", "id", "seed", "_secret")

    def __init__(self, seed):
        self.seed = bytes(seed)
        self.public_key, self._secret = sodium.keypair_from_seed(self.seed)
        self.id = key_id(self.public_key)

    def sign(self, message):
        """The 64-byte signature of a message."""
        return sodium.sign(message, self._secret)

    def unseal(self, sealed):
        """The message in what was sealed to this key, or None (see sodium.open_sealed)."""
        return sodium.open_sealed(sealed, self.public_key, self._secret)

    def __repr__(self):
        return f"<{type(self).__name__} {id_to_text(self.id)}>"
