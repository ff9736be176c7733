"""The state of a book before anybody held anything, as its first header alone tells it."""

from collections import namedtuple


class EmptyState(namedtuple("EmptyState", ("pulse", "root", "total", "accounts"))):
    """Reads like history's Past; made of the fields of a header that says no accounts."""

    __slots__ = ()

    def get(self, account):
        """(None, 0): no account held anything."""
        return None, 0

    def proof(self, account):
        """The proof of absence in an empty tree: no byte."""
        return b""
