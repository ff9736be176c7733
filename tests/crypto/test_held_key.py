"""A key in memory for a session: it signs until it is forgotten, and is overwritten then."""

import pytest

from leither_edge.crypto import sodium
from leither_edge.crypto.held_key import unsealed
from leither_edge.crypto.key_pair import KeyPair

SEED, KEY, NONCE, BOUND = b"s" * 32, b"k" * 32, b"n" * 24, b"name"
SEALED = sodium.seal(SEED, BOUND, NONCE, KEY)


def test_signs_as_its_seed_does_until_it_is_forgotten():
    held = unsealed(SEALED, BOUND, NONCE, KEY)
    assert held.public_key == KeyPair(SEED).public_key and held.sign(b"message") == KeyPair(SEED).sign(b"message")
    secret = held._secret
    held.forget()
    held.forget()
    assert secret.raw == bytes(64)
    with pytest.raises(ValueError, match="forgotten"):
        held.sign(b"message")


@pytest.mark.parametrize(
    ("sealed", "bound", "key"),
    [(SEALED, b"other", KEY), (SEALED, BOUND, b"x" * 32), (SEALED[:-1] + b"x", BOUND, KEY), (SEALED[:-1], BOUND, KEY), (b"", BOUND, KEY)],
)
def test_wrong_key_or_altered_byte_opens_nothing(sealed, bound, key):
    assert unsealed(sealed, bound, NONCE, key) is None
