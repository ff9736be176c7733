"""z-base-32: bits as letters that people can read, say and type; how a public key is written as a name.

Source: P. O'Whielacronx, Human-oriented base-32 encoding (2002); pkarr's base specification.
"""

ALPHABET = "ybndrfg8ejkmcpqxot1uwisza345h769"
_DIGITS = {character: value for value, character in enumerate(ALPHABET)}

KEY_BYTES = 32
NAME_CHARS = 52


class KeyNameError(ValueError):
    """A text is not z-base-32, or not a key in it; the message says why."""


def encode(data):
    """The text of bytes: five bits a character, the last one filled up with zeros."""
    bits = len(data) * 8
    chars = -(-bits // 5)
    number = int.from_bytes(data, "big") << (chars * 5 - bits)
    return "".join([ALPHABET[number >> shift & 31] for shift in range(chars * 5 - 5, -1, -5)])


def decode(text, size):
    """The ``size`` bytes of a text. Raises KeyNameError: wrong length, foreign character, spare bits not zero."""
    chars = -(-size * 8 // 5)
    if len(text) != chars:
        raise KeyNameError(f"{size} bytes are written with {chars} characters")
    number = 0
    for character in text:
        value = _DIGITS.get(character)
        if value is None:
            raise KeyNameError("z-base-32 has the letters a-z without l and v, and the digits 1 and 3 to 9")
        number = number << 5 | value
    spare = chars * 5 - size * 8
    if number & ((1 << spare) - 1):
        raise KeyNameError("the last character carries bits that belong to no byte")
    return (number >> spare).to_bytes(size, "big")


def key_to_name(public_key):
    """The 52-character name of a 32-byte Ed25519 public key."""
    if len(public_key) != KEY_BYTES:
        raise KeyNameError("a public key has 32 bytes")
    return encode(public_key)


def name_to_key(name):
    """The public key that a 52-character name writes, in letters of either case, as DNS has them. Raises KeyNameError."""
    if not name.isascii():
        # Lowering would make letters of ours of some foreign ones.
        raise KeyNameError("a key's name has no other letters than a-z")
    return decode(name.lower(), KEY_BYTES)
