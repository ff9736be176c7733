"""Which blocks a peer may have: by label alone where this node lets him, else what a version reaches that he may read.

A friend may ask by label where users of this node may. A stranger names the MiMei whose reader he is; what its versions reach is walked as
far as it takes to find what he asks for, and remembered by root, as content never changes under its label. What is sealed is given to
anybody who knows its label, by blocks_service.py: it says nothing to those who have no key.
"""

from collections import OrderedDict
from threading import Lock

from leither_edge.mimei import history, info
from leither_edge.mimei.blocks.digest_set import DigestSet
from leither_edge.mimei.errors import BadInput, Forbidden, MimeiError, NotFound
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld.links import links
from leither_edge.mimei.rights import READ, READ_RELEASE
from leither_edge.mimei.sessions import CEILINGS

MIDS_MAX = 16
# Versions of one MiMei whose roots are looked below, newest first.
ROOTS_MAX = 1024
# Labels of one set of roots: some 21 bytes each, 64 GiB of a film's chunks. What lies behind is not given to strangers.
REACHED_MAX = 1 << 16
# Sets of roots that are remembered.
KEPT_MAX = 4


def read_mids(value):
    """[mid] of an argument that came from a peer. Raises BadInput."""
    if not isinstance(value, list) or len(value) > MIDS_MAX:
        raise BadInput(f"mids is a list of at most {MIDS_MAX} ids.")
    return [info.check_id(mid) for mid in value]


class Readable:
    """What of one library peers may have. Thread-safe."""

    def __init__(self, library):
        self._library = library
        self._lock = Lock()
        self._reached = OrderedDict()

    def asker(self, peer, mids=(), channel=None):
        """An Asker. Args: peer (Remote), mids (of MiMei that he may read), channel (that he asks over; backup/holder.py goes by it)."""
        session = self._library.acting_for(peer.public_key, CEILINGS["viewer"], may_keep=bool(peer.is_friend))
        return Asker(self._library, self, session, mids)

    def reach(self, roots):
        """The _Reach of some roots, remembered."""
        with self._lock:
            found = self._reached.get(roots)
            if found is None:
                found = self._reached[roots] = _Reach(self._library.blocks, roots)
                if len(self._reached) > KEPT_MAX:
                    self._reached.popitem(last=False)
            self._reached.move_to_end(roots)
            return found


class Asker:
    """One peer, as long as he asks; for worker threads, one at a time."""

    def __init__(self, library, readable, session, mids):
        self._library, self._readable, self._session, self._mids = library, readable, session, mids
        self._state = self._is_free = None
        self._reaches, self._manifests = (), ()

    def may_have(self, label):
        """Whether a block is given to him, if it is here."""
        library = self._library
        state = (library.epoch, library.changes, library.labels_open)
        if state != self._state:
            self._look()
            self._state = state
        return self._is_free or label in self._manifests or any(reach.has(label) for reach in self._reaches)

    def _look(self):
        library = self._library
        try:
            library.may_use_labels(self._session)
            self._is_free = True
            return
        except Forbidden:
            self._is_free = False
        reaches, self._manifests = [], set()
        with library.store.read() as tx:
            for mid in self._mids:
                roots = self._roots(tx, mid)
                if roots:
                    reaches.append(self._readable.reach(tuple(roots)))
        self._reaches = reaches

    def _roots(self, tx, mid):
        """[label] of what he may read of a MiMei, newest first; manifests up to the newest of those are noted."""
        library = self._library
        try:
            mask = library.mask(tx, self._session, mid, library.identity(tx, mid))
            head = history.read_head(tx, mid)
        except NotFound:
            return []
        newest = head.next if mask & READ else -1 if head.release is None or not mask & READ_RELEASE else head.release
        roots = []
        # The chain leads from the newest to the first; older ones than these are asked for by those who follow from before.
        for number, row in history.scan_versions(tx, mid, max(0, newest - ROOTS_MAX)):
            if number > newest:
                break
            self._manifests.add(row.manifest)
            if not row.dropped and (mask & READ or number == head.release):
                roots += [label for label in (row.references, row.root) if label is not None]
        roots.reverse()
        return list(dict.fromkeys(roots))


class _Reach:
    """What some roots reach, walked as far as was asked."""

    def __init__(self, blocks, roots):
        self._blocks, self._lock = blocks, Lock()
        self._seen = DigestSet(blocks.leases.key)
        # Iterators over links, the deepest last.
        self._levels = [iter(roots)]

    def has(self, label):
        with self._lock:
            if label in self._seen:
                return True
            while self._levels and len(self._seen) < REACHED_MAX:
                found = next(self._levels[-1], None)
                if found is None:
                    self._levels.pop()
                elif cids.digest(found) is not None and self._seen.add(found):
                    if cids.codec(found) != cids.RAW:
                        self._go_below(found)
                    if found == label:
                        return True
            return False

    def _go_below(self, label):
        try:
            below = links(label, self._blocks.get(label))
        except MimeiError:
            # Not here, or not readable: nobody gets what is below it.
            return
        if below:
            self._levels.append(iter(below))
