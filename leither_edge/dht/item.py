"""Items of BEP 44: a value found by its own hash, or one signed by a key and replaced by higher sequence numbers."""

from collections import namedtuple

from leither_edge.dht.errors import DhtError

try:
    from _sha1 import sha1  # hashlib would map libcrypto, some megabytes a small device lacks
except ImportError:
    from hashlib import sha1

VALUE_MAX_BYTES = 1000
SALT_MAX_BYTES = 64
SEQ_MAX = (1 << 63) - 1
KEY_BYTES = 32
SIGNATURE_BYTES = 64

# value: bencoded bytes, at most 1,000; key: 32 bytes, or None of an immutable item; salt: at most 64 bytes; seq: 0..2**63-1;
# signature: 64 bytes or None.
Item = namedtuple("Item", "value key salt seq signature", defaults=(None, b"", 0, None))


def immutable_target(value):
    """Where a bencoded value is found if nobody signs it: its SHA-1, 20 bytes."""
    return sha1(value).digest()


def mutable_target(key, salt=b""):
    """Where the item of a public key (32 bytes) and a salt is found: 20 bytes."""
    return sha1(key + salt).digest()


def target_of(item):
    """Where an item is found."""
    return immutable_target(item.value) if item.key is None else mutable_target(item.key, item.salt)


def signed_part(seq, value, salt=b""):
    """The bytes that are signed. Args: seq (number), value (bencoded bytes), salt; an empty one leaves no trace (BEP 44)."""
    head = b"4:salt%d:%b" % (len(salt), salt) if salt else b""
    return b"%b3:seqi%de1:v%b" % (head, seq, value)


def make_mutable(value, key, salt, seq, sign):
    """A signed Item. Args: value (bencoded bytes), key (public, 32 bytes), salt, seq, sign (message -> 64 bytes).

    Raises DhtError (too-big), ValueError (sequence number out of range).
    """
    check_size(value, salt)
    if not 0 <= seq <= SEQ_MAX:
        raise ValueError("a sequence number lies between 0 and 2**63 - 1")
    return Item(value, key, salt, seq, sign(signed_part(seq, value, salt)))


def size_error(value, salt=b""):
    """(BEP 44 code, sentence) if a value or a salt is too long, else None."""
    if len(value) > VALUE_MAX_BYTES:
        return 205, f"the value has {len(value)} bytes, at most {VALUE_MAX_BYTES} are kept"
    if len(salt) > SALT_MAX_BYTES:
        return 207, f"the salt has {len(salt)} bytes, at most {SALT_MAX_BYTES} are taken"
    return None


def check_size(value, salt=b""):
    """Raises DhtError (too-big) if a value or a salt is too long."""
    wrong = size_error(value, salt)
    if wrong is not None:
        raise DhtError("too-big", f"Not put into the DHT: {wrong[1]}.")


def is_good(item, verify):
    """True if an item from outside has legal sizes and, where it has a key, that key's signature.

    Whether it is the item of the target asked for is another question: compare target_of(item).
    Args: verify (signature, message, public key -> bool).
    """
    if size_error(item.value, item.salt) is not None:
        return False
    if item.key is None:
        return True
    if not isinstance(item.seq, int) or not 0 <= item.seq <= SEQ_MAX or len(item.key) != KEY_BYTES:
        return False
    return verify(item.signature, signed_part(item.seq, item.value, item.salt), item.key)
