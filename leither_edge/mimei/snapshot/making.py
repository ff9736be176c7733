"""From a library to the root of its snapshot, sealed: only rows that changed since the one before are written, only what is new is sealed.

Rows are read a few hundred at a time, so that no old page of the store is held for long; if something changed meanwhile the rows are
gone through once more. What cannot be read (a damaged medium) is left out and counted, and all else is backed up.
"""

from collections import namedtuple

from leither_edge.mimei import history, info
from leither_edge.mimei.errors import BadBlock, BadInput, BlockMissing, Busy, Damaged
from leither_edge.mimei.sealed import head as heads
from leither_edge.mimei.tables import HEADS, MIMEI, VERSIONS
from leither_edge.mimei.tree import change, node, read

from . import rows
from .tables import SNAPSHOTS

ROWS_A_STEP = 256
TURNS_MAX = 4

# root: label. mimei, versions, left_out: counts. size: bytes. head: signed bytes of sealed/head.py, b"" until it is sealed.
Snapshot = namedtuple("Snapshot", "root time mimei versions left_out size sealed_root head")


def read_snapshot(tx, scope):
    """The Snapshot of a scope as it is, None where there is none."""
    row = tx.get(SNAPSHOTS, scope)
    return None if row is None else Snapshot(*row)


def keeper(tx):
    """For library.keepers: what a snapshot holds stays until the next one, as its holder may still be fetching it."""
    for scope, row in tx.scan(SNAPSHOTS):
        yield scope, row[0], True


def make_snapshot(library, sealed, readers, more_tables=(), with_cur=True, progress=None):
    """The Snapshot of all that a library holds now, recorded and sealed; the one before, where nothing changed.

    Args: library (with `keeper` among its keepers), sealed (SealedBlocks of it), readers ([public key] of who may restore it), more_tables
    (of others in the same store, whose keys are bytes and whose rows name no labels), with_cur (freeze what databases and streams hold
    now, too), progress (blocks sealed so far -> None). Raises BadInput, QuotaReached, StorageError.
    """
    scope = library.node_key.id
    with library.store.read() as tx:
        before = read_snapshot(tx, scope)
    epoch = sealed.readers(scope)
    sealed.set_readers(scope, readers)
    making = _Making(library, sealed, scope, before, more_tables, with_cur, progress)
    with library.blocks.writer() as writer:
        root = making.run(writer)
        same = before is not None and before.root == root
        if same and before.head and epoch == sealed.readers(scope):
            return before
        found = Snapshot(root, library.now(), making.mimei, making.versions, making.left_out, library.blocks.quota.used(), None, b"")
        with library.blocks.hold([root]):
            writer.finish(lambda tx: _record(tx, scope, found))
    sealed_root = sealed.seal(scope, root, progress)
    number, epochs = sealed.next_number(scope)
    data = heads.make_head(library.node_key, scope, number, epochs, root, sealed_root, found.time, found.size)
    found = found._replace(sealed_root=sealed_root, head=data)
    library.held.call(lambda tx: _record(tx, scope, found))
    return found


def _record(tx, scope, found):
    tx.put(SNAPSHOTS, scope, list(found))


class _Making:
    """One making. Attributes: mimei, versions, left_out (counts, of the last turn)."""

    def __init__(self, library, sealed, scope, before, more_tables, with_cur, progress):
        self._library, self._sealed, self._scope = library, sealed, scope
        self._before, self._with_cur, self._progress = before, with_cur, progress
        self._tables = sorted((*rows.TABLES, *more_tables), key=rows.prefix_of)
        self._cur = {}
        self.mimei = self.versions = self.left_out = 0
        if any(table.key != "bytes" for table in more_tables):
            raise BadInput("Only tables whose keys are bytes can be part of a snapshot.")

    def run(self, writer):
        """The root of the tree; its blocks are put."""
        library = self._library
        root = None if self._before is None else self._before.root
        for _ in range(TURNS_MAX):
            mark = library.changes, library.epoch
            root = self._applied(writer, root)
            if mark == (library.changes, library.epoch):
                break
        return root

    def _applied(self, writer, root):
        self.mimei = self.versions = self.left_out = 0
        try:
            return change.apply(writer, root, self._changes(writer, root))
        except (BadBlock, BlockMissing, Damaged):
            if root is None:
                raise
        # A block of the tree before is not what was written: all of it anew.
        self._before = None
        return self._applied(writer, None)

    def _changes(self, writer, root):
        """Yields (key, value or None): what differs from an earlier tree."""
        old = iter(()) if root is None else read.scan(writer, root, value_max=rows.ROW_MAX_BYTES)
        was = next(old, None)
        for key, value in self._entries(writer):
            while was is not None and was[0] < key:
                yield was[0], None
                was = next(old, None)
            before = None
            if was is not None and was[0] == key:
                before, was = was[1], next(old, None)
            if before == value:
                continue
            if isinstance(value, node.Reference) and not self._can_seal(writer, value):
                self.left_out += 1
                value = None
                if before is None:
                    continue
            yield key, value
        while was is not None:
            yield was[0], None
            was = next(old, None)

    def _can_seal(self, writer, reference):
        label = rows.target(writer, reference)
        try:
            self._sealed.seal(self._scope, label, self._progress)
        except (BlockMissing, Damaged):
            return False
        return True

    def _entries(self, writer):
        blocks = self._library.blocks
        for table in self._tables:
            for key, value in self._rows(table):
                if table is HEADS:
                    value = self._with_root(writer, key, history.Head(*value))
                self.mimei += table is MIMEI
                self.versions += table is VERSIONS and not history.VersionRow(*value).dropped
                labels = rows.labels_of(blocks, table, key, value) if table in rows.TABLES else ()
                yield from rows.entries(writer, table, key, value, labels)

    def _rows(self, table):
        position = None
        while True:
            found = []
            with self._library.store.read() as tx:
                for key, value in tx.scan(table, start=position):
                    found.append((key, value))
                    if len(found) > ROWS_A_STEP:
                        break
            position = found.pop()[0] if len(found) > ROWS_A_STEP else None
            yield from found
            if position is None:
                return

    def _with_root(self, writer, mid, head):
        """The row of a head, in which root is what cur holds for every type of data."""
        if head.database is None:
            return list(head)
        if mid not in self._cur:
            self._cur[mid] = self._frozen(writer, mid, head)
        return list(head._replace(root=self._cur[mid], database=0))

    def _frozen(self, writer, mid, head):
        library = self._library
        if self._with_cur:
            with library.store.read() as tx:
                row = tx.get(MIMEI, mid)
            try:
                if row is not None:
                    with library.lock_of(mid):
                        root = library.rows.frozen(writer, mid, info.read_identity(row).data_type)[1]
                    # Sealing reads what is committed.
                    writer.finish()
                    return root
            except Busy:
                # A transaction is open in it: what the snapshot before had, then.
                pass
        if self._before is not None:
            known = rows.get(writer, self._before.root, HEADS, mid)
            if known is not None and history.Head(*known).base == head.base:
                return history.Head(*known).root
        return head.base
