"""How a call, a stream or a channel ends when it does not end well. Each has a `code` for programs and a sentence for people."""

from leither_edge.peer.errors import PeerError


class Refused(PeerError):
    """The node that was asked does not do it. Args: code (short word), sentence (for people), details ({name: value})."""

    code = "refused"

    def __init__(self, code, sentence, details=None):
        super().__init__(sentence, code, details)


class ChannelClosed(PeerError):
    """The channel has ended, and with it whatever was under way in it."""

    code = "closed"

    def __init__(self, code, sentence):
        super().__init__(sentence, code)


class StreamAborted(PeerError):
    """One side broke a stream off; the channel goes on."""

    code = "aborted"

    def __init__(self, code, sentence):
        super().__init__(sentence, code)


class CallTimedOut(PeerError):
    """No answer came in time; the peer was told to stop."""

    code = "timeout"


class Violation(PeerError):
    """What came breaks a rule that every honest node keeps; the channel ends.

    code: frame-size, cipher, frame, stream, credit, message, flood or order.
    """

    code = "violation"

    def __init__(self, code, sentence):
        super().__init__(sentence, code)
