"""Texts of bytes whose first letter says how they are written (multibase): base32 and base58btc out; base36 and base64url in too."""

import binascii

from leither_edge.mimei.errors import BadInput

# An inline label of 128 bytes has fewer letters than this in every base.
TEXT_MAX = 240
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_VALUES58 = {letter: value for value, letter in enumerate(_BASE58)}
# Python reads numbers to the base 32 itself, with digits of its own.
_PYTHON32 = str.maketrans(_BASE32, "0123456789abcdefghijklmnopqrstuv")


def to_base32(data):
    """Base32 in small letters without padding (RFC 4648 section 6), without the prefix."""
    spare = -8 * len(data) % 5
    number = int.from_bytes(data, "big") << spare
    return "".join([_BASE32[number >> shift & 31] for shift in range(8 * len(data) + spare - 5, -1, -5)])


def to_base58(data):
    """Base58 with Bitcoin's letters, without the prefix."""
    number = int.from_bytes(data, "big")
    letters = []
    while number:
        number, rest = divmod(number, 58)
        letters.append(_BASE58[rest])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(letters))


def from_base58(text):
    """The bytes of a base58 text. Raises BadInput: too long, a foreign letter."""
    _check(text, _VALUES58)
    number = 0
    for letter in text:
        number = number * 58 + _VALUES58[letter]
    return _bytes(number, len(text) - len(text.lstrip("1")))


def decode(text):
    """The bytes of a text with its prefix: b, B (base32), z (base58btc), k, K (base36) or u (base64url). Raises BadInput."""
    prefix, body = text[:1], text[1:]
    if prefix == "z":
        return from_base58(body)
    if prefix == "u":
        return _from_base64(body)
    if prefix in ("B", "K") and body == body.upper():
        prefix, body = prefix.lower(), body.lower()
    if prefix == "b":
        return _from_base32(body)
    if prefix == "k":
        _check(body, _BASE36)
        return _bytes(int(body, 36), len(body) - len(body.lstrip("0"))) if body else b""
    raise BadInput("A label begins with b, z, k or u, or with Qm: copy it whole.")


def _from_base32(body):
    _check(body, _BASE32)
    size, spare = divmod(5 * len(body), 8)
    number = int(body.translate(_PYTHON32), 32) if body else 0
    if spare > 4 or number & (1 << spare) - 1:
        raise BadInput("A label in base32 has a letter too many or too few: copy it whole.")
    return (number >> spare).to_bytes(size, "big")


def _from_base64(body):
    if len(body) <= TEXT_MAX and "=" not in body and "+" not in body and "/" not in body:
        try:
            data = binascii.a2b_base64(body.replace("-", "+").replace("_", "/") + "=" * (-len(body) % 4), strict_mode=True)
        except ValueError:
            data = None
        if data is not None and binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_URL) == body.encode():
            return data
    raise BadInput("A label in base64 has a letter that does not belong there: copy it whole.")


_URL = bytes.maketrans(b"+/", b"-_")


def _check(text, letters):
    if len(text) > TEXT_MAX:
        raise BadInput(f"A label has at most {TEXT_MAX} letters.")
    for letter in text:
        if letter not in letters:
            raise BadInput("A label has a letter that does not belong there: copy it whole.")


def _bytes(number, zeros):
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
