"""What the DHT keeps of a MiMei: which version is the newest, signed by its author, and which nodes he names as its first providers.

A mutable item (BEP 44) under the author's key, its salt the mid, its sequence number the microseconds since 1970. Its value is a byte
string of deterministic CBOR, a map: 1 number, 2 label of the manifest, 3 number of the released version (absent where there is none),
4 public keys of nodes. The manifest itself is signed, so that a pointer can lead to nothing but what the author made.
"""

from collections import namedtuple

from leither_edge.core.fields import Field, is_u53, read_record, write_record
from leither_edge.dht.item import VALUE_MAX_BYTES, Item, signed_part

from .errors import BadAnswer

NODES_MAX = 8
_KEY_BYTES = 32
_LABEL_MIN, _LABEL_MAX = 36, 40
_WHAT = "the pointer"

# number: of the newest version; manifest: its label; release: number or None; nodes: tuple of public keys.
Pointer = namedtuple("Pointer", "number manifest release nodes")


def _is_label(value):
    return isinstance(value, bytes) and _LABEL_MIN <= len(value) <= _LABEL_MAX


def _are_nodes(value):
    return isinstance(value, list) and len(value) <= NODES_MAX and all(isinstance(key, bytes) and len(key) == _KEY_BYTES for key in value)


_FIELDS = (
    Field(1, "number", "a number from 0", is_u53, False),
    Field(2, "manifest", "a label", _is_label, False),
    Field(3, "release", "a number from 0", is_u53, True),
    Field(4, "nodes", f"at most {NODES_MAX} public keys", _are_nodes, False),
)


def value_of(pointer):
    """The bencoded value of a Pointer."""
    data = write_record(pointer, _FIELDS, _error, _WHAT)
    return b"%d:%b" % (len(data), data)


def read_value(value):
    """The Pointer of a bencoded value. Raises BadAnswer."""
    digits, colon, data = value.partition(b":")
    if len(value) > VALUE_MAX_BYTES or not colon or not digits.isdigit() or len(digits) > 4 or str(len(data)).encode() != digits:
        raise _error("malformed", "the pointer is no byte string")
    found = read_record(bytes(data), Pointer, _FIELDS, _error, _WHAT, VALUE_MAX_BYTES)
    return found._replace(nodes=tuple(found.nodes))


def to_be_signed(pointer, mid, sequence):
    """The bytes that the author's key signs. Args: mid (20 bytes), sequence (microseconds since 1970)."""
    return signed_part(sequence, value_of(pointer), mid)


def item_of(pointer, author, mid, sequence, signature):
    """The Item to be put. Args: author (public key), signature (64 bytes over to_be_signed)."""
    return Item(value_of(pointer), author, mid, sequence, signature)


def _error(code, sentence):
    return BadAnswer(sentence[0].upper() + sentence[1:] + ".")
