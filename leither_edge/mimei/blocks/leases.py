"""What the collection must leave alone though no root may reach it: what writers put or found, what readers hold.

The rule that makes it safe: whether a block is there, is asked and noted under one lock, and under the same lock the
collection decides to delete. A block that is being deleted counts as missing, so whoever needs it puts it again.
"""

import threading

from leither_edge.mimei.errors import Busy

from .digest_set import DigestSet


class Leases:
    """Leases of one store of blocks. Args: key (of digest_set.new_key)."""

    def __init__(self, key):
        self.lock = threading.RLock()
        self.key = key
        self._writers = []
        self._held = []
        self._collection = None
        self._dying = set()

    # -- writers

    def begin(self):
        """Return a new lease: the set of what a writer put or found."""
        with self.lock:
            lease = DigestSet(self.key)
            self._writers.append(lease)
            return lease

    def end(self, lease):
        """The writer is done: what no root reaches goes with the next collection."""
        with self.lock:
            self._writers = [kept for kept in self._writers if kept is not lease]

    def note(self, lease, digest):
        """A writer puts this block. Args: lease (None: it is done at once)."""
        with self.lock:
            if lease is not None:
                lease.add(digest)
            if self._collection is not None:
                self._collection.live.add(digest)

    def find(self, lease, digest, is_there):
        """Return whether a block is there, noted in that case. Args: is_there (digest -> bool, of what is committed)."""
        if lease is not None and digest in lease:
            return True
        with self.lock:
            if digest in self._dying or not is_there(digest):
                return False
            self.note(lease, digest)
            return True

    def is_noted_beside(self, lease, digest):
        """Whether another writer put or found a block (with the lock held)."""
        return any(digest in other for other in self._writers if other is not lease)

    # -- readers and long work

    def hold(self, cids):
        """Return a context manager for a lease on all that some labels reach."""
        return _Hold(self, tuple(cids))

    def root_added(self, cid):
        """A root is there that may not have been when a collection began."""
        with self.lock:
            if self._collection is not None:
                self._collection.queue.append(cid)

    # -- the collection

    def begin_collection(self, collection):
        """From now on all that is noted or held is live for this collection, too. Raises Busy while another one runs."""
        with self.lock:
            if self._collection is not None:
                raise Busy("The store is being collected already. Wait until that is done.")
            self._collection = collection
            for lease in self._writers:
                collection.live.update(lease)
            for held in self._held:
                collection.queue.extend(held)

    def end_collection(self, collection):
        """No collection runs any more."""
        with self.lock:
            if self._collection is collection:
                self._collection = None
                self._dying.clear()

    def is_collecting(self):
        """Whether a collection runs."""
        return self._collection is not None

    def doom(self, digests):
        """Their rows are being deleted (with the lock held); they are missing from now on."""
        self._dying.update(digests)

    def buried(self, digests):
        """Their rows are deleted for good: what is committed says so."""
        with self.lock:
            self._dying.difference_update(digests)


class _Hold:
    __slots__ = ("_leases", "_cids")

    def __init__(self, leases, cids):
        self._leases = leases
        self._cids = cids

    def __enter__(self):
        leases = self._leases
        with leases.lock:
            leases._held.append(self._cids)
            for cid in self._cids:
                leases.root_added(cid)

    def __exit__(self, *exc_info):
        leases = self._leases
        with leases.lock:
            leases._held = [kept for kept in leases._held if kept is not self._cids]
