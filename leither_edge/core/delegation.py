"""Passes: an owner lets another key command a device for a period, with a role and, if wished, for some verbs only.

A pass is given by a key of the keyset itself, so it cannot be handed on.
"""

from collections import namedtuple

from leither_edge.core import cose
from leither_edge.core.fields import Field, is_hash, is_id, is_id_or_none, is_name, is_text, is_u53, read_record, write_record
from leither_edge.core.roles import is_role

PASS_MAX_BYTES = 1024
VERBS_MAX = 32

# issuer: key id of the owner. subject: public key of the one let in. device_id: None for every device of the owner.
# verbs: None for every verb of the role. not_before, not_after: s. name: for people, such as "kitchen phone".
Pass = namedtuple("Pass", ("issuer", "subject", "device_id", "role", "verbs", "not_before", "not_after", "name"))


class PassError(ValueError):
    """A pass is malformed or not valid.

    Args: code ("bad-pass" or "pass-expired"), sentence (for people).
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


def _are_verbs(value):
    if value is None:
        return True
    if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= VERBS_MAX:
        return False
    for verb in value:
        if not is_name(verb):
            return False
    return len(set(value)) == len(value)


def _is_label(value):
    return is_text(value, 0, 64)


_FIELDS = (
    Field(1, "issuer", "20 bytes", is_id, False),
    Field(2, "subject", "32 bytes", is_hash, False),
    Field(3, "device_id", "20 bytes or null", is_id_or_none, False),
    Field(4, "role", "viewer, operator or owner", is_role, False),
    Field(5, "verbs", "1 to 32 different verbs, or null", _are_verbs, False),
    Field(6, "not_before", "a time in seconds", is_u53, False),
    Field(7, "not_after", "a time in seconds", is_u53, False),
    Field(8, "name", "a text of at most 64 characters", _is_label, False),
)


def encode_pass(delegation):
    """The payload bytes of a Pass. Raises PassError: bad-pass."""
    _check_period(delegation)
    return write_record(delegation, _FIELDS, _bad_pass, "the pass")


def parse_pass(payload):
    """The Pass that a payload encodes. Raises PassError: bad-pass."""
    value = read_record(payload, Pass, _FIELDS, _bad_pass, "the pass", PASS_MAX_BYTES)
    verbs = None if value.verbs is None else tuple(value.verbs)
    delegation = Pass(
        value.issuer, value.subject, value.device_id, value.role, verbs, value.not_before, value.not_after, value.name
    )
    _check_period(delegation)
    return delegation


def sign_pass(delegation, sign):
    """A Pass as a COSE_Sign1 message of its issuer. Args: sign (message -> 64 bytes). Raises PassError: bad-pass."""
    data = cose.sign1(encode_pass(delegation), cose.CT_PASS, delegation.issuer, sign)
    if len(data) > PASS_MAX_BYTES:
        raise PassError("bad-pass", f"a pass has at most {PASS_MAX_BYTES} bytes; name fewer verbs")
    return data


def parse_signed_pass(data):
    """The (Pass, Sign1) of a signed pass; the signature is not checked here. Raises PassError: bad-pass."""
    try:
        message = cose.parse_sign1(data, cose.CT_PASS, PASS_MAX_BYTES)
    except cose.CoseError as error:
        raise PassError("bad-pass", f"the pass is {error}") from None
    delegation = parse_pass(message.payload)
    if delegation.issuer != message.key_id:
        raise PassError("bad-pass", "the pass names another issuer than the key that signed it")
    return delegation, message


def open_pass(data, issuer_public_key, verify):
    """The Pass in a message that the issuer signed. Args: verify as for cose.verify1. Raises PassError: bad-pass."""
    delegation, message = parse_signed_pass(data)
    try:
        cose.verify1(message, issuer_public_key, verify)
    except cose.BadSignature as error:
        raise PassError("bad-pass", f"the pass is not valid: {error}") from None
    return delegation


def _check_period(delegation):
    if delegation.not_after <= delegation.not_before:
        raise PassError("bad-pass", "the pass ends before it begins")


def _bad_pass(code, sentence):
    return PassError("bad-pass", sentence)
