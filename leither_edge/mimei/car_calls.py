"""Calls of the library that carry content in and out as CAR files."""

from collections import namedtuple
from os import PathLike

from leither_edge.core.ids import key_id

from . import history, info, manifest
from .access import reading
from .blocks.digest_set import DigestSet
from .errors import BadInput, BlockMissing
from .file_views import pieces_of
from .ipld import car
from .ipld import cid as cids
from .ipld.walk import must_be_whole, walk
from .manifest import BadManifest
from .quota import Writing
from .tables import PINS
from .taking import TakingCalls, read_chain, whole_numbers

ROOTS_MAX = 10_000
CHAIN_MAX = 1_000_000

# roots: labels, as the file says. mid: of the MiMei that came, or None. numbers: of its versions that are new here.
Imported = namedtuple("Imported", ("roots", "mid", "numbers"))


class CarCalls(TakingCalls):
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
                here = whole_numbers(writing, chain, self.blocks.leases.key)
                if not here:
                    raise BadManifest("The CAR file has manifests, but the content of none of them.")
                taken = self.take_versions(session, writing, chain, here)
                return Imported(roots, taken.mid, taken.numbers)
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


def _chain(blocks, roots):
    """[(label, Manifest)] that the first root begins, oldest first; empty where it is no manifest. Raises BadManifest, BlockMissing."""
    if not roots or cids.codec(roots[0]) != cids.RAW or not blocks.has(roots[0]):
        return []
    label, data = roots[0], blocks.get(roots[0])
    # CBOR's tag of COSE_Sign1.
    if data[:1] != b"\xd2" or len(data) > manifest.MAX_BYTES:
        return []
    return read_chain(blocks, label, CHAIN_MAX)
