"""Calls of the library on what is kept beyond versions, and on finding things."""

from .access import Access
from .errors import MimeiError


class ReferenceCalls(Access):
    """References, pins, search."""

    def add_references(self, session, mid, cids):
        """Counts labels (binary) up; returns how many. Raises BadInput, NotFound, Forbidden, NotSignedIn, BlockMissing."""
        raise MimeiError("not yet")

    def remove_references(self, session, mid, cids):
        """Counts labels down; returns how many were there. Raises as add_references."""
        raise MimeiError("not yet")

    def references(self, session, mid, version="cur"):
        """{label: count}."""
        raise MimeiError("not yet")

    def pin(self, session, cid, name=""):
        """Keeps what a label reaches, for the caller. Raises BadInput, BlockMissing, NotSignedIn, Forbidden."""
        raise MimeiError("not yet")

    def unpin(self, session, cid):
        """Returns whether the caller had pinned it. Raises NotSignedIn."""
        raise MimeiError("not yet")

    def pins(self, session):
        """[(label, name, time)] of the caller. Raises NotSignedIn."""
        raise MimeiError("not yet")

    def search(self, session, text, limit=20):
        """[Hit(mid, path, score, title)] that the caller may see, best first. Raises BadInput."""
        raise MimeiError("not yet")
