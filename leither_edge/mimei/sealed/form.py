"""A block as it is sealed, byte by byte.

    leaf     a raw block: epoch (4 bytes, most significant first), ciphertext
    node     DAG-CBOR: [epoch, ciphertext, [link to the sealed form of each block below, in the order of `children`]]
             where that would be larger than a block may be, in place of the ciphertext a list of links to raw blocks that are its parts

    ciphertext   XChaCha20-Poly1305 over: the plain bytes, zeros, the number of plain bytes (4, most significant first);
                 its nonce is a keyed hash of the plain label, so equal content is sealed equally within one scope and epoch,
                 and no nonce meets two contents. The label is not in it: who opens a block knows it from the one above.

A holder without the key learns: how many blocks there are, how they hang together, their sizes in steps, which are of which epoch, which
stay from one version to the next, and when they come. Not: names, content, labels, whether two scopes hold the same.
The zeros fill blocks under 64 KiB to the steps of Padmé (Nikitin et al. 2019, an eighth more at most), larger ones to 4 KiB.
"""

from collections import namedtuple

from leither_edge.crypto import sodium
from leither_edge.mimei.errors import BadBlock, TooLarge
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld import dag_cbor

EPOCH_MAX = (1 << 32) - 1
PART_BYTES = 1 << 20
_LENGTH_BYTES = _EPOCH_BYTES = 4
_MAC_BYTES = 16
_STEP_FROM, _STEP = 64 << 10, 4096
# A link takes 41 bytes; the rest is heads.
_LINK_BYTES, _HEADS_BYTES = 41, 64
_ADDITIONAL = b"leither-sealed-block-1"

# The two keys that a content key (32 bytes) gives.
Keys = namedtuple("Keys", "sealing naming")
# What stands in a sealed block before it is opened. cipher: bytes, or [label] of its parts. links: [sealed label].
Sealed = namedtuple("Sealed", "epoch cipher links")


def keys_of(content_key):
    """The Keys of a content key. Args: content_key (32 bytes)."""
    return Keys(sodium.keyed_hash(b"leither-sealing", content_key, 32), sodium.keyed_hash(b"leither-naming", content_key, 32))


def seal(keys, epoch, label, data, below):
    """[(sealed label, bytes)] of one plain block: its parts, if there are any, and the block itself last.

    Args: epoch (number), label (plain, binary), data (bytes), below ([sealed label] of its children). Raises TooLarge: too many links.
    """
    size = len(data)
    message = b"".join((data, bytes(_padded(size) - size), size.to_bytes(_LENGTH_BYTES, "big")))
    cipher = sodium.seal(message, _ADDITIONAL, _nonce(keys, label), keys.sealing)
    if not below and len(cipher) + _EPOCH_BYTES <= cids.BLOCK_MAX:
        return [_named(cids.RAW, epoch.to_bytes(_EPOCH_BYTES, "big") + cipher)]
    parts = []
    if len(cipher) + _LINK_BYTES * len(below) + _HEADS_BYTES > cids.BLOCK_MAX:
        parts = [_named(cids.RAW, cipher[at : at + PART_BYTES]) for at in range(0, len(cipher), PART_BYTES)]
        cipher = [dag_cbor.Link(part) for part, _ in parts]
    node = dag_cbor.encode([epoch, cipher, [dag_cbor.Link(cid) for cid in below]])
    if len(node) > cids.BLOCK_MAX:
        raise TooLarge(f"The block {cids.to_text(label)} has {len(below)} links, too many to be sealed. Import it anew with this tool.")
    return [*parts, _named(cids.DAG_CBOR, node)]


def read(sealed_label, data):
    """The Sealed of a block. Raises BadBlock: not a sealed block."""
    if cids.codec(sealed_label) == cids.RAW:
        if len(data) < _EPOCH_BYTES + _MAC_BYTES + _LENGTH_BYTES:
            raise _bad()
        return Sealed(int.from_bytes(data[:_EPOCH_BYTES], "big"), bytes(data[_EPOCH_BYTES:]), [])
    found = dag_cbor.decode(bytes(data))
    if not isinstance(found, list) or len(found) != 3 or not isinstance(found[2], list):
        raise _bad()
    epoch, cipher, below = found
    if isinstance(epoch, bool) or not isinstance(epoch, int) or not 0 <= epoch <= EPOCH_MAX:
        raise _bad()
    if isinstance(cipher, list) and 0 < len(cipher) <= 1 + cids.BLOCK_MAX // PART_BYTES:
        cipher = _labels(cipher)
    elif not isinstance(cipher, bytes):
        raise _bad()
    return Sealed(epoch, cipher, _labels(below))


def open_cipher(keys, label, cipher):
    """The plain bytes of a block, compared with its label. Args: keys (of its epoch), label (plain), cipher (bytes). Raises BadBlock."""
    message = sodium.unseal(cipher, _ADDITIONAL, _nonce(keys, label), keys.sealing)
    if message is None or len(message) < _LENGTH_BYTES:
        raise BadBlock("A sealed block is not what its place says, or is of another key.")
    size = int.from_bytes(message[-_LENGTH_BYTES:], "big")
    if size > len(message) - _LENGTH_BYTES:
        raise BadBlock("A sealed block states more bytes than it has.")
    data = message[:size]
    cids.check(label, data)
    return data


def _nonce(keys, label):
    return sodium.keyed_hash(label, keys.naming, sodium.NONCE_BYTES)


def _padded(size):
    if size >= _STEP_FROM:
        return -(-size // _STEP) * _STEP
    if size < 32:
        return 32
    # Padmé: of the size's bits only as many stay as its exponent's length has.
    exponent = size.bit_length() - 1
    mask = (1 << exponent - exponent.bit_length()) - 1
    return (size + mask) & ~mask


def _named(codec, data):
    return cids.of(codec, data), data


def _labels(found):
    if not all(isinstance(item, dag_cbor.Link) and cids.digest(item.cid) is not None for item in found):
        raise _bad()
    return [item.cid for item in found]


def _bad():
    return BadBlock("A block is not of the form that sealed blocks have.")
