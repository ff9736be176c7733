"""Calls of the library that take versions which were made elsewhere: the one way in, whether a file or other nodes brought them."""

from collections import namedtuple

from leither_edge.crypto import sodium

from . import history, info, rights
from .access import Access
from .blocks.digest_set import DigestSet
from .errors import Conflict
from .ipld.walk import must_be_whole
from .manifest import BadManifest, check_follows, open_manifest
from .numbers import retire, settle
from .references import read_counts, read_list, write_counts
from .tables import MEMBERS, MIMEI

# numbers: of the versions whose content is new here, rising. is_new: whether the MiMei is. is_cur_moved: whether cur holds the newest of
# them now. replaced: numbers of versions of this node that gave way.
Taken = namedtuple("Taken", ("mid", "numbers", "is_new", "is_cur_moved", "replaced"))


class TakingCalls(Access):
    """Versions of a verified chain, with rows of their own from then on."""

    def take_versions(self, session, writing, chain, here, *, release=None, guest=None, is_replacing=False, also=None):
        """Taken of a chain of manifests, durable with all that `writing` put.

        Cur is set for a MiMei that is new here, and moved along where it holds nothing but the version that was the last one.
        Args: writing (Writing, that has the manifests), chain ([(label, Manifest)] of check_chain, the first of them number 0 or the
        follower of one that is here), here (numbers of those whose content is whole; the others are entered as dropped), release (number
        that is the released one at the source, or None), guest (mask that guests have there, None: as it is), is_replacing (versions of
        this node that took another way give way), also (function of the transaction, run in it; may run twice).
        Raises Conflict, Forbidden, BadManifest, BlockMissing, QuotaReached.
        """
        first, newest = chain[0][1], chain[-1][1]
        mid, data_type = newest.mid, newest.data_type
        by_number = {found.number: (label, found) for label, found in chain}
        latest = by_number[max(here)][1]
        with self.store.read() as tx:
            is_new = tx.get(MIMEI, mid) is None
        if is_new and first.number:
            raise BadManifest("The chain of manifests does not begin with version 0, and the earlier ones are not here.")
        rows, counts = None, read_list(writing, latest.references)
        if data_type in (info.DATABASE, info.STREAM):
            # Rows are made of blocks that are there for good.
            writing.finish()
            if is_new:
                rows = self.rows.loaded(data_type, latest.root)

        def put(tx):
            if also is not None:
                also(tx)
            if tx.get(MIMEI, mid) is None:
                if not is_new:
                    raise Conflict("This MiMei was deleted meanwhile. Take it again.")
                self._make_taken(tx, session, first, latest, rows, counts, guest)
                return self._enter(tx, chain, here, release, is_replacing)._replace(is_new=True, is_cur_moved=True)
            identity = self._must_take(tx, session, mid, data_type)
            before = history.read_head(tx, mid)
            is_still = latest.number > (-1 if before.last is None else before.last) and self._is_as_last(tx, identity, before)
            taken = self._enter(tx, chain, here, release, is_replacing)
            if guest is not None and session.public_key != identity.public_key:
                masks = identity.masks._replace(guest=guest & rights.PUBLIC)
                tx.put(MIMEI, mid, info.write_identity(identity._replace(masks=masks)))
            if is_still and taken.numbers:
                self._move_cur(tx, identity, latest, rows, counts)
                taken = taken._replace(is_cur_moved=True)
            elif rows is not None:
                retire(tx, rows)
            return taken

        with self.lock_of(mid), self.blocks.hold([label for label, _ in chain] + [by_number[number][1].root for number in here]):
            try:
                try:
                    taken = writing.finish(put)
                except _RowsWanted:
                    rows = self.rows.loaded(data_type, latest.root)
                    taken = writing.finish(put)
            except BaseException:
                # If it was the medium that failed, the rows of before are those of cur still.
                with self.store.read() as tx:
                    if tx.get(MIMEI, mid) is not None:
                        self.rows.replaced(mid, history.read_head(tx, mid).database)
                self.rows.give_up(rows)
                raise
        self.wake()
        if taken.numbers:
            self.tell_version(mid, taken.numbers[-1])
        return taken

    def check_taking(self, session, mid, data_type=None):
        """Refuses early who could not take versions of a MiMei. Raises Forbidden, NotSignedIn, Conflict (other data is here)."""
        self.must_keep(session)
        with self.store.read() as tx:
            if tx.get(MIMEI, mid) is not None:
                self._must_take(tx, session, mid, data_type)

    def _must_take(self, tx, session, mid, data_type):
        _, identity = self.permitted(tx, session, mid, "backup")
        if data_type not in (None, identity.data_type):
            raise Conflict(f"This MiMei is here already, and holds {info.TYPE_NAMES[identity.data_type]}.")
        return identity

    def _make_taken(self, tx, session, first, latest, rows, counts, guest):
        masks = rights.PRIVATE if guest is None else rights.PRIVATE._replace(guest=guest & rights.PUBLIC)
        identity = info.Identity(
            latest.public_key, latest.app_type, latest.ext, latest.mark, latest.data_type, first.time, masks, ()
        )
        root, base = (None, latest.root) if rows is not None else (latest.root, None)
        self.make_rows(tx, latest.mid, identity, root, base=base, ancestor=latest.ancestor, database=rows)
        write_counts(tx, latest.mid, counts)
        if rows is not None:
            settle(tx, rows)
        if session.public_key != latest.public_key:
            tx.put(MEMBERS, latest.mid + session.user_id, [rights.READ_ONLY | rights.BACKUP | rights.DELETE])

    def _enter(self, tx, chain, here, release, is_replacing):
        """The Taken of a chain whose versions have rows now."""
        first, (newest_label, newest) = chain[0][1], chain[-1]
        mid, head, taken, replaced = newest.mid, history.read_head(tx, newest.mid), [], []
        if first.number:
            known = tx.get(history.VERSIONS, history.version_key(mid, first.number - 1))
            if known is None or history.VersionRow(*known).manifest != first.previous:
                raise _fork(first.number - 1)
        for label, found in chain:
            key = history.version_key(mid, found.number)
            known = tx.get(history.VERSIONS, key)
            row = history.VersionRow(*known) if known else None
            if row is not None and row.manifest != label:
                if not is_replacing:
                    raise _fork(found.number)
                head, replaced = self._give_way(tx, mid, head, found.number)
                row = None
            if row is None or (row.dropped and found.number in here):
                dropped = found.number not in here
                row = history.VersionRow(
                    found.root, label, found.previous, found.ancestor, found.references, found.time, found.memo, dropped
                )
                history.write_version(tx, mid, found.number, row)
                if not dropped:
                    taken.append(found.number)
        if newest.number >= head.next:
            head = head._replace(next=newest.number + 1, manifest=newest_label)
        if taken:
            head = head._replace(last=max(taken[-1], -1 if head.last is None else head.last))
        if release is not None and release > (-1 if head.release is None else head.release):
            known = tx.get(history.VERSIONS, history.version_key(mid, release))
            if known is not None and not history.VersionRow(*known).dropped:
                head = head._replace(release=release)
        history.write_head(tx, mid, head)
        self.index(tx, mid)
        self.epoch += 1
        return Taken(mid, taken, False, False, replaced)

    def _give_way(self, tx, mid, head, number):
        """(Head, numbers) once the versions from a number on are gone, so that others can have their numbers."""
        gone = [number for number, _ in history.scan_versions(tx, mid, number)]
        for each in gone:
            tx.delete(history.VERSIONS, history.version_key(mid, each))
        left = [each for each, row in history.scan_versions(tx, mid) if not row.dropped]
        before = tx.get(history.VERSIONS, history.version_key(mid, number - 1)) if number else None
        return head._replace(
            next=number, last=left[-1] if left else None, release=head.release if head.release in left else None,
            manifest=history.VersionRow(*before).manifest if before else None,
        ), gone  # fmt: skip

    def has_changed(self, tx, mid):
        """Whether cur holds something that the last version does not. Raises NotFound."""
        return not self._is_as_last(tx, self.identity(tx, mid), history.read_head(tx, mid))

    def _is_as_last(self, tx, identity, head):
        mid = info.mid_of(info.author_of(identity), identity.app_type, identity.ext, identity.mark)
        if head.last is None:
            return False
        last = history.read_version(tx, mid, head.last)
        if head.database is None:
            same = head.root == last.root
        else:
            same = head.base == last.root and self.rows.is_as_base(tx, identity.data_type, head)
        return same and read_counts(tx, mid) == read_list(self.blocks, last.references)

    def _move_cur(self, tx, identity, latest, rows, counts):
        mid = latest.mid
        head = history.read_head(tx, mid)
        if head.database is None:
            self.set_root(tx, mid, latest.root)
        elif rows is not None:
            retire(tx, head.database)
            settle(tx, rows)
            self.set_root(tx, mid, None, base=latest.root, database=rows)
            self.rows.replaced(mid, rows)
        elif identity.data_type == info.DATABASE and self.rows.put_back(tx, mid, head, latest.root):
            # A backup that was prepared before, and counts on the marks, is refused: there is a newer version now.
            self.set_root(tx, mid, None, base=latest.root)
            self.rows.set_as_base(tx, head)
        else:
            raise _RowsWanted
        write_counts(tx, mid, counts)


