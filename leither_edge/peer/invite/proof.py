"""Each side shows that it knows the code, over the hash of the channel's handshake: a proof is good in that channel and nowhere else."""

from leither_edge.crypto import sodium
from leither_edge.peer.invite.secrets import PROOF_BYTES

# Whose proof it is: nobody can send back what he got.
INVITING, COMING = b"inviting", b"coming"


def prove(role, channel_hash, key):
    """The 32-byte proof of a side. Args: role (INVITING or COMING), channel_hash (bytes), key (32 bytes)."""
    return sodium.keyed_hash(role + channel_hash, key, PROOF_BYTES)


def is_proof(value, role, channel_hash, key):
    """Whether a value from outside is the proof of the other side."""
    return isinstance(value, bytes) and sodium.equal(value, prove(role, channel_hash, key))
