"""Ids of accounts: of a key's holder, and of the system, whose keys nobody has (white paper part II, section VIII)."""

from leither_edge.core.ids import ID_BYTES
from leither_edge.core.sha256 import sha256

TREASURY, FEES, PLEDGE, ESCROW = "treasury", "fees", "pledge", "escrow"


def system_account(kind, subject=b""):
    """The 20-byte id of a system account: kind is one of the names above, subject says whose or of which transaction."""
    return sha256(b"leither/system/" + kind.encode() + b"\x00" + subject).digest()[:ID_BYTES]
