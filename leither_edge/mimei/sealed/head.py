"""The signed record of one sealed version, by the key of the node that sealed it.

Payload: a map, 1 the node's public key, 2 scope, 3 number (from 0, rising), 4 epoch, 5 sealed root, 6 time (s), 7 what it reaches, in
bytes, as far as the node knows, 8 list of [reader's id, box], 9 inner part. A box is a sealed box with the content key; the inner part is
XChaCha20-Poly1305 under the epoch's key of a map: 1 plain root, 2 first epoch, 3 list of the content keys before this one.
A holder learns who may read, how often there is something new, and how large it is.
"""

from collections import namedtuple

from leither_edge.core import cbor, cose
from leither_edge.core.fields import Field, is_hash, is_id, is_integer, is_u53
from leither_edge.core.ids import key_id
from leither_edge.core.self_signed import open_record, sign_record
from leither_edge.crypto import sodium
from leither_edge.mimei.errors import BadInput, Forbidden

from . import form
from .epochs import EPOCHS_MAX, READERS_MAX, newest_epoch

MAX_BYTES = 16384
_BOX_BYTES = sodium.KEY_BYTES + sodium.SEALED_MORE_BYTES
_INNER_MAX = 4096
_ADDITIONAL = b"leither-sealed-head-1"
_ROOT, _FIRST, _KEYS = 1, 2, 3

SealedHead = namedtuple("SealedHead", ("public_key", "scope", "number", "epoch", "root", "time", "size", "boxes", "inner"))
# What a reader finds in a head. root: plain label. keys: {epoch: form.Keys}. secrets: {epoch: content key}.
Unlocked = namedtuple("Unlocked", ("root", "sealed_root", "keys", "secrets"), defaults=({},))


class BadHead(BadInput):
    """The record of a sealed version is malformed, or not signed by the node that it names."""

    code = "bad-sealed-head"


def _is_label(value):
    return isinstance(value, bytes) and len(value) == 36


def _is_epoch(value):
    return is_integer(value, 0, form.EPOCH_MAX)


def _are_boxes(value):
    if not isinstance(value, list) or not 0 < len(value) <= READERS_MAX:
        return False
    return all(isinstance(row, list) and len(row) == 2 and is_id(row[0]) and _is_box(row[1]) for row in value)


def _is_box(value):
    return isinstance(value, bytes) and len(value) == _BOX_BYTES


def _is_inner(value):
    return isinstance(value, bytes) and len(value) <= _INNER_MAX


_FIELDS = (
    Field(1, "public_key", "32 bytes", is_hash, False),
    Field(2, "scope", "20 bytes", is_id, False),
    Field(3, "number", "a number from 0", is_u53, False),
    Field(4, "epoch", "a number from 0", _is_epoch, False),
    Field(5, "root", "a label", _is_label, False),
    Field(6, "time", "a time in seconds", is_u53, False),
    Field(7, "size", "bytes", is_u53, False),
    Field(8, "boxes", "a list of ids and boxes", _are_boxes, False),
    Field(9, "inner", "bytes", _is_inner, False),
)
_WHAT = "the record of a sealed version"


def make_head(node_key, scope, number, epochs, root, sealed_root, time, size):
    """The signed bytes of a head.

    Args: node_key (KeyPair), epochs (Epochs of the scope), root (plain label), size (bytes). Raises BadInput: a reader's key is none.
    """
    key, epoch = epochs.keys[-1], newest_epoch(epochs)
    boxes = []
    for reader in epochs.readers:
        try:
            boxes.append([key_id(reader), sodium.seal_to(key, reader)])
        except ValueError:
            raise BadInput("The key of one of the readers is none that can be sealed to.") from None
    inner = cbor.encode({_ROOT: root, _FIRST: epochs.first, _KEYS: list(epochs.keys[:-1])})
    sealed = sodium.seal(inner, _ADDITIONAL, _nonce(key, scope, number, sealed_root), form.keys_of(key).sealing)
    head = SealedHead(node_key.public_key, scope, number, epoch, sealed_root, time, size, boxes, sealed)
    return sign_record(head, _FIELDS, cose.CT_SEALED_HEAD, _error, _WHAT, node_key.sign)


def open_head(data, verify=sodium.verify):
    """The SealedHead in the bytes of one, its signature checked; whose key may sign is for the caller to know. Raises BadHead."""
    return open_record(data, SealedHead, _FIELDS, cose.CT_SEALED_HEAD, _error, _WHAT, MAX_BYTES, verify)


def is_reader(head, id20):
    """Whether a key (by its id) reads a head."""
    return any(row[0] == id20 for row in head.boxes)


def unlock(head, key_pair):
    """The Unlocked of a head. Args: key_pair (KeyPair of a reader). Raises Forbidden (he is none), BadHead."""
    return unlock_with(head, key_pair.unseal(box_of(head, key_pair.id)))


def box_of(head, id20):
    """The sealed box of a reader. Args: id20 (of his key). Raises Forbidden: he is none."""
    for reader, box in head.boxes:
        if reader == id20:
            return box
    raise Forbidden("This was not sealed for your key. Ask its author to let you read it, or use another key.")


def unlock_with(head, key):
    """The Unlocked of a head. Args: key (what was in a reader's box; None: it could not be opened). Raises BadHead."""
    if key is None or len(key) != sodium.KEY_BYTES:
        raise BadHead("The key in the record of a sealed version cannot be opened.")
    inner = sodium.unseal(head.inner, _ADDITIONAL, _nonce(key, head.scope, head.number, head.root), form.keys_of(key).sealing)
    if inner is None:
        raise BadHead("The inner part of the record of a sealed version is of another key.")
    root, first, keys = _read_inner(inner)
    if first + len(keys) != head.epoch:
        raise BadHead("The record of a sealed version lacks keys of earlier epochs.")
    secrets = dict(enumerate((*keys, key), first))
    return Unlocked(root, head.root, {epoch: form.keys_of(found) for epoch, found in secrets.items()}, secrets)


def _read_inner(inner):
    try:
        found = cbor.decode(inner, _INNER_MAX)
    except cbor.CborError as error:
        raise BadHead(f"The inner part of the record of a sealed version is malformed: {error}.") from None
    if not isinstance(found, dict) or set(found) != {_ROOT, _FIRST, _KEYS}:
        raise BadHead("The inner part of the record of a sealed version has other fields than it must.")
    root, first, keys = found[_ROOT], found[_FIRST], found[_KEYS]
    good = isinstance(root, bytes) and 4 <= len(root) <= 200 and _is_epoch(first) and isinstance(keys, list) and len(keys) < EPOCHS_MAX
    if not good or not all(is_hash(key) for key in keys):
        raise BadHead("A field in the inner part of the record of a sealed version is of the wrong kind.")
    return root, first, keys


def _nonce(key, scope, number, sealed_root):
    return sodium.keyed_hash(_ADDITIONAL + scope + number.to_bytes(8, "big") + sealed_root, key, sodium.NONCE_BYTES)


def _error(code, sentence):
    return BadHead(sentence[0].upper() + sentence[1:] + ".")
