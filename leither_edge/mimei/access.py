"""What every call begins with: the rows of a MiMei, and whether the one who asks may do it."""

from leither_edge.core.ids import key_id

from . import rights
from .errors import Forbidden, NotFound, NotSignedIn
from .history import read_head, write_head
from .info import check_id, read_identity
from .tables import MEMBERS, MIMEI

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
    """What the groups of calls share; its attributes are those of library.Library."""

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
        return self.mask_of(tx, mid, identity, session.user_id) & session.ceiling

    def mask_of(self, tx, mid, identity, user):
        """The mask of rights that hold for a user (20 bytes)."""
        if user == key_id(identity.public_key):
            return rights.effective(identity.masks, rights.AUTHOR)
        own = tx.get(MEMBERS, mid + user)
        role = rights.GUEST if own is None else rights.MEMBER
        return rights.effective(identity.masks, role, own[0] if own else None)

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

    def set_root(self, tx, mid, root, **head):
        """Makes a label the root of cur, in the transaction that makes it durable. Args: head (other fields of the Head)."""
        found = read_head(tx, mid)
        write_head(tx, mid, found._replace(root=root, changed=self.now(), **head))
        self.changes += 1

    def may_use_labels(self, session):
        """Refuses strangers where this node gives nothing out by label alone. Raises NotSignedIn, Forbidden."""
        if self.labels_open or session.may_keep:
            return
        if session.user_id is None:
            raise NotSignedIn("A guest may not read by label here. Sign in.")
        raise Forbidden("You may not read by label on this node: its owner has not let you in.")

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


def reading(head, number):
    """Which operation it is to read a version. Args: head (Head), number (None: cur)."""
    if number is None:
        return "read-cur"
    return "read-release" if number == head.release else "read-version"
