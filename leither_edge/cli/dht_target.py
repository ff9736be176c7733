"""What a person points at in the DHT: a hash, a public key in any of its texts, or one of the own keys."""

import re
from collections import namedtuple

from leither_edge.cli import keyring
from leither_edge.cli.book import Book
from leither_edge.cli.failure import UsageError
from leither_edge.cli.output import clean

HASH_HEX = re.compile(r"[0-9a-fA-F]{40}")
KEY_HEX = re.compile(r"[0-9a-fA-F]{64}")
KEY_Z_BASE_32 = re.compile(r"[ybndrfg8ejkmcpqxot1uwisza345h769]{52}")

# target: 20 bytes; key: 32 bytes of the key that signs what is there, or None; text: what the user will recognize.
Named = namedtuple("Named", "target key text")


def named(home, text):
    """Return what a word of the command line points at."""
    from leither_edge.core.ids import public_key_to_text
    from leither_edge.dht.item import mutable_target

    if HASH_HEX.fullmatch(text):
        return Named(bytes.fromhex(text), None, text.lower())
    key = key_of(home, text)
    return Named(mutable_target(key, b""), key, public_key_to_text(key))


def key_of(home, text):
    """The 32 bytes of a public key: one of the user's by name, or a text of 48, 52 or 64 characters."""
    from leither_edge.core.ids import PUBLIC_KEY_TEXT_CHARS, IdError, public_key_from_text

    book = Book(home)
    if text in book.keys:
        return keyring.entry_to_key(text, book.keys[text]).public_key
    if KEY_HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        if KEY_Z_BASE_32.fullmatch(text):
            from leither_edge.names import z_base_32

            return z_base_32.decode(text, z_base_32.KEY_BYTES)
        if len(text) == PUBLIC_KEY_TEXT_CHARS:
            return public_key_from_text(text)
    except (IdError, ValueError) as error:
        raise UsageError(f"“{clean(text, 60)}” is not a public key.", f"{error}.") from None
    raise UsageError(
        f"“{clean(text, 60)}” is neither a hash nor a key.",
        "A hash has 40 hexadecimal digits; a public key has 48 characters, 52 in z-base-32, or 64 hexadecimal digits.",
        "See your own keys: leither key list", code="what",
    )  # fmt: skip


def hash_given(text):
    """The 20 bytes of 40 hexadecimal digits."""
    if not HASH_HEX.fullmatch(text):
        raise UsageError(
            f"“{clean(text, 60)}” is not an info hash.", "It has 40 hexadecimal digits.", "A tag is written --tag NAME.", code="what"
        )
    return bytes.fromhex(text)


def signer_of(home, out, args):
    """The Signer of ``--key``."""
    return keyring.unlock(keyring.find_key(Book(home), args.key), out, args.passphrase_file)
