"""What the content store refuses, each with a code for programs and a sentence for people."""


class MimeiError(Exception):
    """The store does not do what was asked; nothing was changed.

    Args: code (a short word for programs), sentence (what failed, why, what to do).
    """

    code = "failed"

    def __init__(self, sentence, code=None):
        super().__init__(sentence, code)
        if code is not None:
            self.code = code

    def __str__(self):
        return self.args[0]


class BadInput(MimeiError):
    """What came is not of the form it must have."""

    code = "bad-input"


class BadBlock(BadInput):
    """Bytes that are not what their label or their codec says."""

    code = "bad-block"


class TooLarge(BadInput):
    """A block, graph, value, path or message is over its bound."""

    code = "too-large"


class NotFound(MimeiError):
    """There is no such content, version, path or key here."""

    code = "not-found"


class BlockMissing(NotFound):
    """A block that is needed is not here. Args: cid (binary)."""

    code = "block-missing"

    def __init__(self, sentence, cid=None):
        super().__init__(sentence)
        self.cid = cid


class Forbidden(MimeiError):
    """The right to do this is missing."""

    code = "forbidden"


class NotSignedIn(Forbidden):
    """No session, an ended one, or a sign-in that is not good."""

    code = "not-signed-in"


class Conflict(MimeiError):
    """Something is there already, is of another kind, or changed meanwhile."""

    code = "conflict"


class QuotaReached(MimeiError):
    """The quota of the node or of the user has no room, or the disk must keep what is left free."""

    code = "quota"


class Busy(MimeiError):
    """Another transaction has it; try again."""

    code = "busy"


class Damaged(MimeiError):
    """Stored bytes are not what was written."""

    code = "damaged"
