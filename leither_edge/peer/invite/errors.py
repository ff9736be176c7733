"""Why nothing comes of an invitation."""

from leither_edge.peer.errors import PeerError


class InviteError(PeerError):
    """An invitation cannot be made, read or taken up.

    code: bad-code, bad-link, bad-record, own-invitation, too-many, expired, no-such, wrong-proof, spent (too many wrong proofs), not-found,
    wrong-friend, blocked, malformed, memory, or what the other node refused with.
    """

    code = "invite"

    def __init__(self, code, sentence):
        super().__init__(sentence, code)
