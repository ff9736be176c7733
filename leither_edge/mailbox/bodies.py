"""What is too large for a letter: sealed, and cut into immutable items (BEP 44) of the DHT.

Whoever stores a piece learns nothing of it, and the reference in the letter proves each piece and the whole. What is too
large even for that is named by its hash alone, and fetched over HTTP.
"""

from collections import namedtuple

from leither_edge.core.fields import is_hash, is_id, is_integer
from leither_edge.core.sha256 import sha256
from leither_edge.crypto import sodium
from leither_edge.dht import bencode
from leither_edge.dht.item import immutable_target

VALUE_MAX_BYTES = 1000
# Behind the length and colon of a bencoded byte string.
SEALED_MAX_BYTES = VALUE_MAX_BYTES - 4
# Two of the largest commands or answers of the profiles (16 KiB); 20 bytes each in the letter, beside two addresses.
PIECES_MAX = 36
# The largest answer there may be, with what goes around it.
BODY_MAX_BYTES = 65536 + 1024

# digest: SHA-256 of the sealed bytes. size: how many they are. targets: 20 bytes each, of the items that hold them in order;
# none where they are too many.
Body = namedtuple("Body", "digest size targets")


class LetterError(ValueError):
    """A letter or body cannot be made or read. code: a word for programs; the text is a sentence."""

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


def cut(data, public_key):
    """(Body, sealed bytes, values of its items) of some bytes, sealed to a key. Raises LetterError: too-large."""
    sealed = sodium.seal_to(data, public_key)
    if len(sealed) > BODY_MAX_BYTES:
        raise LetterError("too-large", f"a mailbox carries at most {BODY_MAX_BYTES} bytes, and these are {len(sealed)}")
    values = []
    if len(sealed) <= PIECES_MAX * SEALED_MAX_BYTES:
        values = [wrap(sealed[at : at + SEALED_MAX_BYTES]) for at in range(0, len(sealed), SEALED_MAX_BYTES)]
    return Body(sha256(sealed).digest(), len(sealed), tuple(immutable_target(value) for value in values)), sealed, values


def joined(body, values):
    """The sealed bytes of a Body from its items' values, in order. Raises LetterError: malformed, altered."""
    return checked(body, b"".join(unwrap(value) for value in values))


def checked(body, sealed):
    """Sealed bytes that came some other way, if they are the Body's. Raises LetterError: altered."""
    if len(sealed) != body.size or not sodium.equal(sha256(sealed).digest(), body.digest):
        raise LetterError("altered", "what was fetched is not what the letter names")
    return sealed


def is_body(value):
    """Whether a decoded value has the shape of a Body."""
    return (
        isinstance(value, list)
        and len(value) == 3
        and is_hash(value[0])
        and is_integer(value[1], sodium.SEALED_MORE_BYTES, BODY_MAX_BYTES)
        and isinstance(value[2], list)
        and len(value[2]) in (0, -(-value[1] // SEALED_MAX_BYTES))
        and len(value[2]) <= PIECES_MAX
        and all(is_id(target) for target in value[2])
    )


def wrap(data):
    """The bencoded value of an item that holds some bytes."""
    return bencode.encode(data)


def unwrap(value):
    """The bytes in an item's value. Raises LetterError: malformed."""
    try:
        data = bencode.decode(value, VALUE_MAX_BYTES, 1)
    except bencode.BencodeError as error:
        raise LetterError("malformed", f"the item is malformed: {error}") from None
    if not isinstance(data, bytes):
        raise LetterError("malformed", "the item holds no byte string, so it is malformed")
    return data
