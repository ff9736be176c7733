"""Labels of content: CIDs, version 0 and 1, of SHA-256 (or of short content that stands in the label itself).

A label is kept as its binary form. Source: the CID specification (multiformats/cid).
"""

from leither_edge.mimei.errors import BadBlock, BadInput

from . import multibase, varint
from .block_hash import digest_of

RAW = 0x55
DAG_PB = 0x70
DAG_CBOR = 0x71
DIGEST_BYTES = 32
# What a public gateway hands out at most as one block.
BLOCK_MAX = 2 << 20
INLINE_MAX = 128

_SHA256 = b"\x12\x20"
_HEADS = {codec: b"\x01" + varint.write(codec) + _SHA256 for codec in (RAW, DAG_PB, DAG_CBOR)}
_CODEC_MAX = 1 << 31


def of(codec, data):
    """The label (version 1) of a block: codec (RAW, DAG_PB, DAG_CBOR), data (bytes)."""
    return _HEADS[codec] + digest_of(data)


def v0_of(data):
    """The label of version 0 of a dag-pb block."""
    return _SHA256 + digest_of(data)


def to_text(cid):
    """Base32 for version 1, base58btc for version 0."""
    return multibase.to_base58(cid) if cid[:2] == _SHA256 else "b" + multibase.to_base32(cid)


def from_text(text):
    """The label of its text in any usual base. Raises BadInput."""
    if not isinstance(text, str) or not text:
        raise BadInput("A label is a text such as bafy..., bafk... or Qm...")
    data = multibase.from_base58(text) if len(text) == 46 and text.startswith("Qm") else multibase.decode(text)
    if data[:1] != b"\x01" and not text.startswith("Qm"):
        # Version 0 has one text only.
        raise BadInput("This is no label of version 1: copy it whole.")
    cid, end = parse(data)
    if end != len(data):
        raise BadInput("The label has more letters than a label has: copy it whole.")
    return cid


def parse(data, at=0):
    """(label, offset behind it) of the label that begins at an offset of some bytes. Raises BadBlock."""
    if data[at : at + 2] == _SHA256:
        end = at + 2 + DIGEST_BYTES
    elif data[at + 2 : at + 4] == _SHA256 and data[at] == 1 and data[at + 1] < 0x80:
        end = at + 4 + DIGEST_BYTES
    else:
        if data[at : at + 1] != b"\x01":
            raise BadBlock("A label begins with neither of the versions that there are.")
        codec, end = varint.read(data, at + 1)
        if codec > _CODEC_MAX:
            raise BadBlock("A label names a form of content that there is not.")
        kind, end = varint.read(data, end)
        length, end = varint.read(data, end)
        if not (kind == 0x12 and length == DIGEST_BYTES or kind == 0 and length <= INLINE_MAX):
            raise BadBlock("Only labels of SHA-256, or with at most 128 bytes of content in them, are taken.")
        end += length
    if end > len(data):
        raise BadBlock("A label is cut short.")
    return bytes(data[at:end]), end


def codec(cid):
    """The codec's number, such as RAW; DAG_PB for version 0."""
    if cid[0] != 1:
        return DAG_PB
    return cid[1] if cid[1] < 0x80 else varint.read(cid, 1)[0]


def digest(cid):
    """The 32 bytes of SHA-256 that name the block; None if the content stands in the label."""
    return cid[-DIGEST_BYTES:] if cid[-34:-32] == _SHA256 and inline(cid) is None else None


def inline(cid):
    """The content that stands in the label, None if it is named by its hash."""
    if cid[0] != 1:
        return None
    at = 2 if cid[1] < 0x80 else varint.read(cid, 1)[1]
    # A length of at most 128 takes two bytes from 128 on.
    return None if cid[at] else cid[at + (3 if cid[at + 1] >= 0x80 else 2) :]


def check(cid, data):
    """Refuses bytes that are not what the label names. Raises BadBlock."""
    named = digest(cid)
    if (digest_of(data) != named) if named else inline(cid) != data:
        raise BadBlock(f"The bytes are not those that {to_text(cid)} names. Take them from another source.")


def as_v1(cid):
    """The same block's label of version 1."""
    return cid if cid[0] == 1 else _HEADS[DAG_PB] + cid[2:]
