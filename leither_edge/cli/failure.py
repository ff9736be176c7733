"""The one exception that ends a command in plain words, and the exit codes."""

DONE = 0
FAILED = 1
USAGE = 2
REFUSED = 3
UNREACHABLE = 4


class Failure(Exception):
    """A command that could not be done.

    Args:
        what: one sentence, what failed.
        why: one sentence, the reason as far as it is known.
        fix: what the user can do now.
        exit_code: one of the codes above.
        code: a short stable word for ``--json``.
        details: more fields for ``--json``.
    """

    exit_code = FAILED
    code = "failed"

    def __init__(self, what, why="", fix="", *, exit_code=None, code=None, details=None):
        super().__init__(what)
        self.what, self.why, self.fix = what, why, fix
        self.exit_code = self.exit_code if exit_code is None else exit_code
        self.code = code or self.code
        self.details = details or {}


class UsageError(Failure):
    """The command line itself is wrong."""

    exit_code = USAGE
    code = "usage"


class RefusedError(Failure):
    """The device understood and said no."""

    exit_code = REFUSED
    code = "refused"


class UnreachableError(Failure):
    """No answer came in time. ``retry``: trying again soon makes sense. ``maybe_arrived``: a connection was made."""

    retry = True
    maybe_arrived = True
    exit_code = UNREACHABLE
    code = "unreachable"


class UntrustedError(Failure):
    """Something answered that does not hold the pinned device's key, or no sense can be made of it."""

    code = "untrusted"


class CancelledError(Failure):
    """The user said no to a question."""

    code = "cancelled"
