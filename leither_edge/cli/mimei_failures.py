"""What the content store refuses, in plain words, wherever it was refused."""

import contextlib

from leither_edge.cli.failure import Failure, RefusedError, UsageError
from leither_edge.cli.output import clean

# What helps, where the sentence itself does not say it.
FIXES = {
    "quota": "See what takes room: leither mimei stat, leither mimei gc",
    "damaged": "See what is damaged: leither mimei fsck",
}


def failure(code, sentence):
    """Return the Failure for a refusal.

    Args:
        code: the store's short word.
        sentence: what failed, why, what to do; a sentence each.
    """
    what, stop, why = clean(sentence, 2000).partition(". ")
    kind = RefusedError if code in ("forbidden", "not-signed-in") else Failure
    return kind(what + (stop.strip() or ("" if what.endswith(".") else ".")), why, FIXES.get(code, ""), code=code)


@contextlib.contextmanager
def told():
    """Turn what the content store raises into a Failure."""
    from leither_edge.mimei.errors import MimeiError
    from leither_edge.storage import InUse, StorageError

    try:
        yield
    except MimeiError as error:
        raise failure(error.code, str(error)) from None
    except InUse:
        raise
    except StorageError as error:
        raise Failure(
            "The content store could not be read or written.", str(error), "Check it: leither mimei fsck", code="storage"
        ) from None


def wrong(what, why="", fix="", code="usage"):
    """Return the UsageError for words that make no sense together."""
    return UsageError(what, why, fix, code=code)
