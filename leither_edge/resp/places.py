"""The databases that SELECT names, in a library (mimei/library.py).

Number n is the caller's own MiMei with ext "redis" and mark n; it is made by the first command that writes to it and is empty before.
27 characters are the id of any MiMei that is a database; with @version behind it, one of its versions, which is read only.
"""

from leither_edge.core.ids import id_to_text
from leither_edge.mimei import info
from leither_edge.mimei.database.database import Database, Limits
from leither_edge.mimei.errors import BadInput, NotFound, NotSignedIn
from leither_edge.mimei.tables import MIMEI

from .signed_in import SignedIn

EXT = "redis"
_ID_CHARS = 27
# A number that no rows have.
_NO_ROWS = 0


class Places:
    """Databases and sessions of a library. But for guest() and sign_out() to be called from threads that may wait."""

    # As many as redis-server has.
    databases = 16

    def __init__(self, library):
        self.library = library
        self._signed_in = SignedIn(library)

    def guest(self):
        """The session of one who has not signed in."""
        return self.library.guest()

    def session(self, sid):
        """The session of an id (text). Raises NotSignedIn. Does not wait."""
        return self.library.session(sid)

    def sign_in(self, name, password):
        """The session of a name-and-password user. Raises NotSignedIn, Busy."""
        return self._signed_in.session(name, password)

    def sign_out(self, session):
        """End a session that sign_in gave, or let go of one that others have, too."""
        self._signed_in.leave(session)

    def name_of(self, session):
        """What ACL WHOAMI says of who did not sign in with a name: his id (bytes)."""
        return id_to_text(session.user_id).encode()

    def open(self, session, selector):
        """The Place that a selector (bytes) names, or an Unmade one. Raises BadInput, NotFound, Forbidden, NotSignedIn."""
        mid, version = self._named(session, selector)
        if mid is None:
            return Unmade(self, None)
        try:
            return Place(self.library, self.library.open(session, mid, version))
        except NotFound:
            if not selector.isdigit():
                raise
            return Unmade(self, mid)

    def make(self, session, selector):
        """The same, made if there is none. Raises Forbidden, QuotaReached, too."""
        if selector.isdigit():
            self.library.create(session, "", EXT, selector.decode(), info.DATABASE)
        return self.open(session, selector)

    def _named(self, session, selector):
        if selector.isdigit():
            user_id = session.user_id
            return None if user_id is None else info.mid_of(user_id, "", EXT, selector.decode()), info.CUR
        mid, at, version = selector.decode("ascii", "replace").partition("@")
        if len(mid) != _ID_CHARS or (at and not version):
            raise BadInput("A database is a number, or an id of 27 characters, perhaps with @ and a version.")
        return info.check_id(mid), (int(version) if version.isdigit() and len(version) < 18 else version) if at else info.CUR


class Place:
    """A database that a connection has selected. Attributes: mid, is_made."""

    __slots__ = ("mid", "_library", "_opened", "_view", "_core", "_tx", "_epoch")

    is_made = True

    def __init__(self, library, opened):
        self.mid = opened.mid
        self._library, self._opened = library, opened
        self._view = opened.database
        self._core = self._tx = None
        self._epoch = library.epoch

    def is_outdated(self, tx):
        """Whether it is to be opened anew: it was deleted."""
        if self._epoch == self._library.epoch:
            return False
        self._epoch = self._library.epoch
        return tx.get(MIMEI, self.mid) is None

    def use(self, tx, now_ms):
        """Work in this transaction, at this time, until told otherwise."""
        self._tx = tx
        self._core = self._view.core
        self._core.use(tx, now_ms)

    def check(self, writes):
        """Refuse who may not read, or with `writes` may not change it. Raises Forbidden, NotFound."""
        self._view.check(self._tx, writes)

    def execute(self, words):
        """The core's reply to a command that was checked. Raises Busy, QuotaReached, StorageError."""
        return self._core.execute(words)

    def watched(self, key):
        """What is another value once the key has changed or has ended."""
        return self._core.watch_version(key), self._core.peek(key) is not None

    def close(self):
        """Let go of it; from a thread that may wait."""
        self._opened.close()


class Unmade:
    """A database with a number that nobody has written to: empty. Args: places, mid (None for a guest, who has none)."""

    __slots__ = ("mid", "_library", "_core")

    is_made = False

    def __init__(self, places, mid):
        self.mid = mid
        self._library = places.library
        self._core = None

    @property
    def is_somebodys(self):
        """Whether it can be made."""
        return self.mid is not None

    def is_outdated(self, tx):
        """Whether it was made meanwhile."""
        return self.mid is not None and tx.get(MIMEI, self.mid) is not None

    def use(self, tx, now_ms):
        """As Place.use."""
        if self._core is None:
            self._core = Database(tx, _NO_ROWS, now_ms, self._library.random_bytes, Limits(1), True)
        else:
            self._core.use(tx, now_ms)

    def check(self, writes):
        """Refuse a guest. Raises NotSignedIn."""
        if self.mid is None:
            raise NotSignedIn("A guest has no databases of his own. Sign in, or select one by its id.")

    def execute(self, words):
        """The reply of an empty database."""
        return self._core.execute(words)

    def watched(self, key):
        """Never asked: who watches has it made."""
        return None

    def close(self):
        """Nothing is held."""
