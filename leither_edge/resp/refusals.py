"""What goes wrong, in the words of Redis's errors: a code in capitals, then a sentence."""

from leither_edge.mimei.database.replies import ErrorReply
from leither_edge.mimei.errors import Busy, Forbidden, MimeiError, NotSignedIn, QuotaReached
from leither_edge.storage import DiskFull, MapFull, StorageError

# What is answered instead of ending the connection.
REFUSABLE = (MimeiError, StorageError)
NOT_SIGNED_IN = ErrorReply(b"NOAUTH Authentication required.")
WRONG_PASSWORD = ErrorReply(b"WRONGPASS invalid username-password pair or user is disabled.")
# What an error repeats of an unknown command.
_QUOTED_BYTES = 128


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


def unknown_command(words):
    """The ErrorReply to a command that nobody knows."""
    begin = b""
    for word in words[1:]:
        if len(begin) >= _QUOTED_BYTES:
            break
        # As in C, a word ends at its first zero.
        begin += b"'%b' " % word[: _QUOTED_BYTES - len(begin)].partition(b"\0")[0]
    return ErrorReply(b"ERR unknown command '%b', with args beginning with: %b" % (words[0][:_QUOTED_BYTES], begin))


def wrong_arity(name):
    """The ErrorReply to too many or too few words."""
    return ErrorReply(b"ERR wrong number of arguments for '%b' command" % name)


def _sentence(error):
    return str(error).encode("utf-8", "replace")
