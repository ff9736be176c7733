"""The device's own access point: where it is, and how its name and passphrase are made."""

from leither_edge.card.claim_token import ALPHABET

# Of the device in the network of its access point.
ADDRESS = "192.168.4.1"
PORT = 80

NAME_START = "Leither-"
NAME_RANDOM_BYTES = 4
GROUPS = 3
GROUP = 4  # 12 characters are 60 bits: who records a handshake would guess for centuries
PASSPHRASE_RANDOM_BYTES = GROUPS * GROUP
PASSPHRASE_CHARACTERS = GROUPS * (GROUP + 1) - 1


def passphrase_from(random):
    """The passphrase of 12 random bytes, in groups of four."""
    marks = _marks(random, PASSPHRASE_RANDOM_BYTES)
    return "-".join(marks[at : at + GROUP] for at in range(0, len(marks), GROUP))


def is_made_passphrase(text):
    """Whether a text has the form of a passphrase made here."""
    return len(text) == PASSPHRASE_CHARACTERS and all(mark in ALPHABET or mark == "-" for mark in text)


def name_from(random):
    """The network's name of 4 random bytes, for a card: who flashes it knows nothing of the device yet."""
    return NAME_START + _marks(random, NAME_RANDOM_BYTES)


def _marks(random, count):
    if len(random) != count:
        raise ValueError(f"{count} random bytes are wanted")
    return "".join(ALPHABET[byte & 31] for byte in random)
