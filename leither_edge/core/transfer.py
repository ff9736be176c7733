"""Who gives what to whom, agreed to by everyone concerned: the issue of new points, a grant out of the treasury, and a transfer.

Its sides tell the kind. An issue has no payer and the treasury as its only payee; a grant has the treasury as its only payer;
whatever else is a transfer. A message that not everyone concerned has signed yet is an offer.
Source: white paper part II, sections 6.3 and 7.2.
"""

from collections import namedtuple

from leither_edge.core import cose
from leither_edge.core.accounts import TREASURY, system_account
from leither_edge.core.fields import (
    Field,
    is_hash,
    is_hash_or_none,
    is_id,
    is_positive_u53,
    is_text,
    is_u53,
    read_record,
    write_record,
)
from leither_edge.core.ids import key_id
from leither_edge.core.sha256 import sha256

ISSUE, GRANT, TRANSFER = "issue", "grant", "transfer"
# Enough for eight parties, their signatures and the longest reason.
TRANSFER_MAX_BYTES = 3072
PARTIES_MAX = cose.MAX_SIGNATURES
REASON_MAX_CHARS = 280
EXPIRY_MAX_PULSES = 3600

# organization: id. payers, payees: ((account, amount), ...) in rising order of account. keys: public keys of all who sign, in rising order.
# anchor: SHA-256 of a recent header. expires: last pulse in which it may be applied. deposit: amount put up for a dispute, 0 for now.
# memo_hash: SHA-256 of what the parties wrote to each other, or None. reason: text that everyone may read, of an issue or a grant, or None.
# evidence: SHA-256 of what backs the reason, or None.
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
    """A COSE_Sign message of a transfer: an offer, until everyone is among the signers. Raises TransferError.

    Args: transfer, signers ([(key id, message -> 64 bytes), ...], at least one, each key once).
    """
    payload = encode_transfer(transfer)
    for kid, _ in signers:
        _check_signer(transfer, kid)
    try:
        return cose.sign(payload, cose.CT_TRANSFER, signers)
    except cose.CoseError as error:
        raise _of_message(error) from None


def add_signature(data, signer):
    """The message of an offer with one signature more. Raises TransferError, also where that key has signed already.

    Args: data (bytes of the offer), signer ((key id, message -> 64 bytes)).
    """
    signed = read_transfer(data)
    there = []
    for entry in signed.message.signatures:
        there.append((entry.key_id, _giving(entry.signature)))
    there.append(signer)
    return sign_transfer(signed.transfer, there)


def read_transfer(data):
    """The Signed transfer in a COSE_Sign message; its signatures are not checked. Raises TransferError."""
    try:
        message = cose.parse_sign(data, cose.CT_TRANSFER, TRANSFER_MAX_BYTES, PARTIES_MAX)
    except cose.CoseError as error:
        raise _of_message(error) from None
    transfer = read_record(message.payload, Transfer, _FIELDS, TransferError, "the transfer", TRANSFER_MAX_BYTES)
    transfer = Transfer(
        transfer.organization, _sides(transfer.payers), _sides(transfer.payees), tuple(transfer.keys), *transfer[4:]
    )
    _check(transfer)
    return Signed(transfer_id(message.payload), transfer, message, data)


def kind(transfer):
    """ISSUE, GRANT or TRANSFER, of a Transfer that was read or encoded."""
    if not transfer.payers:
        return ISSUE
    for account, _ in transfer.payers:
        if account == _TREASURY:
            return GRANT
    return TRANSFER


def needed(transfer, treasurer):
    """The set of the key ids that must sign: of every payer and payee, the treasurer's in place of the treasury's."""
    return {treasurer if account == _TREASURY else account for account, _ in transfer.payers + transfer.payees}


def missing(signed, treasurer):
    """The key ids, in rising order, whose signatures an offer lacks. Args: signed (Signed), treasurer (key id)."""
    return sorted(needed(signed.transfer, treasurer) - _signers(signed))


def transfer_id(payload):
    """The 32-byte id of a transfer: SHA-256 of its payload, so that it is the same whoever signs first."""
    return sha256(payload).digest()


def check_signatures(signed, treasurer, verify, offer=False):
    """That everyone concerned has signed, and nobody else; of an offer, that whoever has signed is concerned.

    Args: signed (Signed), treasurer (key id of who signs for the treasury), verify ((signature, message, public key) -> bool),
    offer (True: some signatures may be missing). Raises TransferError: stranger, signature-missing, keys, bad-signature.
    """
    wanted = needed(signed.transfer, treasurer)
    there = _signers(signed)
    if there - wanted:
        raise TransferError("stranger", "somebody has signed whom the transfer does not concern", "signatures")
    if wanted - there and not offer:
        raise TransferError("signature-missing", "not everybody whom the transfer concerns has signed it", "signatures")
    keys = {key_id(public_key): public_key for public_key in signed.transfer.keys}
    if set(keys) != wanted:
        raise TransferError("keys", "the keys in the transfer are not those of its parties", "keys")
    try:
        cose.verified_keys(signed.message, keys, verify)
    except cose.BadSignature as error:
        raise TransferError("bad-signature", str(error), "signatures") from None


