"""160-bit ids of keys, and the text forms of ids and public keys."""

import binascii

from leither_edge.core.sha256 import sha256

ID_BYTES = 20
ID_TEXT_CHARS = 27
PUBLIC_KEY_BYTES = 32
PUBLIC_KEY_TEXT_CHARS = 48
_CHECKSUM_BYTES = 4


class IdError(ValueError):
    """A text is not an id or a public key; the message says why."""


def key_id(public_key):
    """The id of a key: the first 20 bytes of the SHA-256 of the 32-byte Ed25519 public key."""
    if not isinstance(public_key, bytes) or len(public_key) != PUBLIC_KEY_BYTES:
        raise IdError("a public key has 32 bytes")
    return sha256(public_key).digest()[:ID_BYTES]


def id_to_text(id20):
    """The 27-character text of a 20-byte id: base64url without padding (RFC 4648 section 5)."""
    if not isinstance(id20, bytes) or len(id20) != ID_BYTES:
        raise IdError("an id has 20 bytes")
    return _to_text(id20)


def id_from_text(text):
    """The 20 bytes of an id's text. Raises IdError: wrong length, foreign character, spare bits not zero."""
    return _from_text(text, ID_TEXT_CHARS, "an id")


def public_key_to_text(public_key):
    """The 48-character text of a 32-byte public key: base64url of the key and four bytes of its SHA-256."""
    if not isinstance(public_key, bytes) or len(public_key) != PUBLIC_KEY_BYTES:
        raise IdError("a public key has 32 bytes")
    return _to_text(public_key + sha256(public_key).digest()[:_CHECKSUM_BYTES])


def public_key_from_text(text):
    """The 32 bytes of a public key's text. Raises IdError, also when the checksum shows a typing error."""
    data = _from_text(text, PUBLIC_KEY_TEXT_CHARS, "a public key")
    public_key = data[:PUBLIC_KEY_BYTES]
    if sha256(public_key).digest()[:_CHECKSUM_BYTES] != data[PUBLIC_KEY_BYTES:]:
        raise IdError("this public key has a typing error in it: its checksum does not match")
    return public_key


def _to_text(data):
    text = binascii.b2a_base64(data).decode().rstrip("\n=")
    return text.replace("+", "-").replace("/", "_")


def _from_text(text, chars, what):
    if not isinstance(text, str) or len(text) != chars:
        raise IdError(f"{what} is written with {chars} characters")
    try:
        data = binascii.a2b_base64((text.replace("-", "+").replace("_", "/") + "=" * (-chars % 4)).encode())
    except ValueError:
        data = b""
    # The decoder is lenient (foreign characters, spare bits); only the one text that we would write ourselves is good.
    if _to_text(data) != text:
        raise IdError(f"{what} is written with the letters A-Z and a-z, the digits, - and _ only, and this text is not one")
    return data
