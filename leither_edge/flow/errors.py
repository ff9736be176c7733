"""What cannot be done between nodes, each with a code for programs and a sentence for people."""

from leither_edge.mimei.errors import BadInput, MimeiError, NotFound


class BadAnswer(BadInput):
    """What another node, gateway or the DHT told has not the form it must have, or is not what was asked for."""

    code = "bad-answer"


class SealedThere(NotFound):
    """A node holds it for this one, and cannot read it itself."""

    code = "sealed"


class NoSource(NotFound):
    """Nobody who could be asked has it. Attribute tried: [[name of a source, why it was of no use]]."""

    code = "no-source"

    def __init__(self, sentence, tried=()):
        super().__init__(sentence)
        self.tried = list(tried)


class NotAllowed(MimeiError):
    """This node's rules do not let it."""

    code = "not-allowed"


class Full(MimeiError):
    """As many of a kind are kept as this node keeps."""

    code = "full"
