"""Files and file systems as those who opened them use them; what changes cur is durable on return."""

from .info import FILE, FILES


class _View:
    def __init__(self, opened):
        self._opened = opened

    def close(self):
        """Nothing is held."""


class FileView(_View):
    """A MiMei that is one file."""

    def size(self):
        """Bytes of the file. Raises Forbidden, NotSignedIn, BlockMissing."""

    def label(self):
        """The file's label (binary). Raises Forbidden, NotSignedIn."""

    def read(self, offset=0, length=None):
        """Iterator of pieces (bytes). Raises BadInput (an offset below 0), Forbidden, NotSignedIn, BlockMissing."""

    def put(self, source, progress=None):
        """Replaces the file; returns the new label. Args: source (iterable of bytes), progress (bytes so far -> None)."""

    def write(self, offset, data):
        """Writes bytes at an offset (at most the size, -1: the end); returns the new label. Raises also BadInput, QuotaReached."""

    def truncate(self, size):
        """Cuts or lengthens (with zeros) to a size; returns the new label."""


class FilesView(_View):
    """A MiMei that is a file system. Paths are "a/b", "" is the whole. Errors as Library's."""

    def label(self, path=""):
        """The label (binary) of a file or directory."""

    def list(self, path="", start=None, limit=None):
        """Iterator of entries (name, cid, size, kind) of a directory. Args: start (name: only those behind it)."""

    def stat(self, path):
        """The entry (name, cid, size, kind) of a path."""

    def read(self, path, offset=0, length=None):
        """Iterator of pieces (bytes) of a file."""

    def put(self, path, source, progress=None):
        """Puts a file, directories above it made where missing; returns its label. Args: as FileView.put."""

    def put_label(self, path, cid):
        """Puts what a label names, which must be here."""

    def make_directory(self, path):
        """Makes a directory with those above it; one that is there is no error."""

    def copy(self, source, target, version="cur"):
        """Copies a file or directory, of another version if wished."""

    def rename(self, source, target):
        """Moves a file or directory."""

    def remove(self, path, recursive=False):
        """Removes a file, an empty directory, or with `recursive` a full one."""

    def write(self, path, offset, data):
        """Writes bytes at an offset of a file (-1: its end), made where missing; returns the new label."""

    def truncate(self, path, size):
        """Cuts or lengthens (with zeros) a file; returns the new label."""

    def put_folder(self, path, folder, progress=None, hidden=False, links=False):
        """Puts a folder of this computer; returns its label. For those who may read this computer's files: the CLI."""

    def get_folder(self, path, folder, progress=None):
        """Writes a directory into a folder of this computer, safely; resumes. For those who may write this computer's files: the CLI."""


VIEWS = {FILE: FileView, FILES: FilesView}
