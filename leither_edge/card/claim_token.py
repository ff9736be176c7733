"""The claim token: how it is made, written for people, and compared."""

TOKEN_CHARACTERS = 20  # 100 bits
GROUP = 5
# Crockford's base 32: no I, L, O or U, so that a token read from a screen or over the phone stays itself.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def token_from(random):
    """The token, without hyphens, of 20 random bytes."""
    if len(random) != TOKEN_CHARACTERS:
        raise ValueError(f"a token is made of {TOKEN_CHARACTERS} random bytes")
    return "".join(ALPHABET[byte & 31] for byte in random)


def normal_token(typed):
    """A token as compared: case, spaces and hyphens do not count, O is 0, I and L are 1."""
    marks = "".join(mark for mark in typed.upper() if not mark.isspace() and mark not in "-‐‑–")
    return marks.replace("O", "0").replace("I", "1").replace("L", "1")


def is_token(token):
    """Whether a text in normal form is a token."""
    return len(token) == TOKEN_CHARACTERS and all(mark in ALPHABET for mark in token)


def in_groups(token):
    """A token for people: groups of five with hyphens."""
    return "-".join(token[at : at + GROUP] for at in range(0, len(token), GROUP))
