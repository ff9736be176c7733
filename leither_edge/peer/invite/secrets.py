"""What both sides make of a code: where to meet, and what nobody else knows. Slowly, so that trying codes is dear."""

from collections import namedtuple

from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair

# 16 MiB, filled three times: 0.04 s on a laptop, and memory that a small device has to spare for a moment (RFC 9106 section 4).
OPERATIONS = 3
MEMORY_BYTES = 16 << 20
TAG_BYTES = 16
PROOF_BYTES = 32
_SALT = b"leither peer inv"

# place: KeyPair under which the record lies. tag: 16 bytes that name it to those who know the code. sealing, proving: 32 bytes.
Secrets = namedtuple("Secrets", ("place", "tag", "sealing", "proving"))


def secrets_of(symbols, network, operations=OPERATIONS, memory_bytes=MEMORY_BYTES):
    """The Secrets of a code; takes its time, so not for the trio thread.

    Args: symbols (twelve characters), network (8 bytes), operations and memory_bytes (cost; both sides must take the same).
    Raises MemoryError.
    """
    slow = sodium.argon2id(symbols.encode() + network, _SALT, operations, memory_bytes)

    def part(name, size):
        return sodium.keyed_hash(name, slow, size)

    place = KeyPair(part(b"place", sodium.SEED_BYTES))
    return Secrets(place, part(b"tag", TAG_BYTES), part(b"seal", sodium.KEY_BYTES), part(b"prove", sodium.KEY_BYTES))
