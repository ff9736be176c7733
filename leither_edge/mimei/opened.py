"""A MiMei opened at one version, with the view of its type of data.

A view of cur always shows the present state; one of a numbered version never changes. Each call of a view checks rights anew.
"""

from . import info
from .errors import Conflict


class Opened:
    """What Library.open returns.

    Attributes: library, session, mid (20 bytes), info (MiMeiInfo when opened), version (as asked), number (None: cur), root (label
    when opened, None for a database's cur), data_type, writable (when opened).
    """

    __slots__ = ("library", "session", "mid", "info", "version", "number", "root", "data_type", "writable", "_view")

    def __init__(self, library, session, mid, found, version, number, root, writable):
        self.library, self.session, self.mid, self.info = library, session, mid, found
        self.version, self.number, self.root, self.writable = version, number, root, writable
        self.data_type = found.data_type
        self._view = None

    @property
    def file(self):
        """The FileView of a MiMei that is one file. Raises Conflict."""
        return self._as(info.FILE)

    @property
    def file_system(self):
        """The FilesView of a MiMei that is a file system. Raises Conflict."""
        return self._as(info.FILES)

    @property
    def database(self):
        """The DatabaseView of a MiMei that is a database. Raises Conflict."""
        return self._as(info.DATABASE)

    @property
    def stream(self):
        """The StreamView of a MiMei that is a stream. Raises Conflict."""
        return self._as(info.STREAM)

    def must_be_cur(self):
        """Refuses a change of a numbered version. Raises Conflict."""
        if self.number is not None:
            raise Conflict(f"Version {self.number} cannot be changed. Restore it to cur, or fork it.")

    def close(self):
        """Lets go of what the view holds; a second call does nothing."""
        if self._view is not None:
            self._view.close()
            self._view = None

    def _as(self, data_type):
        if data_type != self.data_type:
            held, wanted = info.TYPE_NAMES[self.data_type], info.TYPE_NAMES[data_type]
            raise Conflict(f"This MiMei holds {held}, not {wanted}.")
        if self._view is None:
            if data_type in (info.FILE, info.FILES):
                from . import file_views as views
            else:
                from . import row_views as views
            self._view = views.VIEWS[data_type](self)
        return self._view
