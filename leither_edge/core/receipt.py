"""A receipt: what an account holds at a pulse, shown to anyone who knows the organization's id and nothing else.

CBOR array: 1, account, proof, header's message, certificate's message, transaction id or no byte, inclusion path.
"""

from collections import namedtuple

from leither_edge.core.cbor_head import BYTES, HeadError, head, read_bytes
from leither_edge.core.header import read_header
from leither_edge.core.inclusion import inclusion_root
from leither_edge.core.proof import verify as verify_proof
from leither_edge.core.signed_header import read_certificate, read_signed_header
from leither_edge.core.sum_tree import TreeError

RECEIPT_MAX_BYTES = 12 * 1024
# An array of seven, and version 1.
_START = b"\x87\x01"

# account: id. proof: bytes. header, certificate: messages. transaction: id, or no byte. inclusion: path, or no byte.
Receipt = namedtuple("Receipt", ("account", "proof", "header", "certificate", "transaction", "inclusion"))
# pulse, time (s): of the header. amount: what the account holds then. changed: pulse of its last change, or None where it
# holds nothing. transaction: id of one that the pulse applied, or None. header: Header. account: id.
Shown = namedtuple("Shown", ("pulse", "time", "amount", "changed", "transaction", "header", "account"))


class ReceiptError(TreeError):
    """A receipt is malformed (field receipt), of one group alone (group), or its transaction is not of its pulse (transaction)."""


def encode_receipt(receipt):
    """The bytes of a Receipt. Raises ReceiptError."""
    data = _START
    for part in receipt:
        data += head(BYTES, len(part)) + part
    read_receipt(data)
    return data


def read_receipt(data):
    """The Receipt in bytes or a view of them, its parts of the same type; nothing of it is verified. Raises ReceiptError."""
    try:
        if len(data) > RECEIPT_MAX_BYTES or data[:2] != _START:
            raise HeadError
        parts = []
        at = 2
        for _ in range(6):
            part, at = read_bytes(data, at)
            parts.append(part)
        if at != len(data) or len(parts[0]) != 20 or len(parts[4]) not in (0, 32) or bool(parts[4]) != bool(parts[5]):
            raise HeadError
    except HeadError:
        raise ReceiptError("receipt", "the receipt is malformed") from None
    return Receipt(*parts)


def verify_receipt(data, organization, verify):
    """What a receipt shows, as Shown.

    Args: data (bytes), organization (its id, 20 bytes), verify ((signature, message, public key) -> bool: Ed25519).
    Raises ReceiptError, CommitteeError, HeaderError, ProofError, SetError: each with the field that is wrong.
    """
    # A view: its parts are not copied, since a microcontroller has little room.
    receipt = read_receipt(memoryview(data))
    certificate = read_certificate(receipt.certificate, organization, verify)
    header = read_header(bytes(read_signed_header(receipt.header, certificate, verify)[1]))
    if header.group:
        # It would say nothing of the accounts in other groups, and what is above its root is not in a receipt.
        raise ReceiptError("group", "the receipt is of one group, not of the whole book")
    changed, amount = verify_proof(receipt.proof, receipt.account, header.root, header.total)
    transaction = bytes(receipt.transaction)
    if transaction and inclusion_root(transaction, receipt.inclusion) != header.transactions:
        raise ReceiptError("transaction", "the transaction is not one of the pulse's")
    return Shown(header.pulse, header.time, amount, changed, transaction or None, header, bytes(receipt.account))
