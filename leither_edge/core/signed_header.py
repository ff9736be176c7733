"""A signed header and the certificate of who may sign it, read in the one form that ``committee`` writes, by heads of CBOR alone.

Both are COSE messages (RFC 9052) whose protected parts are known beforehand to the last byte, so they are compared rather than decoded.
"""

from collections import namedtuple

from leither_edge.core.cbor_head import ARRAY, MAP, UNSIGNED, HeadError, read_bytes, read_head
from leither_edge.core.header import read_header
from leither_edge.core.sha256 import sha256
from leither_edge.core.sum_tree import TreeError

# organization_key: public key. from_pulse: the first pulse that it speaks of. threshold: how many of the committee sign a
# header. committee: public keys in rising order. treasurer: public key of who signs for the treasury.
Certificate = namedtuple("Certificate", ("organization_key", "from_pulse", "threshold", "committee", "treasurer"))
COMMITTEE_MAX = 8

_CERTIFICATE = b"\xd2\x84\x58\x3e\xa3\x01\x32\x03\x78\x22application/leither-committee+cbor\x04\x54"
_HEADER = b"\xd8\x62\x84\x58\x23\xa1\x03\x78\x1fapplication/leither-header+cbor\xa0"
_SIGNER = b"\x83\x58\x19\xa2\x01\x32\x04\x54"
_SIGNATURE = b"\xa0\x58\x40"
_ENTRY_BYTES = 95


class CommitteeError(TreeError):
    """A certificate or a header's signatures do not show what they should; field: certificate, organization, signature (of the
    certificate), header, signatures (of the header), threshold or pulse."""


def read_certificate(data, organization, verify):
    """The Certificate in a message that the organization's key signed. Raises CommitteeError.

    Args: data (bytes), organization (its id, 20 bytes), verify ((signature, message, public key) -> bool).
    """
    start = len(_CERTIFICATE) + 20
    try:
        if data[: start - 20] != _CERTIFICATE or data[start : start + 1] != b"\xa0":
            raise HeadError
        payload, end = read_bytes(data, start + 1)
        certificate = _read_payload(payload)
        if data[end : end + 2] != b"\x58\x40" or len(data) != end + 66:
            raise HeadError
    except HeadError:
        raise CommitteeError("certificate", "the certificate is malformed") from None
    if data[start - 20 : start] != organization or sha256(certificate.organization_key).digest()[:20] != organization:
        raise CommitteeError("organization", "the certificate is another organization's")
    signed = b"\x84\x6aSignature1" + data[2:start] + b"\x40" + data[start + 1 : end]
    if not verify(bytes(data[end + 2 :]), signed, bytes(certificate.organization_key)):
        raise CommitteeError("signature", "the organization's signature of the certificate is not good")
    return certificate


def _read_payload(payload):
    values = []
    count, at = read_head(payload, 0, MAP)
    for number in range(1, 6):
        key, at = read_head(payload, at, UNSIGNED)
        size = 1
        if number == 4:
            size, at = read_head(payload, at, ARRAY)
            values.append([])
        if key != number or not 0 < size <= COMMITTEE_MAX:
            raise HeadError
        for _ in range(size):
            if number in (2, 3):
                value, at = read_head(payload, at, UNSIGNED)
            else:
                value, at = read_bytes(payload, at)
                if len(value) != 32:
                    raise HeadError
            if number != 4:
                values.append(value)
            elif values[3] and bytes(value) <= bytes(values[3][-1]):
                raise HeadError
            else:
                values[3].append(value)
    if count != 5 or at != len(payload) or not 0 < values[2] <= len(values[3]):
        raise HeadError
    values[3] = tuple(values[3])
    return Certificate(*values)


def read_signed_header(data, certificate, verify):
    """(Header, its payload) of a message that the committee signed. Raises CommitteeError, HeaderError.

    Every signature there is a committee member's, in the order of the certificate, each once, and good.
    Args: data (bytes), certificate (Certificate), verify as for read_certificate.
    """
    start = len(_HEADER)
    try:
        if data[:start] != _HEADER:
            raise HeadError
        payload, end = read_bytes(data, start)
        header = read_header(payload)
        count, first = read_head(data, end, ARRAY)
        if len(data) != first + _ENTRY_BYTES * count:
            raise HeadError
    except HeadError:
        raise CommitteeError("header", "the header's message is malformed") from None
    if header.organization != sha256(certificate.organization_key).digest()[:20]:
        raise CommitteeError("organization", "the header is another organization's")
    if header.pulse < certificate.from_pulse:
        raise CommitteeError("pulse", "the certificate speaks of later pulses than the header's")
    if count < certificate.threshold:
        raise CommitteeError("threshold", "too few of the committee signed the header")
    members = iter(certificate.committee)
    for at in range(first, len(data), _ENTRY_BYTES):
        if data[at : at + 8] != _SIGNER or data[at + 28 : at + 31] != _SIGNATURE:
            raise CommitteeError("header", "a signature of the header is malformed")
        for key in members:
            if sha256(key).digest()[:20] == data[at + 8 : at + 28]:
                break
        else:
            raise CommitteeError("signatures", "a signature of the header is a stranger's, doubled or out of order")
        signed = b"\x85\x69Signature" + data[3 : start - 1] + data[at + 1 : at + 28] + b"\x40" + data[start:end]
        if not verify(bytes(data[at + 31 : at + _ENTRY_BYTES]), signed, bytes(key)):
            raise CommitteeError("signatures", "a signature of the header is not good")
    return header, payload
