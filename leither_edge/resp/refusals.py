"""What goes wrong, in the words of Redis's errors: a code in capitals, then a sentence."""

from leither_edge.mimei.database.replies import ErrorReply
from leither_edge.mimei.errors import Busy, Forbidden, MimeiError, NotSignedIn, QuotaReached
from leither_edge.storage import DiskFull, MapFull, StorageError

# What is answered instead of ending the connection.
REFUSABLE = (MimeiError, StorageError)
NOT_SIGNED_IN = ErrorReply(b"NOAUTH Authentication required.")
WRONG_PASSWORD = ErrorReply(b"WRONGPASS invalid username-password pair or user is disabled.")


def refusal_of(error, name):
    """The ErrorReply for an exception of the store. Args: name (of the command, bytes)."""
    if isinstance(error, NotSignedIn):
        return NOT_SIGNED_IN
    if isinstance(error, Forbidden):
        if name.startswith(b"leither."):
            return ErrorReply(b"NOPERM " + _sentence(error))
        return ErrorReply(b"NOPERM this user has no permissions to run the '%s' command" % name)
    if isinstance(error, (QuotaReached, MapFull, DiskFull)):
        return ErrorReply(b"OOM " + _sentence(error))
    return ErrorReply((b"BUSY " if isinstance(error, Busy) else b"ERR ") + _sentence(error))


def _sentence(error):
    return str(error).encode("utf-8", "replace")
