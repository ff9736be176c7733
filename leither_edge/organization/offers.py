"""Payments as they go from hand to hand: an offer that some have signed, what they wrote to each other beside it, both as text.

As text an offer is the transfer's message in base64url without padding and, where there is a memo, a full stop and the memo likewise:
16 random bytes, then its text in UTF-8. The random bytes are there without a memo, too: nobody guesses it from its hash, and two
payments that are alike otherwise have two ids.
"""

import binascii
from collections import namedtuple

from leither_edge.core.accounts import TREASURY, system_account
from leither_edge.core.ids import key_id
from leither_edge.core.sha256 import sha256
from leither_edge.core.transfer import EXPIRY_MAX_PULSES, TRANSFER_MAX_BYTES, Transfer, TransferError, read_transfer

TREASURY_ACCOUNT = system_account(TREASURY)
MEMO_MAX_CHARS = 280
SALT_BYTES = 16
TEXT_MAX_CHARS = 8192
_MEMO_MAX_BYTES = SALT_BYTES + 4 * MEMO_MAX_CHARS

# signed: Signed. memo: what the parties wrote to each other, as text, or None.
Offer = namedtuple("Offer", ("signed", "memo"))


def issue_terms(organization, treasurer, amount, reason, anchor, pulse, salt, evidence=None):
    """The Transfer that puts new points into the treasury.

    Args: organization (id), treasurer (public key), amount, reason (text that everyone may read), anchor (hash of the header of pulse),
    salt (16 random bytes), evidence (hash, or None).
    """
    sides = (), ((TREASURY_ACCOUNT, amount),)
    return _terms(organization, sides, {treasurer}, anchor, pulse, salt, reason, evidence)


def grant_terms(organization, treasurer, payee, amount, reason, anchor, pulse, salt, evidence=None):
    """The Transfer that pays out of the treasury; payee: public key; the rest as for issue_terms."""
    sides = ((TREASURY_ACCOUNT, amount),), ((key_id(payee), amount),)
    return _terms(organization, sides, {treasurer, payee}, anchor, pulse, salt, reason, evidence)


def payment_terms(organization, payer, payee, amount, anchor, pulse, memo):
    """The Transfer of one member to another; payer, payee: public keys; memo: bytes of memo_bytes."""
    sides = ((key_id(payer), amount),), ((key_id(payee), amount),)
    return _terms(organization, sides, {payer, payee}, anchor, pulse, memo, None, None)


def _terms(organization, sides, keys, anchor, pulse, memo, reason, evidence):
    expires = pulse + EXPIRY_MAX_PULSES
    return Transfer(organization, *sides, tuple(sorted(keys)), anchor, expires, 0, sha256(memo).digest(), reason, evidence)


def memo_bytes(text, salt):
    """A memo as its hash is taken. Raises TransferError. Args: text (None: no memo), salt (16 random bytes)."""
    if text is not None and not 0 < len(text) <= MEMO_MAX_CHARS:
        raise TransferError("memo", f"a memo has 1 to {MEMO_MAX_CHARS} characters", "memo")
    try:
        return salt + (text or "").encode()
    except UnicodeEncodeError:
        raise TransferError("memo", "the memo is not text in UTF-8", "memo") from None


def offer_text(data, memo=b""):
    """An offer as text. Args: data (bytes of the message), memo (bytes of memo_bytes; nothing is shown of one without text)."""
    return to_text(data) + ("." + to_text(memo) if len(memo) > SALT_BYTES else "")


def read_offer(text):
    """The Offer in a text; its signatures are not checked. Raises TransferError."""
    first, dot, second = "".join(text.split()).partition(".")
    data = _decoded(first, "offer", TRANSFER_MAX_BYTES)
    signed = read_transfer(data)
    if not dot:
        return Offer(signed, None)
    memo = _decoded(second, "memo", _MEMO_MAX_BYTES)
    if signed.transfer.memo_hash is None or sha256(memo).digest() != signed.transfer.memo_hash or len(memo) <= SALT_BYTES:
        raise TransferError("memo", "the memo beside the offer is not the one that was signed", "memo")
    try:
        return Offer(signed, memo[SALT_BYTES:].decode())
    except UnicodeDecodeError:
        raise TransferError("memo", "the memo is not text in UTF-8", "memo") from None


def to_text(data):
    """Bytes as base64url without padding (RFC 4648 section 5)."""
    return binascii.b2a_base64(data, newline=False).decode().rstrip("=").replace("+", "-").replace("/", "_")


def from_text(text, bytes_max):
    """The bytes in base64url without padding. Raises ValueError: too long, or not written as to_text would."""
    if len(text) * 3 > bytes_max * 4 + 3:
        raise ValueError(f"it has more than {bytes_max} bytes")
    try:
        data = binascii.a2b_base64((text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)).encode())
    except ValueError:
        data = b""
    if not data or to_text(data) != text:
        raise ValueError("it is not written in base64url, or a part of it is missing")
    return data


def _decoded(text, what, bytes_max):
    try:
        return from_text(text, bytes_max)
    except ValueError as error:
        raise TransferError("malformed", f"the {what} cannot be read: {error}", what) from None
