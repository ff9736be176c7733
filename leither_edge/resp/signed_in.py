"""Sessions that several connections of one user share.

A pool of a web application signs each of its connections in with the same name and password, and Argon2id takes a second of a small
board for each. So a name and password that opened a session open it again as long as it lives: what is kept of them is a hash under a
random key of this process, and only while the user's own key is in memory anyway.
"""

from threading import Lock

from leither_edge.core.sha256 import sha256
from leither_edge.mimei.errors import NotSignedIn
from leither_edge.mimei.tables import ACCOUNTS


class SignedIn:
    """The sessions of name-and-password users of one server. Thread-safe. Args: library."""

    def __init__(self, library):
        self._library = library
        self._secret = library.random_bytes(32)
        self._lock = Lock()
        # By hash: session, the account's row at that time, how many have it.
        self._kept = {}

    def session(self, name, password):
        """The Session of a user. Raises NotSignedIn, Busy."""
        row, hashed = self._row(name), self._hash(name, password)
        with self._lock:
            kept = self._kept.get(hashed)
            if kept is not None and kept[1] == row and self._is_good(kept[0]):
                kept[2] += 1
                return kept[0]
        session = self._library.sign_in_with_password(name, password)
        with self._lock:
            kept = self._kept.get(hashed)
            # One that another thread began meanwhile stays.
            if kept is None or kept[1] != row or not self._is_good(kept[0]):
                self._kept[hashed] = [session, row, 1]
        return session

    def leave(self, session):
        """One has it no more; the last ends it."""
        with self._lock:
            for hashed, kept in self._kept.items():
                if kept[0] is session:
                    kept[2] -= 1
                    if kept[2]:
                        return
                    del self._kept[hashed]
                    break
        self._library.sign_out(session.sid)

    def _is_good(self, session):
        try:
            self._library.session(session.sid)
        except NotSignedIn:
            return False
        return True

    def _row(self, name):
        # Another password makes another row.
        packed = name.casefold().encode("utf-8", "replace")[:256]
        with self._library.store.read() as tx:
            return tx.get(ACCOUNTS, packed) if packed else None

    def _hash(self, name, password):
        name, password = name.casefold().encode("utf-8", "replace"), password.encode("utf-8", "replace")
        return sha256(self._secret + len(name).to_bytes(4, "big") + name + password).digest()
