"""Calls of the library on versions."""

from binascii import hexlify
from collections import namedtuple
from itertools import islice

from leither_edge.core.ids import key_id
from leither_edge.crypto import sodium

from . import history, info, manifest, rights
from .access import Access, author_id, reading
from .errors import BadInput, Conflict, Forbidden, NotFound
from .files.difference import diff as diff_files
from .ipld import cid as cids
from .numbers import retire, settle
from .quota import Writing
from .references import list_root, read_counts, read_list, write_counts
from .tables import MIMEI

TICKETS_MAX = 32
TICKET_LIFE_S = 600
# What a list of changes may hold in memory.
CHANGES_MAX_BYTES = 4 << 20

# kind: "+", "-" or "~". what: path (text) of files, (key, kind of value, member or None) of a database, offset of a stream, "" of one
# file. old, new: labels of files; bytes or None of others.
Change = namedtuple("Change", ("kind", "what", "old", "new"))


class _Prepared:
    """A version that only lacks its signature.

    database, until: number of cur's rows and of the last change that is in it. Of one with a ticket: lease (holds its blocks), ends (s),
    user_id (whose ticket it is).
    """

    __slots__ = ("manifest", "database", "until", "lease", "ends", "user_id")

    def __init__(self, found, database, until):
        self.manifest, self.database, self.until = found, database, until

    def labels(self):
        """What is to be kept until it is recorded."""
        found = self.manifest
        return [found.root] if found.references is None else [found.root, found.references]


