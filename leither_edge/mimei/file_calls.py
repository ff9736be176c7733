"""Calls of the library on files, by the path in a MiMei or by label alone."""

from . import info
from .access import Access
from .errors import NotFound
from .file_views import added, held_pieces
from .files import directory
from .files.add_folder import add_folder
from .files.label_profile import V1_2025
from .files.tree_path import split
from .quota import Writing


class FileCalls(Access):
    """Putting and reading. More is at Library.open(...).file_system and .file."""

    def put_file(self, session, mid, path, source, progress=None, profile=V1_2025):
        """Streams a file into cur; returns its label (binary).

        Args: path ("" for a MiMei that is one file), source (path of a file of this computer, or iterable of bytes), progress (bytes so
        far -> None). Raises Conflict, QuotaReached.
        """
        opened = self.open_for(session, mid, "cur", "write")
        if opened.data_type == info.FILE and not path:
            return opened.file.put(source, progress, profile)
        return opened.file_system.put(path, source, progress, profile)

    def read_file(self, session, mid, version, path, offset=0, length=None):
        """Iterator of pieces (bytes) of a file of a version. Raises BlockMissing."""
        opened = self.open(session, mid, version)
        if opened.data_type == info.FILE and not path:
            return opened.file.read(offset, length)
        return opened.file_system.read(path, offset, length)

    def add(self, session, source, profile=V1_2025, progress=None, pin=False):
        """The label (binary) of bytes, in no MiMei: collected by and by unless pinned or put somewhere.

        Args: source (as put_file), profile (label_profile.V1_2025, V0_2015), pin (for the caller). Raises QuotaReached.
        """
        return self._add(session, lambda writing: added(writing, source, profile, progress)[0], pin)

    def add_folder(self, session, folder, profile=V1_2025, progress=None, pin=False, hidden=False, links=True):
        """The label (binary) of a folder of this computer. Args: as add and files.add_folder.add_folder. For the CLI."""

        def build(writing):
            return add_folder(writing, folder, profile, hidden=hidden, links=links, progress=progress).cid

        return self._add(session, build, pin)

    def cat(self, session, cid, offset=0, length=None):
        """Iterator of pieces (bytes) of the file that a label names. Who knows a label may read it. Raises Conflict, BlockMissing."""
        self.may_use_labels(session)
        return held_pieces(self.blocks, cid, offset, length)

    def find(self, session, cid, path):
        """The label of a path below a folder's label. Raises BlockMissing, Conflict (no folder)."""
        self.may_use_labels(session)
        for name in split(path):
            link = directory.find(self.blocks, cid, name)
            if link is None:
                raise NotFound("There is nothing of this name in the folder.")
            cid = link.cid
        return cid

    def block(self, session, cid):
        """The bytes of one block. Raises BlockMissing."""
        self.may_use_labels(session)
        return self.blocks.get(cid)

    def _add(self, session, build, pin):
        self.must_keep(session)
        with Writing(self, self.user_of(session)) as writing:
            cid = build(writing)
            writing.finish()
            if pin:
                self.pin(session, cid)
        return cid
