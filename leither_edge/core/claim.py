"""The claim: what the key that shall own a device signs, once. The token that allows it does not travel, its hash does.

The hash is over device, key and token, so what was overheard claims the device for no other key.
"""

from collections import namedtuple

from leither_edge.core import cose
from leither_edge.core.fields import Field, is_hash, is_id, is_u53
from leither_edge.core.self_signed import open_record, sign_record
from leither_edge.core.sha256 import sha256

CLAIM_MAX_BYTES = 512

# device_id: 20 bytes. public_key: the owner's to be. issued: s. token_hash: as of token_hash().
Claim = namedtuple("Claim", ("device_id", "public_key", "issued", "token_hash"))


class BadClaim(ValueError):
    """A claim is malformed, or its key did not sign it.

    Args: code ("malformed", "too-large" or "bad-signature"), sentence (for people).
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


_FIELDS = (
    Field(1, "device_id", "20 bytes", is_id, False),
    Field(2, "public_key", "32 bytes", is_hash, False),
    Field(3, "issued", "a time in seconds", is_u53, False),
    Field(4, "token_hash", "32 bytes", is_hash, False),
)


def token_hash(device_id, public_key, token):
    """The 32 bytes that show knowledge of the token (text in normal form) for this device and key."""
    return sha256(device_id + public_key + token.encode("utf-8", "replace")).digest()


def sign_claim(claim, sign):
    """A Claim as a COSE_Sign1 message of its key. Args: sign (message -> 64 bytes). Raises BadClaim."""
    return sign_record(claim, _FIELDS, cose.CT_CLAIM, BadClaim, "the claim", sign)


def open_claim(data, verify):
    """The Claim of a message that its own key signed. Args: verify as for cose.verify1. Raises BadClaim."""
    return open_record(data, Claim, _FIELDS, cose.CT_CLAIM, BadClaim, "the claim", CLAIM_MAX_BYTES, verify)
