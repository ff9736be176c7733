"""What a book refuses, in plain words, wherever it was refused."""

import contextlib

from leither_edge.cli.failure import Failure, RefusedError, UsageError
from leither_edge.cli.output import clean

# What helps, where the sentence itself does not say it.
FIXES = {
    "below-zero": "See what is there: leither ledger balance",
    "unknown-account": "See what is there: leither ledger balance",
    "anchor": "Offers are for one book, and for an hour of it: have a new one made.",
    "anchor-too-old": "Have a new offer made.",
    "expired": "Have a new offer made.",
    "replayed": "Nothing to do: see it with leither ledger show TRANSACTION",
    "signature-missing": "Have the others accept first: leither ledger accept OFFER",
    "overflow": "A book holds less than 2^56 points: issue fewer.",
    "no-transaction": "See the pulses: leither ledger show PULSE",
    "no-pulse": "See the newest: leither ledger show",
    "not-signed": "Is bookkeeper.key the one of this book?",
    "no-key": "Only the computer with bookkeeper.key in the book's folder can go on with it.",
}


def failure(code, sentence, field=None, refused=False):
    """Return the Failure for a refusal.

    Args:
        code: a short word.
        sentence: what is wrong.
        field: name of what is wrong, or None.
        refused: the transfer itself is not taken.
    """
    text = clean(sentence, 600)
    text = text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
    kind, what = (RefusedError, "The book does not take this transfer.") if refused else (Failure, "The book could not do that.")
    return kind(what, text, FIXES.get(code, ""), code=code, details={"field": field} if field else None)


@contextlib.contextmanager
def told():
    """Turn what the ledger raises into a Failure."""
    from leither_edge.core.sum_tree import TreeError
    from leither_edge.core.transfer import TransferError
    from leither_edge.crypto.private_file import KeyFileError
    from leither_edge.ledger.errors import LedgerError, Refused
    from leither_edge.storage import InUse, StorageError

    try:
        yield
    except LedgerError as error:
        raise failure(error.code, str(error), error.field, isinstance(error, Refused)) from None
    except TransferError as error:
        raise Failure(
            "That offer cannot be used.", failure(error.code, str(error)).why, FIXES.get(error.code, ""),
            code=error.code, details={"field": error.field},
        ) from None  # fmt: skip
    except InUse as error:
        raise Failure("The book is in use.", str(error), code="in-use") from None
    except StorageError as error:
        field = getattr(error, "field", None)
        fix = "Check it: leither ledger fsck" if field else ""
        raise Failure("The book could not be read or written.", str(error), fix, code="storage", details={"field": field}) from None
    except TreeError as error:
        raise Failure("What the book answered is not signed by its organization.", f"{error}.", code="untrusted") from None
    except KeyFileError as error:
        raise Failure("The book could not be opened.", f"{error}.", code="bad-key-file") from None


def read_amount(text):
    """Return an amount of the command line."""
    value = int(text) if text.isascii() and text.isdigit() and len(text) <= 16 else 0
    if not 0 < value < 1 << 53:
        raise UsageError(
            f"“{clean(text, 40)}” is not an amount.", "An amount is a whole number, 1 or more, and below 2^53.",
            code="amount", details={"field": "amount"},
        )  # fmt: skip
    return value
