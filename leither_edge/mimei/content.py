"""Calls of the library that make, find, open and delete MiMei."""

from leither_edge.core.ids import ID_BYTES

from . import history, info, rights
from .access import Access, author_id, reading
from .errors import Conflict
from .files.build import build
from .files.file_system import empty
from .files.label_profile import V1_2025
from .numbers import new_number, retire
from .opened import Opened
from .quota import Writing
from .references import keys_of
from .tables import BY_AUTHOR, HEADS, MEMBERS, MIMEI, REFERENCES, VERSIONS

LIST_MAX = 1000


class ContentCalls(Access):
    """Making, finding, opening and deleting; rights and tags."""

    def create(self, session, app_type="", ext="", mark=info.AUTO_MARK, data_type=info.FILES, right=None):
        """The mid (20 bytes) of the caller's MiMei with these words, made if there is none.

        Args: mark ("{{auto}}" draws a new one), data_type (info.FILE, FILES, DATABASE, STREAM), right (of a new one, see rights.masks_of).
        Raises BadInput, NotSignedIn, Forbidden, Conflict (it is there with another type of data), QuotaReached.
        """
        info.check_words(app_type, ext, mark, data_type)
        masks = rights.masks_of(right)
        self.must_keep(session)
        if mark == info.AUTO_MARK:
            mark = self.random_bytes(ID_BYTES).hex()
        mid = info.mid_of(self.user_of(session), app_type, ext, mark)
        with self.store.read() as tx:
            if _is_there(tx, mid, data_type):
                return mid
        identity = info.Identity(session.public_key, app_type, ext, mark, data_type, self.now(), masks, ())
        with Writing(self, session.user_id) as writing:
            root = None
            if data_type == info.FILE:
                root = build(writing, V1_2025, ())[0]
            elif data_type == info.FILES:
                root = empty(writing, V1_2025)

            def make(tx):
                if not _is_there(tx, mid, data_type):
                    self.make_rows(tx, mid, identity, root)
                    self.index(tx, mid)

            with self.blocks.hold([root] if root else []):
                writing.finish(make)
        self.wake()
        return mid

    def make_rows(self, tx, mid, identity, root, **head):
        """Writes the rows of a new MiMei. Args: root (of cur, None for a database), head (other fields of its Head)."""
        first = history.Head(root, None, 0, None, None, None, None, None, identity.created)._replace(**head)
        if first.database is None and identity.data_type in (info.DATABASE, info.STREAM):
            first = first._replace(database=new_number(tx))
        # Somebody may have had one of this id open that was deleted.
        self.rows.replaced(mid, first.database)
        tx.put(MIMEI, mid, info.write_identity(identity))
        history.write_head(tx, mid, first)
        tx.put(BY_AUTHOR, author_id(identity) + mid, b"")

    def info(self, session, mid):
        """The MiMeiInfo of a MiMei."""
        with self.store.read() as tx:
            mid, identity = self.permitted(tx, session, mid, "info")
            return self._info(tx, session, mid, identity)

    def list(self, session, start=None, limit=None, author=None):
        """The MiMeiInfo of what the caller may see, in the order of mids: a list of at most `limit` (1,000 at most).

        Args: start (mid; only those behind it), author (20 bytes: only that author's). Raises BadInput.
        """
        left = min(limit or LIST_MAX, LIST_MAX)
        found = []
        start = b"" if start is None else info.check_id(start)
        with self.store.read() as tx:
            for mid in self._mids(tx, start, author):
                identity = self.identity(tx, mid)
                if self.mask(tx, session, mid, identity) & rights.SEE:
                    found.append(self._info(tx, session, mid, identity))
                    if len(found) >= left:
                        break
        return found

    def delete(self, session, mid):
        """Deletes a MiMei with all versions; its blocks go with the next collection."""

        def remove(tx):
            found, identity = self.permitted(tx, session, mid, "delete")
            head = history.read_head(tx, found)
            if head.database is not None:
                retire(tx, head.database)
            for table in (VERSIONS, MEMBERS, REFERENCES):
                for key in keys_of(tx, table, found):
                    tx.delete(table, key)
            tx.delete(BY_AUTHOR, author_id(identity) + found)
            tx.delete(HEADS, found)
            tx.delete(MIMEI, found)
            self.index(tx, found)
            self.epoch += 1

        self.held.call(remove, reserve=True)
        self.wake()

    def open(self, session, mid, version="cur"):
        """An Opened MiMei (see there). Args: version (a number, or cur, last, release)."""
        return self.open_for(session, mid, version, None)

    def open_for(self, session, mid, version, operation):
        """The same for one operation alone, such as to write without reading. Args: operation (of rights.OPERATIONS; None: to read)."""
        with self.store.read() as tx:
            mid = info.check_id(mid)
            identity = self.identity(tx, mid)
            head = history.read_head(tx, mid)
            number = history.number_of(head, version)
            self.permitted(tx, session, mid, operation or reading(head, number))
            root = head.root if number is None else history.read_version(tx, mid, number).root
            writable = number is None and bool(self.mask(tx, session, mid, identity) & rights.WRITE)
            return Opened(self, session, mid, self._info(tx, session, mid, identity), version, number, root, writable)

    def set_right(self, session, mid, member, right):
        """Says who may do what. Args: member ("author", "member", "guest", or a user's id), right (mask; None: no member any more).

        A member listed with the mask that members have goes by that of members.
        """
        if member in rights.ROLES:
            rights.check_mask(right)
        else:
            member = info.check_id(member, "The id of a user")
            right = right if right is None or right == "member" else rights.check_mask(right)

        def put(tx):
            found, identity = self.permitted(tx, session, mid, "set-right")
            if isinstance(member, str):
                tx.put(MIMEI, found, info.write_identity(identity._replace(masks=identity.masks._replace(**{member: right}))))
            elif right is None:
                tx.delete(MEMBERS, found + member)
            else:
                tx.put(MEMBERS, found + member, [None if right == "member" else right])
            # Inside, so that no command passes by the old right once this one is done.
            self.epoch += 1

        self.held.call(put)

    def get_right(self, session, mid, user=None):
        """The mask that holds for a user (20 bytes; None: who asks)."""
        with self.store.read() as tx:
            if user is None:
                mid = info.check_id(mid)
                return self.mask(tx, session, mid, self.identity(tx, mid))
            user = info.check_id(user, "The id of a user")
            mid, identity = self.permitted(tx, session, mid, "rights")
            if user == author_id(identity):
                return rights.effective(identity.masks, rights.AUTHOR)
            own = tx.get(MEMBERS, mid + user)
            return rights.effective(identity.masks, rights.GUEST if own is None else rights.MEMBER, own[0] if own else None)

    def rights(self, session, mid):
        """(Masks of the roles, {member's id: his mask, None where that of members holds}). Raises as get_right."""
        with self.store.read() as tx:
            mid, identity = self.permitted(tx, session, mid, "rights")
            return identity.masks, {key[20:]: tx.get(MEMBERS, key)[0] for key in keys_of(tx, MEMBERS, mid)}

    def set_tags(self, session, mid, tags):
        """Gives a MiMei its tags (texts), in place of those it had."""
        tags = info.check_tags(tags)

        def put(tx):
            found, identity = self.permitted(tx, session, mid, "set-tags")
            tx.put(MIMEI, found, info.write_identity(identity._replace(tags=tags)))
            self.index(tx, found)

        self.held.call(put)

    def tags(self, session, mid):
        """The tags of a MiMei, sorted."""
        with self.store.read() as tx:
            return list(self.permitted(tx, session, mid, "tags")[1].tags)

    def _info(self, tx, session, mid, identity):
        head = history.read_head(tx, mid)
        masks = identity.masks
        return info.MiMeiInfo(
            mid, author_id(identity), identity.app_type, identity.ext, identity.mark, identity.data_type, identity.created, masks.guest,
            masks.member, masks.author, self.mask(tx, session, mid, identity), head.last, head.release, head.next, head.ancestor,
            list(identity.tags), head.changed,
        )  # fmt: skip

    def _mids(self, tx, start, author):
        if author is not None:
            author = info.check_id(author, "The id of a user")
            for key in keys_of(tx, BY_AUTHOR, author, start):
                if key[20:] != start:
                    yield key[20:]
            return
        for key in tx.keys(MIMEI, start=start or None):
            if key != start:
                yield key


def _is_there(tx, mid, data_type):
    row = tx.get(MIMEI, mid)
    if row is None:
        return False
    found = info.read_identity(row).data_type
    if found != data_type:
        raise Conflict(f"This MiMei is there already, and holds {info.TYPE_NAMES[found]}. Choose another mark.")
    return True
