"""What goes wrong with a request, as exceptions."""


class HttpError(Exception):
    """An answer other than success, raised by a handler or by the server.

    Args: status 400..599; sentence plain text for the person who reads it;
    headers extra (name, value) pairs; reason short label for the counter.
    """

    def __init__(self, status, sentence, headers=(), reason=None):
        super().__init__(status, sentence)
        self.status = status
        self.sentence = sentence
        self.headers = headers
        self.reason = reason


class Disconnected(Exception):
    """The client closed the connection before its request was complete."""


class ListenError(Exception):
    """An address cannot be listened on; the text says which, why and what to do."""
