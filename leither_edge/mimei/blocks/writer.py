"""Puts many blocks: rows gathered, files written by a thread beside, while the next block is being hashed.

Nothing needs to be durable before finish(), so rows go into the held transaction in batches, each after the files that it
names. A writer that is left without finish() leaves at most blocks that nothing reaches.
"""

import queue
import threading

from leither_edge.mimei.errors import TooLarge
from leither_edge.mimei.ipld import cid as label
from leither_edge.storage import StorageError

from . import rows
from .quota import change_sum

# Flushed together: the first flush brings the file system's journal to the medium for all of them. As many more stay open.
FILES_TOGETHER = 32
# Blocks between the caller and the writing thread; each may have 2 MiB.
FILES_AHEAD = 1
# Files whose rows wait for the flush of their folders.
FILES_PENDING_MAX = 2048
# Rows gathered before they go into the held transaction.
BATCH_BYTES, BATCH_ROWS = 256 << 10, 512


class BlockWriter:
    """Made by BlockStore.writer(); a context manager, used from one thread. It is a lease on what it put or found."""

    def __init__(self, blocks):
        self._blocks = blocks
        self._rows = {}
        self._rows_bytes = 0
        self._files = None
        self._losses = blocks.held.losses

    def __enter__(self):
        self._lease = self._blocks.leases.begin()
        self._reserved = self._blocks.quota.reservation()
        return self

    def __exit__(self, *exc_info):
        try:
            if self._files is not None:
                self._clear(self._files.end())
        finally:
            self._reserved.end()
            self._blocks.leases.end(self._lease)

    def put(self, cid, data):
        """Take a block, whose bytes the caller has found to be those of its label. Raises TooLarge, QuotaReached, StorageError."""
        digest = label.digest(cid)
        if digest is None:
            return
        if len(data) > label.BLOCK_MAX:
            raise TooLarge(f"A block has {len(data)} bytes; {label.BLOCK_MAX} are the most that are taken.")
        blocks = self._blocks
        if blocks.leases.find(self._lease, digest, blocks.is_there):
            return
        self._reserved.add(len(data))
        blocks.leases.note(self._lease, digest)
        if len(data) > blocks.limits.inline_max_bytes:
            if self._files is None:
                self._files = _Files(self)
            self._files.put(digest, data)
            return
        self._rows[digest] = rows.inline_row(data)
        self._rows_bytes += len(data)
        if self._rows_bytes > BATCH_BYTES or len(self._rows) >= BATCH_ROWS:
            self._hand_over_rows()

    def has(self, cid):
        """Whether a block is there; it then stays while the writer lives."""
        digest = label.digest(cid)
        return digest is None or self._blocks.leases.find(self._lease, digest, self._blocks.is_there)

    def get(self, cid):
        """The bytes of a block, those put before included. Raises BlockMissing, Damaged."""
        digest = label.digest(cid)
        if digest is not None:
            row = self._rows.get(digest)
            if row is not None:
                return row[1:]
            if self.has(cid) and not self._blocks.is_there(digest):
                # This writer put it, and it is on its way into a transaction that is not committed yet.
                if self._files is not None:
                    self._files.flush()
                self._blocks.held.flush_now()
        return self._blocks.get(cid)

    def finish(self, fn=None):
        """Make everything durable; return fn(tx), which runs in the transaction of the last rows: there a root is recorded.

        Raises StorageError, or what fn raised; then fn has done nothing, and finish() may be tried again.
        """
        if self._files is not None:
            self._files.flush()
        return self._hand_over_rows(fn, durable=True)

    def hand_over(self, batch, fn=None, durable=False):
        """Put {digest: row} and run fn in one transaction; from the caller's thread or that of its files."""
        change, result = self._blocks.held.call(lambda tx: self._write(tx, batch, fn), durable)
        self._reserved.settle(sum(map(_charge, batch.values())), change)
        return result

    def _write(self, tx, batch, fn):
        if self._losses != self._blocks.held.losses:
            raise StorageError("A part of what was put could not be written to the disk. Nothing was recorded; do it again.")
        change = 0
        for digest in sorted(batch):
            # Another writer may have put the same one meanwhile.
            if tx.get(rows.BLOCKS, digest) is None:
                tx.put(rows.BLOCKS, digest, batch[digest])
                change += _charge(batch[digest])
        if change:
            change_sum(tx, change)
        return change, None if fn is None else fn(tx)

    def _clear(self, digests):
        """Remove files that got no row: an upload that is broken off again and again must not fill the disk uncharged."""
        blocks = self._blocks
        if digests:
            blocks.held.flush_now()
        for digest in digests:
            blocks.remove_file(digest, self._lease)

    def _hand_over_rows(self, fn=None, durable=False):
        # Kept until that went through: a root recorded at the next try reaches them, too.
        result = self.hand_over(self._rows, fn, durable)
        self._rows, self._rows_bytes = {}, 0
        return result


class _Files:
    """The thread that writes a writer's files; what fails there is raised by the next call."""

    def __init__(self, writer):
        self._writer = writer
        self._batch = writer._blocks.files.batch()
        self._rows = {}
        self._queue = queue.Queue(FILES_AHEAD)
        self._failed = None
        self._thread = threading.Thread(target=self._work, name="block files", daemon=True)
        self._thread.start()

    def put(self, digest, data):
        """Have a block written beside."""
        self._raise()
        self._queue.put((digest, data))

    def flush(self):
        """All files are durable under their names, and their rows handed over."""
        self._queue.put(_FLUSH)
        self._queue.join()
        self._raise()

    def end(self):
        """End the thread; return the names of files that have got no row, which may be there or not."""
        self._queue.put(_END)
        self._thread.join()
        return list(self._rows)

    def _raise(self):
        if self._failed is not None:
            raise self._failed

    def _work(self):
        item = None
        while item is not _END:
            item = self._queue.get()
            try:
                if self._failed is None and item is not _END:
                    self._write(item)
            except BaseException as error:
                self._failed = error
                self._batch.drop()
            if item is not _END:
                # The name would keep two megabytes while the next block is awaited.
                item = None
            self._queue.task_done()
        self._batch.drop()

    def _write(self, item):
        batch = self._batch
        if item is not _FLUSH:
            digest, data = item
            batch.put(digest, data)
            self._rows[digest] = rows.file_row(data)
            if batch.unflushed >= 2 * FILES_TOGETHER:
                batch.flush(keep=FILES_TOGETHER)
        if self._rows and (item is _FLUSH or len(self._rows) >= FILES_PENDING_MAX):
            batch.settle()
            self._writer.hand_over(self._rows)
            self._rows = {}


def _charge(row):
    return rows.charge_of(rows.size_of(row))


_FLUSH, _END = object(), object()