class _RowsWanted(Exception):
    """Too much differs to be changed in place: rows are loaded first."""


def read_chain(blocks, label, chain_max, until=None):
    """[(label, Manifest)] from a manifest's label down to version 0 or to the label `until` (not included), oldest first, each checked.

    Raises BadManifest (one is missing, or does not follow the one before).
    """
    chain = []
    while label is not None and label != until:
        if not blocks.has(label):
            raise BadManifest("A manifest is missing in the chain: an earlier version's did not come with it. Export or fetch it again.")
        if len(chain) >= chain_max:
            raise BadManifest(f"A chain of more than {chain_max} manifests is not taken.")
        found = open_manifest(blocks.get(label), sodium.verify)
        chain.append((label, found))
        label = found.previous
    chain.reverse()
    check_chain(chain, *((None, None) if label is None else (open_manifest(blocks.get(label), sodium.verify), label)))
    return chain


def check_chain(chain, before=None, before_label=None):
    """Refuses manifests that do not follow one another. Args: before (Manifest in front of the first), its label. Raises BadManifest."""
    for label, found in chain:
        check_follows(found, before, before_label)
        before, before_label = found, label


def whole_numbers(writing, chain, key):
    """Numbers of a chain's versions whose content is here. Args: key (of DigestSet). Raises BlockMissing where a part of it is missing."""
    seen, here = DigestSet(key), []
    for _, found in chain:
        if writing.has(found.root):
            must_be_whole(writing, found.root, seen)
            if found.references is not None:
                must_be_whole(writing, found.references, seen)
            here.append(found.number)
    return here


def _fork(number):
    return Conflict(
        f"Another version {number} of this MiMei is here: its history took another way. Compare both; a fork keeps both.",
        "fork",
    )