_TREASURY = system_account(TREASURY)


def _signers(signed):
    return {entry.key_id for entry in signed.message.signatures}


def _giving(signature):
    return lambda message: signature


def _check_signer(transfer, kid):
    for public_key in transfer.keys:
        if key_id(public_key) == kid:
            return
    raise TransferError("stranger", "the key that would sign is not among those of the transfer", "signatures")


def _of_message(error):
    """The TransferError that a CoseError is."""
    about = "signatures" if "signature" in error.code else "transfer"
    return TransferError(error.code, f"the transfer's message: {error}", about)


def _sides(pairs):
    return tuple([(account, amount) for account, amount in pairs])


def _is_payers(value):
    return _is_pairs("payers", value, 0)


def _is_payees(value):
    return _is_pairs("payees", value, 1)


def _is_pairs(name, value, least):
    if not isinstance(value, (list, tuple)) or not least <= len(value) <= PARTIES_MAX:
        return False
    last = b""
    for pair in value:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not is_id(pair[0]) or pair[0] <= last:
            return False
        if not is_positive_u53(pair[1]):
            raise TransferError("amount", f"the transfer: an amount of the {name} is not 1 or more, and below 2^53", name)
        last = pair[0]
    return True


def _is_keys(value):
    if not isinstance(value, (list, tuple)) or not 0 < len(value) <= PARTIES_MAX:
        return False
    last = b""
    for key in value:
        if not is_hash(key) or key <= last:
            return False
        last = key
    return True


def _is_deposit(value):
    if is_u53(value) and value:
        raise TransferError("deposit", "no deposit can be put up, since there are no disputes yet: make the deposit 0", "deposit")
    return is_u53(value)


def _is_reason(value):
    return value is None or is_text(value, 1, REASON_MAX_CHARS)


_SIDES = f"at most {PARTIES_MAX} pairs of account and amount, in rising order of account, each account once"
_FIELDS = (
    Field(1, "organization", "20 bytes", is_id, False),
    Field(2, "payers", _SIDES, _is_payers, False),
    Field(3, "payees", _SIDES, _is_payees, False),
    Field(4, "keys", "public keys in rising order", _is_keys, False),
    Field(5, "anchor", "32 bytes", is_hash, False),
    Field(6, "expires", "a pulse", is_u53, False),
    Field(7, "deposit", "an amount", _is_deposit, False),
    Field(8, "memo_hash", "32 bytes", is_hash_or_none, True),
    Field(9, "reason", f"a text of 1 to {REASON_MAX_CHARS} characters", _is_reason, True),
    Field(10, "evidence", "32 bytes", is_hash_or_none, True),
)


def _check(transfer):
    """What holds for every transfer by itself. Raises TransferError."""
    given, taken = set(), 0
    for account, amount in transfer.payers:
        given.add(account)
        taken += amount
    for account, amount in transfer.payees:
        if account in given:
            raise TransferError("same-account", "an account cannot pay itself", "payees")
        taken -= amount
    what = kind(transfer)
    if what == ISSUE:
        if [account for account, _ in transfer.payees] != [_TREASURY]:
            raise TransferError("issue", "what nobody pays is an issue, and that goes to the treasury alone", "payees")
    elif taken:
        raise TransferError("unbalanced", "what the payers give is not what the payees get", "payees")
    if _TREASURY in given and len(given) > 1:
        raise TransferError("grant", "what the treasury grants nobody else pays", "payers")
    if (what == TRANSFER) != (transfer.reason is None):
        raise TransferError("reason", "an issue or a grant, and no other transfer, states its reason in public", "reason")
    if what == TRANSFER and transfer.evidence is not None:
        raise TransferError("evidence", "there is evidence, but no reason that it could back", "evidence")
    _check_keys(transfer)


def _check_keys(transfer):
    """That the keys are those of the accounts, and one at most is another's: the treasurer's, where the treasury takes part."""
    accounts = {account for account, _ in transfer.payers + transfer.payees}
    ids = {key_id(public_key) for public_key in transfer.keys}
    spare = ids - accounts
    if accounts - ids - {_TREASURY} or len(spare) > (_TREASURY in accounts):
        raise TransferError("keys", "the keys in the transfer are not those of its parties", "keys")
