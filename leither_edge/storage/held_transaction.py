"""A write transaction that knows how much it holds, and takes back the changes of one block."""

import errno
import os

from .transaction import WriteTransaction
from .translate import from_os_error, map_full

# Changes of one block that can be undone.
UNDO_MAX = 4096


class HeldTransaction(WriteTransaction):
    """What HeldWriter.quick() gives."""

    def __init__(self, environment, txn, handles, folder, room):
        super().__init__(environment, txn, handles, folder, room)
        self._undo = []
        self._room_first = self._room_mark = room.left
        self._disk_left = None
        # A change copies one page, and each page once: a small tree is soon copied as a whole.
        self._tree_pages = sum(_pages(txn, handle) for _, handle in handles.values())

    def keep_free(self, bytes_):
        """From now on let require() keep so many bytes of the partition free."""
        room = os.statvfs(self._folder)
        self._disk_left = room.f_bavail * room.f_frsize - bytes_

    def held_bytes(self):
        """Return how much memory, and room in the map, the changes take until they are committed: an estimate from above."""
        return min(self._changes, self._tree_pages) * self._room.page_bytes + self._room_first - self._room.left

    def require(self, row_bytes, rows=1):
        """Raise MapFull or DiskFull unless so many rows of so many bytes together, keys included, can still be put."""
        need = self.held_bytes() + row_bytes * 3 // 2 + rows * self._room.page_bytes
        if need > self._room_first:
            raise map_full(self._folder)
        if self._disk_left is not None and need > self._disk_left:
            raise from_os_error(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), self._folder, "take more")

    def is_large(self, bytes_):
        """Return whether it is time to commit: over so many bytes, or over half of what the map has left."""
        held = self.held_bytes()
        return held > bytes_ or held * 2 > self._room_first

    def begin_block(self):
        """Forget how to undo what was changed until now; return a mark of it for has_changed()."""
        self._undo = []
        self._room_mark = self._room.left
        return self._changes

    def has_changed(self, mark):
        """Return whether anything was changed since the mark."""
        return self._changes != mark

    def undo_block(self):
        """Take back what was changed since begin_block; return whether that was possible."""
        undo, self._undo = self._undo, None
        if undo is None:
            return False
        try:
            for handle, packed_key, row in reversed(undo):
                if row is None:
                    self._txn.delete(packed_key, db=handle)
                else:
                    self._txn.put(packed_key, row, db=handle)
        except Exception:
            return False
        self._undo = []
        self._room.left = self._room_mark
        self.failed = None
        return True

    def _remember(self, handle, packed_key):
        if len(self._undo) < UNDO_MAX:
            self._undo.append((handle, packed_key, self._txn.get(packed_key, db=handle)))
        else:
            self._undo = None


def _pages(txn, handle):
    stat = txn.stat(handle)
    return stat["branch_pages"] + stat["leaf_pages"]
