"""What a book refuses, and why it cannot go on: each with a code for programs and a sentence for people."""

from leither_edge.storage import Damaged


class LedgerError(Exception):
    """Args: code (a short word for programs), sentence (what failed, why, what to do), field (name of what is wrong, or None)."""

    def __init__(self, code, sentence, field=None):
        # All of them, so that a copy can be made for each who waits.
        super().__init__(code, sentence, field)
        self.code = code
        self.field = field

    def __str__(self):
        return self.args[1]


class Refused(LedgerError):
    """A transfer that this book does not take, now or ever; it changed nothing."""


class BookError(LedgerError):
    """A book cannot be made, opened, asked or written as was wanted; it is as it was."""


class BookDamaged(Damaged):
    """The parts of a book do not agree with each other. field: name of what is wrong."""

    def __init__(self, sentence, field):
        super().__init__(sentence, field)
        self.field = field

    def __str__(self):
        return self.args[0]


def refused(error, field=None):
    """The Refused for an error of the core's, which has a code or a field."""
    return Refused(getattr(error, "code", None) or error.field, str(error), getattr(error, "field", None) or field)