class VersionCalls(Access):
    """Backup, release, restore, delete, fork, diff."""

    def versions(self, session, mid):
        """[history.Version], oldest first."""
        with self.store.read() as tx:
            mid, identity = self.permitted(tx, session, mid, "versions")
            head, author = history.read_head(tx, mid), author_id(identity)
            return [history.version_of(number, row, head, author) for number, row in history.scan_versions(tx, mid) if not row.dropped]

    def manifest(self, session, mid, version):
        """(number, bytes of the signed manifest, whether the content is not here any more) of a version, of a dropped one, too."""
        with self.store.read() as tx:
            mid, identity = self.permitted(tx, session, mid, "info", "versions")
            head = history.read_head(tx, mid)
            number = _numbered(head, version)
            if isinstance(version, str) and not version.isdigit():
                # The word says which one is the newest that may be read.
                self.permitted(tx, session, mid, reading(head, number))
            row = tx.get(history.VERSIONS, history.version_key(mid, number))
        if row is None:
            raise NotFound(f"There is no version {number} of this MiMei here.")
        row = history.VersionRow(*row)
        return number, self.blocks.get(row.manifest), row.dropped

    def backup(self, session, mid, memo="", progress=None):
        """Makes cur the next version, signed by the session's key; returns its Version.

        Args: progress (blocks so far -> None). Raises Forbidden also where the key is not the author's (see backup_prepare), Conflict
        (another backup was quicker), Busy, QuotaReached.
        """
        with self.store.read() as tx:
            mid, identity = self.permitted(tx, session, mid, "backup")
        if session.public_key != identity.public_key or not session.can_sign:
            raise Forbidden("Versions are signed by their author's key, which this session has not. Prepare one, and have him sign it.")
        with self.lock_of(mid), Writing(self, author_id(identity)) as writing:
            prepared = self._prepare(writing, mid, identity, memo, progress)
            signature = session.sign(manifest.to_be_signed(prepared.manifest))
            version = self._record(session, writing, prepared, signature)
        return self._recorded(prepared, version)

    def backup_prepare(self, session, mid, memo=""):
        """(ticket (text), bytes that the author's key signs) of cur as it is now; good for ten minutes. Raises Busy, QuotaReached."""
        with self.store.read() as tx:
            mid, identity = self.permitted(tx, session, mid, "backup")
        with self.lock_of(mid), Writing(self, author_id(identity)) as writing:
            prepared = self._prepare(writing, mid, identity, memo, None)
            prepared.user_id, prepared.ends = session.user_id, self.clock() + TICKET_LIFE_S
            prepared.lease = self.blocks.hold(prepared.labels())
            prepared.lease.__enter__()
            ticket = hexlify(self.random_bytes(16)).decode()
            with self._tickets_lock:
                self._drop_tickets()
                self._tickets[ticket] = prepared
            writing.finish()
        return ticket, manifest.to_be_signed(prepared.manifest)

    def backup_finish(self, session, ticket, signature):
        """The Version of a prepared backup. Args: signature (64 bytes, the author's). Raises NotFound (no such ticket), Conflict."""
        with self._tickets_lock:
            self._drop_tickets(0)
            prepared = self._tickets.get(ticket) if isinstance(ticket, str) else None
        if prepared is None or prepared.user_id != session.user_id:
            raise NotFound("There is no such prepared backup, or its ten minutes are over. Prepare it again.")
        mid = prepared.manifest.mid
        with self.lock_of(mid), Writing(self, key_id(prepared.manifest.public_key)) as writing:
            version = self._record(session, writing, prepared, signature)
        with self._tickets_lock:
            if self._tickets.pop(ticket, None) is not None:
                prepared.lease.__exit__(None, None, None)
        return self._recorded(prepared, version)

    def release(self, session, mid, version):
        """Points release at a version; returns its number."""

        def point(tx):
            found, _ = self.permitted(tx, session, mid, "release")
            head = history.read_head(tx, found)
            number = _numbered(head, version)
            history.read_version(tx, found, number)
            history.write_head(tx, found, head._replace(release=number))
            self.index(tx, found)
            self.epoch += 1
            return number

        number = self.held.call(point)
        self.wake()
        self.tell_version(info.check_id(mid), number)
        return number

    def restore(self, session, mid, version, progress=None):
        """Copies a version to cur; what cur held is lost unless it was backed up. Raises Busy, QuotaReached."""
        with self.store.read() as tx:
            mid, identity = self.permitted(tx, session, mid, "restore")
            number = _numbered(history.read_head(tx, mid), version)
            row = history.read_version(tx, mid, number)
        with self.lock_of(mid), self.blocks.hold([row.root]):
            rows = None

            def put(tx):
                self.permitted(tx, session, mid, "restore")
                row = history.read_version(tx, mid, number)
                head = history.read_head(tx, mid)
                write_counts(tx, mid, read_list(self.blocks, row.references))
                if rows is None and identity.data_type == info.DATABASE:
                    if not self.rows.put_back(tx, mid, head, row.root):
                        return False
                    self.set_root(tx, mid, None, base=row.root)
                    return True
                if rows is None:
                    self.set_root(tx, mid, row.root)
                    return True
                retire(tx, head.database)
                settle(tx, rows)
                self.set_root(tx, mid, None, base=row.root, database=rows)
                self.rows.replaced(mid, rows)
                return True

            try:
                if identity.data_type == info.STREAM or not self.held.call(put):
                    rows = self.rows.loaded(identity.data_type, row.root, progress)
                    self.held.call(put)
            except BaseException:
                # If it was the medium that failed, the rows of before are those of cur still.
                with self.store.read() as tx:
                    self.rows.replaced(mid, history.read_head(tx, mid).database)
                self.rows.give_up(rows)
                raise
        self.wake()

    def delete_versions(self, session, mid, versions):
        """Drops versions (the released one not); returns how many. Raises Conflict."""

        def drop(tx):
            found, _ = self.permitted(tx, session, mid, "delete-versions")
            head = history.read_head(tx, found)
            numbers = {_numbered(head, version) for version in versions}
            for number in numbers:
                if number == head.release:
                    raise Conflict(f"Version {number} is the released one. Release another one first.")
                row = history.read_version(tx, found, number)
                history.write_version(tx, found, number, row._replace(dropped=True))
            if head.last in numbers:
                left = [number for number, row in history.scan_versions(tx, found) if not row.dropped]
                history.write_head(tx, found, head._replace(last=left[-1] if left else None))
            self.index(tx, found)
            return len(numbers)

        dropped = self.held.call(drop)
        self.wake()
        return dropped

    def fork(self, session, mid, version, mark=info.AUTO_MARK):
        """The mid of a new MiMei of the caller that begins with a version of another. Raises Conflict (there is one), QuotaReached."""
        self.must_keep(session)
        with self.store.read() as tx:
            mid = info.check_id(mid)
            identity = self.identity(tx, mid)
            head = history.read_head(tx, mid)
            number = _numbered(head, version)
            self.permitted(tx, session, mid, "fork", reading(head, number))
            row = history.read_version(tx, mid, number)
        if mark == info.AUTO_MARK:
            mark = self.random_bytes(20).hex()
        info.check_words(identity.app_type, identity.ext, mark, identity.data_type)
        new = info.mid_of(self.user_of(session), identity.app_type, identity.ext, mark)
        made = identity._replace(public_key=session.public_key, mark=mark, created=self.now(), masks=rights.PRIVATE)
        with self.lock_of(new), self.blocks.hold([row.root]):
            rows = self.rows.loaded(identity.data_type, row.root, None)

            def make(tx):
                if tx.get(MIMEI, new) is not None:
                    raise Conflict("You have a MiMei of this mark already. Choose another mark.")
                root, base = (row.root, None) if rows is None else (None, row.root)
                self.make_rows(tx, new, made, root, base=base, ancestor=row.manifest, database=rows)
                if rows is not None:
                    settle(tx, rows)
                self.index(tx, new)
                write_counts(tx, new, read_list(self.blocks, row.references))

            try:
                self.held.call(make)
            except BaseException:
                self.rows.give_up(rows)
                raise
        self.wake()
        return new

    def diff(self, session, mid, a, b="cur"):
        """Iterator of Change from version a to b, in the order of paths, keys or offsets. Raises BlockMissing."""
        with self.store.read() as tx:
            mid, identity = self.permitted(tx, session, mid, "diff")
            roots = [self.root_at(tx, mid, version) for version in (a, b)]
        return self._differences(mid, identity, roots)

    def root_at(self, tx, mid, version):
        """The root of a version, None for a database's or stream's cur (see cur_rows.frozen). Raises BadInput, NotFound."""
        head = history.read_head(tx, mid)
        number = history.number_of(head, version)
        return head.root if number is None else history.read_version(tx, mid, number).root

    def _differences(self, mid, identity, roots):
        with self.blocks.hold([root for root in roots if root is not None]), Writing(self, author_id(identity)) as writing:
            if None in roots:
                now = self.rows.frozen(writing, mid, identity.data_type)[1]
                roots = [now if root is None else root for root in roots]
            if identity.data_type == info.FILE and roots[0] != roots[1]:
                yield Change("~", "", *roots)
            elif identity.data_type == info.FILES:
                for found in diff_files(writing, *roots):
                    yield Change(*found)
            elif identity.data_type in (info.DATABASE, info.STREAM):
                for what, old, new in self.rows.differences(writing, identity.data_type, *roots):
                    yield Change("+" if old is None else "-" if new is None else "~", what, old, new)

    def _prepare(self, writing, mid, identity, memo, progress):
        """The _Prepared of cur as it is now; its blocks are put."""
        if not isinstance(memo, str) or len(memo) > manifest.MEMO_MAX_CHARS:
            raise BadInput(f"A memo is a text of at most {manifest.MEMO_MAX_CHARS} characters.")
        head, root, until = self.rows.frozen(writing, mid, identity.data_type, marking=True, progress=progress)
        with self.store.read() as tx:
            listed = list_root(writing, read_counts(tx, mid))
        found = manifest.Manifest(
            identity.public_key, mid, head.next, identity.data_type, root, head.manifest, head.ancestor, self.now(), memo, listed,
            identity.app_type, identity.ext, identity.mark,
        )  # fmt: skip
        return _Prepared(found, head.database, until)

    def _record(self, session, writing, prepared, signature):
        """The Version of a _Prepared, signed, checked and durable. Raises BadManifest, Conflict."""
        found = prepared.manifest
        data = manifest.with_signature(found, signature, sodium.verify)
        label = cids.of(cids.RAW, data)

        def record(tx):
            _, identity = self.permitted(tx, session, found.mid, "backup")
            head = history.read_head(tx, found.mid)
            if (head.next, head.manifest) != (found.number, found.previous):
                raise Conflict("Another backup was made meanwhile. Make this one again.")
            row = history.VersionRow(found.root, label, found.previous, found.ancestor, found.references, found.time, found.memo, False)
            head = head._replace(next=found.number + 1, last=found.number, manifest=label)
            # After a restore the rows of cur do not go on from this version.
            if prepared.database is not None and head.database == prepared.database:
                head = head._replace(base=found.root)
            history.write_version(tx, found.mid, found.number, row)
            history.write_head(tx, found.mid, head)
            self.index(tx, found.mid)
            return history.version_of(found.number, row, head, author_id(identity))

        with self.blocks.hold([*prepared.labels(), label]):
            writing.put(label, data)
            return writing.finish(record)

    def _recorded(self, prepared, version):
        if prepared.database is not None:
            self.rows.settled(prepared.manifest.data_type, prepared.database, prepared.until)
        self.wake()
        self.tell_version(prepared.manifest.mid, version.number)
        return version

    def _drop_tickets(self, room=1):
        now = self.clock()
        for ticket, prepared in list(self._tickets.items()):
            if now > prepared.ends or len(self._tickets) + room > TICKETS_MAX:
                prepared.lease.__exit__(None, None, None)
                del self._tickets[ticket]


def first_changes(changes, count, skip=0):
    """[Change]: the first `count` of an iterator behind the first `skip`, fewer where their values fill CHANGES_MAX_BYTES.

    None only where there is no more. Closes the iterator.
    """
    found, left = [], CHANGES_MAX_BYTES
    for change in islice(changes, skip, None):
        found.append(change)
        parts = change.what if isinstance(change.what, tuple) else ()
        left -= sum(len(part) for part in (change.old, change.new, *parts) if isinstance(part, bytes))
        if len(found) >= count or left < 0:
            break
    changes.close()
    return found


def _numbered(head, version):
    number = history.number_of(head, version)
    if number is None:
        raise BadInput("Name a version by its number, or last or release.")
    return number
