"""Calls of the library that carry content in and out as CAR files."""

from collections import namedtuple
from os import PathLike

from leither_edge.core.ids import key_id
from leither_edge.crypto import sodium

from . import history, info, manifest, rights
from .access import Access, reading
from .blocks.digest_set import DigestSet
from .errors import BadInput, BlockMissing, Conflict
from .file_views import pieces_of
from .ipld import car
from .ipld import cid as cids
from .ipld.walk import must_be_whole, walk
from .manifest import BadManifest, check_follows, open_manifest
from .numbers import retire, settle
from .quota import Writing
from .references import read_list, write_counts
from .tables import MEMBERS, MIMEI, PINS

ROOTS_MAX = 10_000
CHAIN_MAX = 1_000_000

# roots: labels, as the file says. mid: of the MiMei that came, or None. numbers: of its versions that are new here.
Imported = namedtuple("Imported", ("roots", "mid", "numbers"))


class CarCalls(Access):
    """Export and import.

    The CAR of a MiMei names as roots the newest manifest that is in it, then the roots of the versions that are; its blocks begin
    with the chain of manifests, newest first.
    """

    def export_car(self, session, what, version="last"):
        """Iterator of the bytes of a CAR v1.

        Args: what (label, binary; or the mid of a MiMei, whose version comes with the chain of manifests behind it), version (a number,
        "last", "release"; "cur": its content alone; "all": every version that is here). Raises BlockMissing.
        """
        if isinstance(what, bytes) and len(what) != info.ID_BYTES:
            self.may_use_labels(session)
            if not self.blocks.has(what):
                raise BlockMissing(f"The block {cids.to_text(what)} is not here.", what)
            return self._exported([what], [])
        with self.store.read() as tx:
            mid, identity = self.permitted(tx, session, what, "export")
            head = history.read_head(tx, mid)
            if version == "all":
                found = [(number, row) for number, row in history.scan_versions(tx, mid) if not row.dropped]
                if not found:
                    raise BadInput("This MiMei has no version yet. Make one with backup, or export cur.")
            else:
                number = history.number_of(head, version)
                found = [] if number is None else [(number, history.read_version(tx, mid, number))]
            if not found:
                return self._exported_cur(mid, identity)
            self.permitted(tx, session, mid, *(reading(head, number) for number, _ in found))
            chain = [row.manifest for number, row in history.scan_versions(tx, mid) if number <= found[-1][0]]
        chain.reverse()
        roots = [row.root for _, row in found]
        return self._exported([chain[0], *dict.fromkeys(roots)], [*chain, *(row.references for _, row in found if row.references)])

    def import_car(self, session, source, progress=None, pin=False):
        """Imported of a CAR (path of a file of this computer, or iterable of bytes), durable.

        A CAR with a chain of manifests brings its MiMei: the whole chain is checked first, and what goes on from the versions that are
        here is added; cur is set for a MiMei that is new here. Without one, roots are collected by and by unless pinned or put somewhere.
        Args: progress (bytes of blocks so far -> None), pin (each root, for the caller). Raises BadBlock, BadManifest, BlockMissing,
        TooLarge, Conflict (other versions are here), QuotaReached; then nothing was changed.
        """
        self.must_keep(session)
        user, roots, size = self.user_of(session), [], 0
        if isinstance(source, (str, PathLike)):
            source = pieces_of(source)
        with Writing(self, user) as writing:
            for cid, data in car.read(source, None, None, roots.extend):
                writing.put(cid, data)
                size += len(data)
                if progress is not None:
                    progress(size)
            if len(roots) > ROOTS_MAX:
                raise BadInput(f"The CAR file names more than {ROOTS_MAX} roots.")
            chain = _chain(writing, roots)
            if chain:
                return self._take_chain(session, writing, roots, chain)
            for root in roots:
                must_be_whole(writing, root, DigestSet(self.blocks.leases.key))

            def put(tx):
                for root in roots if pin else ():
                    tx.put(PINS, user + root, ["", self.now()])

            with self.blocks.hold(roots):
                writing.finish(put)
        return Imported(roots, None, [])

    def _exported(self, roots, more):
        with self.blocks.hold([*roots, *more]):
            seen = DigestSet(self.blocks.leases.key)
            # The roots that stand behind manifests in the file's head are walked behind them, too.
            yield from car.write(roots, walk(self.blocks, [*more, *roots], seen))

    def _exported_cur(self, mid, identity):
        with Writing(self, key_id(identity.public_key)) as writing:
            root = self.rows.frozen(writing, mid, identity.data_type)[1]
            with self.blocks.hold([root]):
                yield from car.write([root], walk(writing, [root], DigestSet(self.blocks.leases.key)))

    def _take_chain(self, session, writing, roots, chain):
        newest = chain[-1][1]
        seen = DigestSet(self.blocks.leases.key)
        here = []
        for _, found in chain:
            if writing.has(found.root):
                must_be_whole(writing, found.root, seen)
                if found.references is not None:
                    must_be_whole(writing, found.references, seen)
                here.append(found.number)
        if not here:
            raise BadManifest("The CAR file has manifests, but the content of none of them.")
        mid, data_type = newest.mid, newest.data_type
        new_rows, counts = None, read_list(writing, chain[here[-1]][1].references)
        with self.store.read() as tx:
            is_new = tx.get(MIMEI, mid) is None
        if is_new and data_type in (info.DATABASE, info.STREAM):
            # Rows are loaded from blocks that are there for good.
            writing.finish()
            new_rows = self.rows.loaded(data_type, chain[here[-1]][1].root)
        taken = []

        def put(tx):
            taken.clear()
            if tx.get(MIMEI, mid) is None:
                if not is_new:
                    raise Conflict("This MiMei was deleted meanwhile. Import it again.")
                self._make_imported(tx, session, chain, here, new_rows, counts)
            else:
                _, identity = self.permitted(tx, session, mid, "backup")
                if identity.data_type != data_type:
                    raise Conflict(f"This MiMei is here already, and holds {info.TYPE_NAMES[identity.data_type]}.")
                if new_rows is not None:
                    retire(tx, new_rows)
            head = history.read_head(tx, mid)
            for label, found in chain:
                key = history.version_key(mid, found.number)
                known = tx.get(history.VERSIONS, key)
                row = history.VersionRow(*known) if known else None
                if row is not None and row.manifest != label:
                    raise Conflict(f"Another version {found.number} of this MiMei is here: its history took another way.")
                if row is None or (row.dropped and found.number in here):
                    dropped = found.number not in here
                    row = history.VersionRow(
                        found.root, label, found.previous, found.ancestor, found.references, found.time, found.memo, dropped
                    )
                    history.write_version(tx, mid, found.number, row)
                    if not dropped:
                        taken.append(found.number)
            if newest.number >= head.next:
                head = head._replace(next=newest.number + 1, manifest=chain[-1][0])
            if taken:
                head = head._replace(last=max(taken[-1], -1 if head.last is None else head.last))
            history.write_head(tx, mid, head)
            self.index(tx, mid)
            self.epoch += 1

        with self.lock_of(mid), self.blocks.hold([label for label, _ in chain] + [found.root for _, found in chain]):
            try:
                writing.finish(put)
            except BaseException:
                self.rows.give_up(new_rows)
                raise
        self.wake()
        if taken:
            self.tell_version(mid, taken[-1])
        return Imported(roots, mid, list(taken))

    def _make_imported(self, tx, session, chain, here, new_rows, counts):
        found = chain[here[-1]][1]
        masks = rights.PRIVATE
        identity = info.Identity(
            found.public_key, found.app_type, found.ext, found.mark, found.data_type, chain[0][1].time, masks, ()
        )
        root, base = (None, found.root) if new_rows is not None else (found.root, None)
        self.make_rows(tx, found.mid, identity, root, base=base, ancestor=found.ancestor, database=new_rows)
        write_counts(tx, found.mid, counts)
        if new_rows is not None:
            settle(tx, new_rows)
        if session.public_key != found.public_key:
            tx.put(MEMBERS, found.mid + session.user_id, [rights.READ_ONLY | rights.BACKUP | rights.DELETE])


def _chain(blocks, roots):
    """[(label, Manifest)] that the first root begins, oldest first; empty where it is no manifest. Raises BadManifest, BlockMissing."""
    if not roots or cids.codec(roots[0]) != cids.RAW or not blocks.has(roots[0]):
        return []
    label, data = roots[0], blocks.get(roots[0])
    # CBOR's tag of COSE_Sign1.
    if data[:1] != b"\xd2" or len(data) > manifest.MAX_BYTES:
        return []
    chain = []
    while label is not None:
        if not blocks.has(label):
            raise BadManifest("A manifest is missing in the chain: an earlier version's is not in the CAR file. Export it again.")
        if len(chain) >= CHAIN_MAX:
            raise BadManifest(f"A chain of more than {CHAIN_MAX} manifests is not taken.")
        found = open_manifest(blocks.get(label), sodium.verify)
        chain.append((label, found))
        label = found.previous
    chain.reverse()
    before, before_label = None, None
    for label, found in chain:
        check_follows(found, before, before_label)
        before, before_label = found, label
    return chain
