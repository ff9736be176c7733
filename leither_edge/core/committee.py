"""Who keeps the book: the organization's certificate of its committee and treasurer, and the headers that the committee signs.

Certificate: COSE_Sign1 by the organization's key; payload a CBOR map with the keys 1 to 5 in the order of ``Certificate``.
"""

from leither_edge.core import cbor, cose
from leither_edge.core.fields import is_hash, is_integer
from leither_edge.core.header import encode_header
from leither_edge.core.ids import key_id
from leither_edge.core.signed_header import COMMITTEE_MAX, Certificate, CommitteeError, read_certificate, read_signed_header

__all__ = (
    "Certificate", "CommitteeError", "encode_certificate", "read_certificate", "read_signed_header", "sign_certificate", "sign_header",
)  # fmt: skip


def encode_certificate(certificate):
    """The payload bytes of a Certificate. Raises CommitteeError: field organization_key, from_pulse, threshold, committee or treasurer."""
    keys = list(certificate.committee)
    if not is_hash(certificate.organization_key):
        raise CommitteeError("organization_key", "a public key has 32 bytes")
    if not is_integer(certificate.from_pulse, 0, (1 << 64) - 1):
        raise CommitteeError("from_pulse", "a pulse is a number of 64 bits")
    if not 0 < len(keys) <= COMMITTEE_MAX or not all([is_hash(key) for key in keys]) or keys != sorted(set(keys)):
        raise CommitteeError("committee", f"a committee is 1 to {COMMITTEE_MAX} different public keys in rising order")
    if not is_integer(certificate.threshold, 1, len(keys)):
        raise CommitteeError("threshold", "the threshold is 1 to the number of the committee's keys")
    if not is_hash(certificate.treasurer):
        raise CommitteeError("treasurer", "a public key has 32 bytes")
    values = (certificate.organization_key, certificate.from_pulse, certificate.threshold, keys, certificate.treasurer)
    return cbor.encode({number: value for number, value in enumerate(values, 1)})


def sign_certificate(certificate, sign):
    """A Certificate as a message signed by the organization. sign: (message -> 64 bytes) of its key. Raises CommitteeError."""
    return cose.sign1(encode_certificate(certificate), cose.CT_COMMITTEE, key_id(certificate.organization_key), sign)


def sign_header(header, signers):
    """A Header as a message signed by committee members. Raises HeaderError, CoseError.

    Args: header, signers ([(public key, message -> 64 bytes), ...], each key once, in any order).
    """
    in_order = sorted(signers, key=lambda signer: signer[0])
    return cose.sign(encode_header(header), cose.CT_HEADER, [(key_id(public_key), sign) for public_key, sign in in_order])
