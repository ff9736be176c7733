"""Write tokens (BEP 5): whoever announces or puts shows that he lately received a reply of ours at his address."""

from leither_edge.core.sha256 import sha256
from leither_edge.crypto.sodium import equal

TOKEN_BYTES = 8
ROTATION_S = 300
_SECRET_BYTES = 16


class Tokens:
    """Makes tokens for an IP address and knows them again for five to ten minutes, without keeping any.

    Args: random_bytes (count -> bytes), now (seconds).
    """

    __slots__ = ("_random_bytes", "_secret", "_last_secret", "_rotated")

    def __init__(self, random_bytes, now):
        self._random_bytes = random_bytes
        self._secret = random_bytes(_SECRET_BYTES)
        self._last_secret = random_bytes(_SECRET_BYTES)
        self._rotated = now

    def make(self, address, now):
        """The token (8 bytes) for a packed address. The port is left out, as behind a NAT it changes."""
        self._rotate(now)
        return _token(self._secret, address)

    def is_good(self, token, address, now):
        """True for a token made for this address at most ten minutes ago (BEP 5), told in constant time."""
        self._rotate(now)
        # Both are always compared: how long it takes does not tell which one is near.
        is_new = equal(token, _token(self._secret, address))
        return equal(token, _token(self._last_secret, address)) or is_new

    def _rotate(self, now):
        age = now - self._rotated
        if age < ROTATION_S:
            return
        # After a long silence the present secret is too old to be the last one.
        self._last_secret = self._secret if age < 2 * ROTATION_S else self._random_bytes(_SECRET_BYTES)
        self._secret = self._random_bytes(_SECRET_BYTES)
        # Whole periods, however seldom anybody asks: else a token would live longer.
        self._rotated += age // ROTATION_S * ROTATION_S


def _token(secret, address):
    return sha256(secret + address[:-2]).digest()[:TOKEN_BYTES]
