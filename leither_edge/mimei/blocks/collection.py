"""Deletes blocks that no root reaches, in small steps, beside writers and readers.

    mark     from the roots: what they reach is live; so is what writers put or found and what readers hold, from the
             beginning and while it runs
    sweep    rows in the order of their names: those not live are deleted, durably, then their files
    files    those that no row names, which a killed process has left

What lives is known in memory only: after a crash the next collection begins anew. A new root is marked before anything
else is swept. Source: incremental mark and sweep (Dijkstra et al. 1978), with "is it there" as the barrier (leases.py).
"""

from leither_edge.mimei.errors import BadBlock, BlockMissing
from leither_edge.mimei.ipld import cid as label

from . import rows
from .digest_set import DigestSet
from .quota import change_sum


class Collection:
    """One collection; made by BlockStore.collect(). Call step() until it returns False, or run().

    phase: "mark", "sweep", "files" or "done". marked, removed, removed_bytes: blocks and bytes so far. missing: blocks that a
    root reaches and that are not here.
    """

    def __init__(self, blocks, roots, links, step):
        self.phase = "mark"
        self.marked = self.removed = self.removed_bytes = self.missing = 0
        with blocks.store.read() as tx:
            self.blocks_before = tx.count(rows.BLOCKS)
        self.live = DigestSet(blocks.leases.key, 2 * self.blocks_before)
        self.queue = []  # roots that others add; see leases
        self._stack = []
        self._coming = []  # reached, and still on a writer's way
        self._blocks = blocks
        self._links = links
        self._step = step
        self._position = b"\0"
        self._names = None
        blocks.leases.begin_collection(self)
        try:
            # Rows of writers that have ended lie in the held transaction, perhaps; what we look at is committed.
            blocks.held.flush_now()
            self.queue.extend(roots())
        except BaseException:
            self.stop()
            raise

    def step(self):
        """Do a little; return whether there is more. Raises Damaged or StorageError: then nothing more is deleted."""
        try:
            if self.phase != "done":
                self._advance()
        except BaseException:
            self.stop()
            raise
        return self.phase != "done"

    def run(self, progress=None):
        """Do all of it; return (blocks removed, bytes). progress: called with the collection after each step."""
        try:
            while self.step():
                if progress is not None:
                    progress(self)
        finally:
            self.stop()
        return self.removed, self.removed_bytes

    def stop(self):
        """End it where it is; what is not deleted stays."""
        self.phase = "done"
        self._blocks.leases.end_collection(self)

    def _advance(self):
        if self.queue or self._stack or self._coming:
            self._mark()
        elif self.phase == "mark":
            self.phase = "sweep"
        elif self.phase == "sweep":
            self._sweep()
        else:
            self._sweep_files()

    # -- mark

    def _mark(self):
        with self._blocks.leases.lock:
            roots, self.queue[:] = self.queue[:], []
            self._push(roots)
        self._stack += self._coming
        self._coming = []
        for _ in range(self._step):
            if not self._stack:
                return
            cid = self._stack.pop()
            self.marked += 1
            try:
                below = self._below(cid)
            except BlockMissing:
                self.missing += 1
                continue
            except BadBlock:
                # Not what its label's codec says, or of one not known here: it leads nowhere.
                continue
            with self._blocks.leases.lock:
                self._push(below)

    def _below(self, cid):
        """The labels below one. One that is on a writer's way waits: its root is held before it is recorded, and nothing of it may go."""
        blocks = self._blocks
        try:
            data = blocks.get(cid)
        except BlockMissing:
            with blocks.leases.lock:
                if blocks.leases.is_noted_beside(None, label.digest(cid)):
                    self._coming.append(cid)
                    return ()
            # Recorded meanwhile, perhaps.
            data = blocks.get(cid)
        return self._links(cid, data)

    def _push(self, cids):
        live = self.live
        for cid in cids:
            digest = label.digest(cid)
            if digest is not None:
                live.add(digest)
            # The same bytes have links under one codec and none under another, so it is the label that is visited;
            # one with its content inside is no block, and too long to be kept.
            if label.codec(cid) != label.RAW and (digest is None or live.add(cid)):
                self._stack.append(cid)

    # -- sweep

    def _sweep(self):
        blocks = self._blocks
        with blocks.store.read() as tx:
            found = []
            for digest in tx.keys(rows.BLOCKS, start=self._position):
                found.append(digest)
                if len(found) > self._step:
                    break
        if len(found) > self._step:
            self._position = found.pop()
        else:
            self.phase = "files"
        with blocks.leases.lock:
            dead = [digest for digest in found if digest not in self.live]
        if dead:
            self._bury(dead)

    def _bury(self, dead):
        blocks = self._blocks
        leases = blocks.leases
        doomed = []

        def delete(tx):
            freed = 0
            with leases.lock:
                for digest in dead:
                    # One that was put or found since then lives, and so may what a new root reaches: that waits for the next time.
                    row = None if digest in self.live or self.queue else tx.get(rows.BLOCKS, digest)
                    if row is not None:
                        tx.delete(rows.BLOCKS, digest)
                        doomed.append((digest, rows.in_file(row)))
                        freed += rows.charge_of(rows.size_of(row))
                leases.doom(digest for digest, _ in doomed)
                if freed:
                    change_sum(tx, -freed)
            return freed

        try:
            freed = blocks.held.call(delete, reserve=True)
            for digest, in_file in doomed:
                if in_file:
                    self._remove_file(digest)
            blocks.quota.changed(-freed)
            self.removed += len(doomed)
            self.removed_bytes += freed
        finally:
            leases.buried(digest for digest, _ in doomed)

    # -- files

    def _sweep_files(self):
        if self._names is None:
            self._names = self._blocks.files.names()
        for _ in range(self._step):
            found = next(self._names, None)
            if found is None:
                self.stop()
                return
            if not self._blocks.is_there(found[0]):
                self._remove_file(found[0])

    def _remove_file(self, digest):
        with self._blocks.leases.lock:
            # Whoever puts it again notes that first, under the same lock.
            if digest not in self.live:
                self._blocks.files.remove(digest)
