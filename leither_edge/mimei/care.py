"""Calls of the library that look after the store."""

from .access import Access
from .errors import MimeiError


class CareCalls(Access):
    """Sizes, collection, repair, and what runs beside."""

    def stat(self, session, mid=None):
        """{name: number} of the node, or of one MiMei."""
        raise MimeiError("not yet")

    def usage(self, session):
        """(bytes charged to the caller, bytes that he may keep). Raises NotSignedIn."""
        raise MimeiError("not yet")

    def collect(self, session, progress=None):
        """Deletes blocks that nothing reaches; returns (blocks, bytes). Raises NotSignedIn, Forbidden."""
        raise MimeiError("not yet")

    def fsck(self, session, repair=False, progress=None):
        """Checks every row and block; returns [sentence] of problems. Raises NotSignedIn, Forbidden."""
        raise MimeiError("not yet")

    async def run(self):
        """What runs beside, until cancelled (trio): flushes, expiry, retired rows, collection when due."""
        raise MimeiError("not yet")
