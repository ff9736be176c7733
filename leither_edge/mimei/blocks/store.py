"""The blocks of a node: small ones in rows of LMDB, large ones in files of their own, each kept once."""

from collections import namedtuple

from leither_edge.crypto import sodium
from leither_edge.mimei.errors import BlockMissing, Damaged
from leither_edge.mimei.ipld import cid as label
from leither_edge.mimei.ipld.links import links
from leither_edge.storage.block_files import BlockFiles

from . import rows
from .digest_set import new_key
from .leases import Leases
from .quota import Quota
from .writer import BlockWriter

STEP_BLOCKS = 256


class BlockLimits(namedtuple("BlockLimits", "quota_bytes free_min_bytes inline_max_bytes")):
    """quota_bytes: of all blocks. free_min_bytes: kept free on the partition. inline_max_bytes: a larger block is a file."""

    __slots__ = ()

    @classmethod
    def of(cls, storage):
        """From a profile's section "storage"."""
        # A row of one page: 16 bytes of the page's head, 1 and 4 of the row's own form.
        inline = min(storage.inline_block_max_bytes, 4096 - 16 - 5)
        return cls(storage.data_quota_mib << 20, storage.data_free_min_mib << 20, inline)


class BlockStore:
    """Blocks by their labels.

    Args: folder (of the block files), store (an open Store with rows.BLOCK_TABLES), held (its HeldWriter), limits
    (BlockLimits), counters (None or Counters), random_bytes (count -> bytes).
    """

    def __init__(self, folder, store, held, limits, counters=None, random_bytes=sodium.random_bytes):
        self.store = store
        self.held = held
        self.limits = limits
        self.files = BlockFiles(folder)
        self.leases = Leases(new_key(random_bytes))
        self.quota = Quota(store, held, limits, self.files.room_bytes)
        self._counters = counters

    def get(self, cid):
        """The bytes of a block. Raises BlockMissing; Damaged if the medium changed them."""
        digest = label.digest(cid)
        if digest is None:
            return label.inline(cid)
        row = self._row(digest)
        if row is None:
            raise BlockMissing(f"The block {label.to_text(cid)} is not here.", cid)
        if not rows.in_file(row):
            return row[1:]
        data = self.files.read(digest, rows.size_of(row))
        if not rows.is_whole(row, data):
            if self._row(digest) is None:
                raise BlockMissing(f"The block {label.to_text(cid)} was collected meanwhile.", cid)
            if self._counters is not None:
                self._counters.add("mimei_damaged_blocks")
            raise Damaged(f"The file of the block {label.to_text(cid)} is not what was written. Run the check of the store with repair.")
        return data

    def has(self, cid):
        """Whether a block is here. Only a writer's has(), or hold(), keeps it from the collection."""
        digest = label.digest(cid)
        return digest is None or self.is_there(digest)

    def size(self, cid):
        """Bytes of a block. Raises BlockMissing, Damaged."""
        digest = label.digest(cid)
        if digest is None:
            return len(label.inline(cid))
        row = self._row(digest)
        if row is None:
            raise BlockMissing(f"The block {label.to_text(cid)} is not here.", cid)
        return rows.size_of(row)

    def put(self, cid, data):
        """Take one block, durable on return. What no root reaches may be collected at once: a writer records both together."""
        with self.writer() as writer:
            writer.put(cid, data)
            writer.finish()

    def writer(self):
        """Return a context manager for a BlockWriter."""
        return BlockWriter(self)

    def hold(self, cids):
        """Return a context manager: what these labels reach stays meanwhile."""
        return self.leases.hold(cids)

    def root_added(self, cid):
        """Tell a collection that runs of a root that was recorded outside of a writer."""
        self.leases.root_added(cid)

    def collect(self, roots, links=links, step=STEP_BLOCKS):
        """Begin to delete what no root reaches; return a Collection, to be stepped.

        Args: roots (() -> labels; asked once the collection has begun to note what is added), links ((label, bytes) -> labels),
        step (blocks looked at in one step). Raises Busy while another one runs.
        """
        from .collection import Collection

        return Collection(self, roots, links, step)

    def check(self, cid):
        """Read a block and compare all of it with its label. Raises BlockMissing, Damaged."""
        from .check import check_block

        check_block(self, cid)

    def fsck(self, roots, repair=False, progress=None, links=links):
        """Look at every row, file and root; return a Report (see check.py)."""
        from .check import check_all

        return check_all(self, roots, repair, progress, links)

    def stat(self):
        """{name: number}: blocks, bytes charged, the quota, bytes free on the partition."""
        with self.store.read() as tx:
            count = tx.count(rows.BLOCKS)
        limits = self.limits
        return {"blocks": count, "block_bytes": self.quota.used(), "quota_bytes": limits.quota_bytes, "free_bytes": self.files.room_bytes()}

    def set_quota(self, quota_bytes):
        """Take at most so many bytes in all from now on; what is here stays."""
        self.limits = self.quota.limits = self.limits._replace(quota_bytes=quota_bytes)

    def remove_file(self, digest, lease=None):
        """Remove the file of a block without row, unless a writer may be about to give it one. Args: lease (one that does not count)."""
        with self.leases.lock:
            if not self.leases.is_noted_beside(lease, digest) and not self.is_there(digest):
                self.files.remove(digest)

    def is_there(self, digest):
        """Whether the row of a block is committed."""
        return self._row(digest) is not None

    def _row(self, digest):
        with self.store.read() as tx:
            return tx.get(rows.BLOCKS, digest)
