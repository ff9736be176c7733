"""Records that the key in them signed: who sends one shows that he holds the key, and nothing more.

A record is a namedtuple with a field ``public_key``; its error takes a code and a sentence.
"""

from leither_edge.core import cose
from leither_edge.core.fields import read_record, write_record
from leither_edge.core.ids import key_id


def sign_record(record, fields, content_type, error, what, sign):
    """A COSE_Sign1 message of a record by its own key. Args: sign (message -> 64 bytes); others as for open_record. Raises ``error``."""
    return cose.sign1(write_record(record, fields, error, what), content_type, key_id(record.public_key), sign)


def open_record(data, record, fields, content_type, error, what, max_bytes, verify):
    """The record in a message that its own key signed.

    Args: data (bytes), record (its class), fields (as for fields.read_record), error (class), what (words for people), verify as for
    cose.verify1. Raises ``error``: malformed, too-large, bad-signature.
    """
    try:
        message = cose.parse_sign1(data, content_type, max_bytes)
        found = read_record(message.payload, record, fields, error, what, max_bytes)
        cose.verify1(message, found.public_key, verify)
    except cose.BadSignature as reason:
        raise error("bad-signature", f"{what} is not valid: {reason}") from None
    except cose.CoseError as reason:
        code = "too-large" if reason.code == "too-large" else "malformed"
        raise error(code, f"{what} is {reason}") from None
    return found
