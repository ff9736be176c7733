"""Why no channel came of a connection."""

from leither_edge.peer.errors import PeerError


class HandshakeFailed(PeerError):
    """A handshake was refused, here or by the other node; no channel comes of the connection.

    code, found here: protocol (not a node, or not a channel), version, suite, network, too-large, malformed, authentication (altered, or
    another key), zero-key, identity (absent, not valid, or another key's), wrong-peer (a valid identity, but not the expected one), own-key
    (it is this node itself), cut (the connection ended); told by the other node: peer-busy, peer-version, peer-suite, peer-network,
    peer-identity, peer-refused. answer: bytes to send before the connection is closed, may be empty.
    """

    code = "handshake"

    def __init__(self, code, sentence, answer=b""):
        super().__init__(sentence, code)
        self.answer = answer
