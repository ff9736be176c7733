"""The code of an invitation: twelve letters and digits, such as 7KQM-2D8V-XW0T, the last of which checks the others.

The 32 characters are those of Crockford's base 32: no I, L, O and U, which are read as 1, 1, 0 and V. The check is the sum of the others,
each times a power of its own of a generator of the field of 32 elements: one wrong character, or two that changed places, show.
"""

from leither_edge.peer.invite.errors import InviteError

CODE_CHARS = 12
GROUP_CHARS = 4
_TEXT_MAX_CHARS = 40
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)} | {"I": 1, "L": 1, "O": 0, "U": 27}
# x^5 + x^2 + 1, of which x generates all 31 elements but zero.
_POLYNOMIAL = 0b100101


def new_code(random_bytes):
    """A fresh code of 55 random bits, in groups. Args: random_bytes (count -> bytes)."""
    values = [byte & 31 for byte in random_bytes(CODE_CHARS - 1)]
    return grouped("".join(_ALPHABET[value] for value in [*values, _check(values)]))


def grouped(symbols):
    """Twelve characters with hyphens between each four."""
    return "-".join(symbols[at : at + GROUP_CHARS] for at in range(0, len(symbols), GROUP_CHARS))


def read_code(text):
    """The twelve characters of a code as somebody typed it: case, spaces and hyphens do not matter. Raises InviteError (bad-code)."""
    if not isinstance(text, str) or len(text) > _TEXT_MAX_CHARS:
        raise _bad("it is too long")
    values = []
    for letter in text.upper():
        if letter in "- \t":
            continue
        if letter not in _VALUES:
            raise _bad(f"“{letter}” is no character of a code" if letter.isprintable() else "a character in it is none of a code")
        values.append(_VALUES[letter])
    if len(values) != CODE_CHARS:
        raise _bad(f"it has {len(values)} characters")
    if _check(values[:-1]) != values[-1]:
        raise _bad("there is a typing error in it: one character is another, or two changed places")
    return "".join(_ALPHABET[value] for value in values)


def _check(values):
    total = 0
    # Horner's rule: each value is multiplied once more than the one after it, the last one once.
    for value in values:
        total = _times_x(total ^ value)
    return total


def _times_x(value):
    value <<= 1
    return value ^ _POLYNOMIAL if value & 32 else value


def _bad(why):
    return InviteError("bad-code", f"This is no code of an invitation, which has twelve letters and digits like XXXX-XXXX-XXXX: {why}.")
