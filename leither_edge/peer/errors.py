"""What can go wrong between this node and a peer before there is a channel. Each has a `code` for programs and a sentence for people."""


class PeerError(Exception):
    """Something about a peer failed. code: a short word; details: {name: value} for programs."""

    code = "peer"

    def __init__(self, sentence, code=None, details=None):
        super().__init__(sentence)
        if code is not None:
            self.code = code
        self.details = details or {}


class BadAddress(PeerError):
    """A text is no address of a node."""

    code = "address"


class UnknownPeer(PeerError):
    """The address book has no such node."""

    code = "unknown-peer"


class BookFull(PeerError):
    """The address book, or what one row of it may hold, is full."""

    code = "book-full"


class Unreachable(PeerError):
    """No address led to the peer. details: tried ([address, why] of each)."""

    code = "unreachable"


class WrongPeer(PeerError):
    """Somebody else answered at the address."""

    code = "wrong-peer"


class Blocked(PeerError):
    """The peer is blocked here, or this node is itself the peer."""

    code = "blocked"


class NotListening(PeerError):
    """No socket could be opened; the text says where, why, and what to do."""

    code = "listen"
