"""Calls of the library on versions."""

from .access import Access
from .errors import MimeiError


class VersionCalls(Access):
    """Backup, release, restore, delete, fork, diff."""

    def versions(self, session, mid):
        """[history.Version], oldest first."""
        raise MimeiError("not yet")

    def backup(self, session, mid, memo="", progress=None):
        """Makes cur the next version, signed by the session's key; returns its Version.

        Args: progress (blocks so far -> None). Raises BadInput, NotFound, Forbidden (no right, or not the author's key: see
        backup_prepare), NotSignedIn, Busy, QuotaReached.
        """
        raise MimeiError("not yet")

    def backup_prepare(self, session, mid, memo=""):
        """(ticket (text), bytes that the author's key signs) of cur as it is now; good for ten minutes. Raises as backup."""
        raise MimeiError("not yet")

    def backup_finish(self, session, ticket, signature):
        """The Version of a prepared backup. Args: signature (64 bytes, the author's). Raises NotFound (no such ticket), Conflict."""
        raise MimeiError("not yet")

    def release(self, session, mid, version):
        """Points release at a version; returns its number."""
        raise MimeiError("not yet")

    def restore(self, session, mid, version, progress=None):
        """Copies a version to cur. Raises BadInput, NotFound, Forbidden, NotSignedIn, Busy, QuotaReached."""
        raise MimeiError("not yet")

    def delete_versions(self, session, mid, versions):
        """Drops versions (the released one not); returns how many. Raises Conflict."""
        raise MimeiError("not yet")

    def fork(self, session, mid, version, mark="{{auto}}"):
        """The mid of a new MiMei of the caller that begins with a version of another. Raises Conflict."""
        raise MimeiError("not yet")

    def diff(self, session, mid, a, b="cur"):
        """Iterator of Change(kind "+", "-" or "~", what, old, new) from version a to b.

        what: path (text) of files; key (bytes) with field of a database; offset of a stream.
        """
        raise MimeiError("not yet")
