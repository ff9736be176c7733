"""What every call begins with: the rows of a MiMei, and whether the one who asks may do it."""

from threading import RLock

from leither_edge.core.ids import key_id

from . import rights
from .errors import Forbidden, NotFound, NotSignedIn
from .info import check_id, read_identity
from .tables import MEMBERS, MIMEI

_LOCKS = 64

# What a call does, in the words of its refusal.
DOING = {
    "info": "see this content", "tags": "see this content", "search": "see this content", "versions": "list its versions",
    "list": "list its files", "read-release": "read its released version",
    "read-version": "read this version", "read-cur": "read its current version",
    "diff": "compare its versions", "export": "export it", "references": "read its references", "write": "change it",
    "backup": "back it up", "release": "release a version of it", "restore": "restore a version of it",
    "delete-versions": "delete versions of it", "fork": "fork it", "add-references": "change its references", "set-tags": "change its tags",
    "rights": "read its rights", "set-right": "change its rights", "delete": "delete it",
}  # fmt: skip


class Access:
    """What the groups of calls share. Made by library.open_library.

    Attributes: store, held, blocks, sessions, accounts, counters, log, clock (-> s), random_bytes (count -> bytes), node_key, limits
    (the whole profile).
    """

    def _set_up(self, store, held, blocks, sessions, accounts, node_key, profile, counters, log, clock, random_bytes):
        self.store, self.held, self.blocks = store, held, blocks
        self.sessions, self.accounts, self.node_key = sessions, accounts, node_key
        self.limits, self.counters, self.log, self.clock, self.random_bytes = profile, counters, log, clock, random_bytes
        # Changes of one MiMei's root read the old one and write the new one: no two at a time.
        self._locks = [RLock() for _ in range(_LOCKS)]

    def identity(self, tx, mid):
        """The Identity of a MiMei. Raises NotFound."""
        row = tx.get(MIMEI, mid)
        if row is None:
            raise NotFound("There is no such MiMei here.")
        return read_identity(row)

    def mask(self, tx, session, mid, identity):
        """The mask of rights that hold for who asks."""
        if session.user_id is None:
            return rights.effective(identity.masks, rights.GUEST) & session.ceiling
        if session.public_key == identity.public_key:
            return rights.effective(identity.masks, rights.AUTHOR) & session.ceiling
        own = tx.get(MEMBERS, mid + session.user_id)
        role = rights.GUEST if own is None else rights.MEMBER
        return rights.effective(identity.masks, role, own[0] if own else None) & session.ceiling

    def permitted(self, tx, session, mid, *operations):
        """(mid as 20 bytes, Identity) where who asks may do all the operations. Raises BadInput, NotFound, Forbidden, NotSignedIn."""
        mid = check_id(mid)
        identity = self.identity(tx, mid)
        mask = self.mask(tx, session, mid, identity)
        for operation in operations:
            rights.require(mask, rights.RIGHT_OF[operation], session, DOING[operation])
        return mid, identity

    def must_keep(self, session):
        """Refuses those who may not make content here. Raises NotSignedIn, Forbidden."""
        if session.user_id is None:
            raise NotSignedIn("A guest may not make content here. Sign in.")
        if not session.may_keep or not session.ceiling & rights.WRITE:
            raise Forbidden("You may not make content on this node: its owner has not let you in.")

    def lock_of(self, mid):
        """The lock that changes of a MiMei's root hold."""
        return self._locks[mid[0] % _LOCKS]

    def now(self):
        """The time in whole seconds."""
        return int(self.clock())

    def user_of(self, session):
        """The user's id, 20 bytes. Raises NotSignedIn."""
        if session.user_id is None:
            raise NotSignedIn("Sign in first.")
        return session.user_id


def author_id(identity):
    """The id of an Identity's author, 20 bytes."""
    return key_id(identity.public_key)
