"""Calls of the library on files, by the path in a MiMei or by label alone."""

from .access import Access
from .errors import MimeiError


class FileCalls(Access):
    """Putting and reading. More is at Library.open(...).file_system and .file."""

    def put_file(self, session, mid, path, source, progress=None):
        """Streams a file into cur; returns its label (binary).

        Args: path ("" for a MiMei that is one file), source (path of a file of this computer, or iterable of bytes), progress (bytes so
        far -> None). Raises Conflict, QuotaReached.
        """
        raise MimeiError("not yet")

    def read_file(self, session, mid, version, path, offset=0, length=None):
        """Iterator of pieces (bytes) of a file of a version. Raises BadInput, NotFound, Forbidden, NotSignedIn, BlockMissing."""
        raise MimeiError("not yet")

    def add(self, session, source, profile=None, progress=None, pin=False):
        """The label (binary) of bytes, in no MiMei: collected by and by unless pinned or put somewhere.

        Args: source (as put_file), profile (label_profile.V1_2025, V0_2015), pin (for the caller). Raises QuotaReached.
        """
        raise MimeiError("not yet")

    def add_folder(self, session, folder, profile=None, progress=None, pin=False, hidden=False, links=False):
        """The label (binary) of a folder of this computer. Args, raises: as add; for those who may read this computer's files."""
        raise MimeiError("not yet")

    def cat(self, session, cid, offset=0, length=None):
        """Iterator of pieces (bytes) of the file that a label names. Who knows a label may read it. Raises BadInput, BlockMissing."""
        raise MimeiError("not yet")

    def find(self, session, cid, path):
        """(label, path that is left) of a path below a label. Raises BadInput, NotFound, BlockMissing."""
        raise MimeiError("not yet")

    def block(self, session, cid):
        """The bytes of one block. Raises BadInput, BlockMissing."""
        raise MimeiError("not yet")
