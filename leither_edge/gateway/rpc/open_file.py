"""What the MFOpen... procedures open: a file or folder by its path, a file by its label, or one that has no name yet."""

from leither_edge.mimei.errors import Conflict, Forbidden, NotFound
from leither_edge.mimei.files import read as reading
from leither_edge.mimei.info import FILE
from leither_edge.mimei.ipld import cid as cids

from ..caller import Blocks

FOLDER = "directory"


class PathFile:
    """A path of an opened MiMei, which may be none yet; "" is the whole. Args: opened (Opened), path (text)."""

    __slots__ = ("opened", "path")

    def __init__(self, opened, path=""):
        self.opened = opened
        self.path = path.strip("/")
        if opened.data_type == FILE and self.path:
            raise Conflict("This MiMei is one file and has no paths.")

    @property
    def name(self):
        return self.path.rpartition("/")[2]

    def is_file(self):
        return self.opened.data_type == FILE or self.opened.file_system.stat(self.path).kind != FOLDER

    def label(self):
        return self.opened.file.label() if self.opened.data_type == FILE else self.opened.file_system.label(self.path)

    def size(self):
        if self.opened.data_type == FILE:
            return self.opened.file.size()
        return self.opened.file_system.stat(self.path).size

    def read(self, offset, length):
        if self.opened.data_type == FILE:
            return self.opened.file.read(offset, length)
        return self.opened.file_system.read(self.path, offset, length)

    def write(self, offset, data):
        if self.opened.data_type == FILE:
            return self.opened.file.write(offset, data)
        return self.opened.file_system.write(self.path, offset, data)

    def truncate(self, size):
        if self.opened.data_type == FILE:
            return self.opened.file.truncate(size)
        return self.opened.file_system.truncate(self.path, size)

    def put(self, source):
        if self.opened.data_type == FILE:
            return self.opened.file.put(source)
        return self.opened.file_system.put(self.path, source)

    def entries(self, start, limit):
        """Iterator of entries of a folder."""
        return self.opened.file_system.list(self.path, start, limit)

    def close(self):
        self.opened.close()


class LabelFile:
    """A file by its label: read only. Args: library, session, cid (binary)."""

    name = ""

    def __init__(self, library, session, cid):
        self._library, self._session, self._cid = library, session, cid
        # What cannot be read is not opened.
        self._size = reading.size(Blocks(library, session), cid)

    def is_file(self):
        return True

    def label(self):
        return self._cid

    def size(self):
        return self._size

    def read(self, offset, length):
        return self._library.cat(self._session, self._cid, offset, length)

    def write(self, *arguments):
        raise Forbidden(f"{cids.to_text(self._cid)} names these bytes and no others. Copy it to a path and change that.")

    truncate = put = write

    def entries(self, start, limit):
        raise NotFound("This is a file, not a folder.")

    def close(self):
        """Nothing is held."""


class NamelessFile(PathFile):
    """A file that has no name yet: a MiMei of its own, deleted when it is closed. Args: opened (at cur)."""

    __slots__ = ()

    def close(self):
        opened = self.opened
        opened.close()
        try:
            opened.library.delete(opened.session, opened.mid)
        except NotFound:
            pass  # closed twice
