"""Manifests: the signed record of one version, a COSE_Sign1 message by the author's key, kept as a raw block.

Its payload is deterministic CBOR, a map: 1 author's public key, 2 mid, 3 number, 4 data type, 5 root label, 6 label of the
previous manifest, 7 label of the manifest that a fork began with, 8 time (s), 9 memo, 10 label of the references' list,
11 app type, 12 ext, 13 mark. 6, 7 and 10 are absent where there is none. 1, 11, 12 and 13 show the mid to be the author's.
"""

from collections import namedtuple

from leither_edge.core import cose
from leither_edge.core.fields import Field, is_hash, is_id, is_integer, is_text, is_u53, write_record
from leither_edge.core.ids import key_id
from leither_edge.core.self_signed import open_record

from .errors import BadInput
from .info import WORD_MAX_CHARS, mid_of

MEMO_MAX_CHARS = 1000
# Three words and a memo of four bytes a character, three labels, and the rest.
MAX_BYTES = 8192

Manifest = namedtuple(
    "Manifest",
    ("public_key", "mid", "number", "data_type", "root", "previous", "ancestor", "time", "memo", "references", "app_type", "ext", "mark"),
)  # fmt: skip


class BadManifest(BadInput):
    """A manifest is malformed, not signed by its author, or does not follow the one before."""

    code = "bad-manifest"


def _is_label(value):
    return isinstance(value, bytes) and 4 <= len(value) <= 200


def _is_memo(value):
    return is_text(value, 0, MEMO_MAX_CHARS)


def _is_word(value):
    return is_text(value, 0, WORD_MAX_CHARS)


def _is_type(value):
    return is_integer(value, 1, 4)


_FIELDS = (
    Field(1, "public_key", "32 bytes", is_hash, False),
    Field(2, "mid", "20 bytes", is_id, False),
    Field(3, "number", "a number from 0", is_u53, False),
    Field(4, "data_type", "1 to 4", _is_type, False),
    Field(5, "root", "a label", _is_label, False),
    Field(6, "previous", "a label", _is_label, True),
    Field(7, "ancestor", "a label", _is_label, True),
    Field(8, "time", "a time in seconds", is_u53, False),
    Field(9, "memo", f"a text of at most {MEMO_MAX_CHARS} characters", _is_memo, False),
    Field(10, "references", "a label", _is_label, True),
    Field(11, "app_type", "a text", _is_word, False),
    Field(12, "ext", "a text", _is_word, False),
    Field(13, "mark", "a text", _is_word, False),
)
_WHAT = "the manifest"


def to_be_signed(manifest):
    """The bytes that the author's key signs. Raises BadManifest."""
    return cose.to_be_signed1(write_record(manifest, _FIELDS, _error, _WHAT), cose.CT_MANIFEST, key_id(manifest.public_key))


def with_signature(manifest, signature, verify):
    """The signed manifest's bytes. Args: signature (64 bytes), verify as for cose.verify1. Raises BadManifest."""
    payload = write_record(manifest, _FIELDS, _error, _WHAT)
    try:
        data = cose.sign1(payload, cose.CT_MANIFEST, key_id(manifest.public_key), lambda message: signature)
    except (cose.CoseError, TypeError):
        raise BadManifest("A signature has 64 bytes.") from None
    open_manifest(data, verify)
    return data


def open_manifest(data, verify):
    """The Manifest in a message that its author signed. Raises BadManifest."""
    manifest = open_record(data, Manifest, _FIELDS, cose.CT_MANIFEST, _error, _WHAT, MAX_BYTES, verify)
    if manifest.mid != mid_of(key_id(manifest.public_key), manifest.app_type, manifest.ext, manifest.mark):
        raise BadManifest("The manifest is of a MiMei that another key made.")
    return manifest


def check_follows(manifest, before, before_label):
    """Refuses a manifest that does not follow the one before. Args: before (Manifest or None), its label (or None). Raises BadManifest."""
    if manifest.previous != before_label:
        raise BadManifest(f"Version {manifest.number} does not follow the version before it: its parent is another one, or missing.")
    if before is None:
        good = manifest.number == 0
    else:
        same = (manifest.mid, manifest.public_key, manifest.data_type) == (before.mid, before.public_key, before.data_type)
        good = same and manifest.number == before.number + 1
    if not good:
        raise BadManifest(f"Version {manifest.number} is out of order, or of another MiMei.")


def _error(code, sentence):
    return BadManifest(sentence[0].upper() + sentence[1:] + ".")
