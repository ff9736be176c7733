"""A transfer: who gives what to whom, agreed to by every one of them; and the issue of new points, which is a transfer from the treasury.

Source: white paper part II, sections 6.3 and 7.2.
"""

from collections import namedtuple

from leither_edge.core import cose
from leither_edge.core.accounts import TREASURY, system_account
from leither_edge.core.fields import (
    Field,
    is_bytes,
    is_hash,
    is_hash_or_none,
    is_id,
    is_positive_u53,
    is_text,
    is_u53,
    read_record,
    write_record,
)
from leither_edge.core.ids import PUBLIC_KEY_BYTES, key_id
from leither_edge.core.sha256 import sha256
from leither_edge.core.sum_tree import TOTAL_BOUND

TRANSFER_MAX_BYTES = 2048
PARTIES_MAX = cose.MAX_SIGNATURES
REASON_MAX_CHARS = 280
EXPIRY_MAX_PULSES = 3600

# organization: id. payers, payees: ((account, amount), ...) in rising order of account. keys: public keys of all who sign, in rising order.
# anchor: SHA-256 of a recent header. expires: last pulse in which it may be applied. deposit: amount put up for a dispute.
# memo_hash: SHA-256 of what the parties wrote to each other, or None. reason: text, of an issue only, or None; evidence: SHA-256, or None.
Transfer = namedtuple(
    "Transfer", ("organization", "payers", "payees", "keys", "anchor", "expires", "deposit", "memo_hash", "reason", "evidence")
)
# id: 32 bytes. message: the parsed COSE_Sign. data: its bytes.
Signed = namedtuple("Signed", ("id", "transfer", "message", "data"))


class TransferError(ValueError):
    """A transfer that no book may take, whatever it holds.

    Args: code (a short word for programs), field (name of what is wrong, or None), sentence (for people).
    """

    def __init__(self, code, sentence, field=None):
        super().__init__(sentence)
        self.code = code
        self.field = field


def encode_transfer(transfer):
    """The payload bytes. Raises TransferError."""
    payload = write_record(transfer, _FIELDS, TransferError, "the transfer")
    _check(transfer)
    return payload


def sign_transfer(transfer, signers):
    """A COSE_Sign message of a transfer. signers: [(key id, message -> 64 bytes), ...]. Raises TransferError, CoseError."""
    return cose.sign(encode_transfer(transfer), cose.CT_TRANSFER, signers)


def read_transfer(data):
    """The Signed transfer in a COSE_Sign message; its signatures are not checked. Raises CoseError, TransferError."""
    message = cose.parse_sign(data, cose.CT_TRANSFER, TRANSFER_MAX_BYTES, PARTIES_MAX)
    transfer = read_record(message.payload, Transfer, _FIELDS, TransferError, "the transfer", TRANSFER_MAX_BYTES)
    transfer = Transfer(
        transfer.organization, _sides(transfer.payers), _sides(transfer.payees), tuple(transfer.keys), *transfer[4:]
    )
    _check(transfer)
    return Signed(transfer_id(message.payload), transfer, message, data)


def transfer_id(payload):
    """The 32-byte id of a transfer: SHA-256 of its payload, so that it is the same whoever signs first."""
    return sha256(payload).digest()


def check_signatures(signed, issuer, verify):
    """That everyone concerned has signed, and nobody else.

    Args: signed (Signed), issuer (key id of who may issue), verify ((signature, message, public key) -> bool). Raises TransferError.
    """
    transfer = signed.transfer
    needed = set()
    for account, _ in transfer.payers + transfer.payees:
        needed.add(issuer if account == _TREASURY else account)
    keys = {}
    for public_key in transfer.keys:
        keys[key_id(public_key)] = public_key
    there = set()
    for entry in signed.message.signatures:
        there.add(entry.key_id)
    if there - needed:
        raise TransferError("stranger", "somebody has signed whom the transfer does not concern", "signatures")
    if needed - there:
        raise TransferError("signature-missing", "not everybody whom the transfer concerns has signed it", "signatures")
    if set(keys) != needed:
        raise TransferError("keys", "the keys in the transfer are not those of its parties", "keys")
    try:
        good = cose.verified_keys(signed.message, keys, verify)
    except cose.BadSignature as error:
        raise TransferError("bad-signature", str(error), "signatures") from None
    if good != needed:
        raise TransferError("bad-signature", "one of the signatures is not good", "signatures")


_TREASURY = system_account(TREASURY)


def _sides(pairs):
    return tuple([(account, amount) for account, amount in pairs])


def _is_sides(value):
    if not isinstance(value, (list, tuple)) or not 0 < len(value) <= PARTIES_MAX:
        return False
    last = b""
    for pair in value:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not is_id(pair[0]) or not is_positive_u53(pair[1]) or pair[0] <= last:
            return False
        last = pair[0]
    return True


def _is_keys(value):
    if not isinstance(value, (list, tuple)) or not 0 < len(value) <= PARTIES_MAX:
        return False
    last = b""
    for key in value:
        if not is_bytes(key, PUBLIC_KEY_BYTES) or key <= last:
            return False
        last = key
    return True


def _is_reason(value):
    return value is None or is_text(value, 1, REASON_MAX_CHARS)


_SIDES = f"1 to {PARTIES_MAX} pairs of account and amount of 1 or more, in rising order of account"
_FIELDS = (
    Field(1, "organization", "20 bytes", is_id, False),
    Field(2, "payers", _SIDES, _is_sides, False),
    Field(3, "payees", _SIDES, _is_sides, False),
    Field(4, "keys", "public keys in rising order", _is_keys, False),
    Field(5, "anchor", "32 bytes", is_hash, False),
    Field(6, "expires", "a pulse", is_u53, False),
    Field(7, "deposit", "an amount", is_u53, False),
    Field(8, "memo_hash", "32 bytes", is_hash_or_none, True),
    Field(9, "reason", f"a text of at most {REASON_MAX_CHARS} characters", _is_reason, True),
    Field(10, "evidence", "32 bytes", is_hash_or_none, True),
)


def _check(transfer):
    """What holds for every transfer by itself."""
    given, taken = set(), 0
    for account, amount in transfer.payers:
        given.add(account)
        taken += amount
    for account, amount in transfer.payees:
        if account in given:
            raise TransferError("same-account", "an account cannot pay itself", "payees")
        taken -= amount
    if taken:
        raise TransferError("unbalanced", "what the payers give is not what the payees get", "payees")
    if sum([amount for _, amount in transfer.payers]) + transfer.deposit >= TOTAL_BOUND:
        raise TransferError("overflow", "no book holds that much", "payers")
    issues = _TREASURY in given
    if issues and len(given) > 1:
        raise TransferError("issue", "what the treasury issues nobody else pays", "payers")
    if issues != (transfer.reason is not None):
        raise TransferError("reason", "an issue, and nothing else, states its reason in public", "reason")
