"""From a snapshot whose blocks are here to the rows of a library.

A MiMei that is here already is left as it is: a restore that was broken off goes on behind it, and nothing of anybody's is overwritten.
"""

from collections import namedtuple

from leither_edge.crypto import sodium
from leither_edge.mimei import history, info, manifest
from leither_edge.mimei.access import author_id
from leither_edge.mimei.errors import BadBlock
from leither_edge.mimei.numbers import settle
from leither_edge.mimei.tables import ACCOUNT_KEYS, ACCOUNTS, BY_AUTHOR, HEADS, KEYS, MEMBERS, MIMEI, PINS, REFERENCES, VERSIONS

from . import rows
from .row_forms import check_row

# Field of an account's row (accounts.py).
_PUBLIC_KEY = 1
ROWS_A_STEP = 500

# mimei, versions: counts of what is back. kept: mids that were here already, and are as they were.
Rebuilt = namedtuple("Rebuilt", "mimei versions kept")


def rebuild(library, root, more_tables=(), progress=None):
    """The Rebuilt of a snapshot; each MiMei whole or not at all, durable.

    Args: root (of a snapshot, all of which is here), more_tables (as for make_snapshot; their rows are put as they are, so whoever made
    the snapshot must be known), progress (MiMei so far -> None). Raises BadBlock (it is none of a snapshot), BlockMissing, StorageError.
    """
    blocks, count, versions, kept = library.blocks, 0, 0, []
    with blocks.hold([root]):
        for table in (KEYS, ACCOUNTS, *more_tables):
            _put_rows(library, root, table)
        for row in rows.scan(blocks, root, MIMEI):
            found = _rebuild_one(library, root, row)
            if found is None:
                kept.append(row.key)
            else:
                count, versions = count + 1, versions + found
                if progress is not None:
                    progress(count)
        # Behind the content, which they may name.
        _put_rows(library, root, PINS)
    library.wake()
    return Rebuilt(count, versions, kept)


def recount(library):
    """A generator: what each user takes is charged to him, as after any collection."""
    for _ in library.collecting():
        yield


def _rebuild_one(library, root, row):
    """Number of versions of one MiMei that is back, None where it was here. Raises BadBlock."""
    mid, blocks = row.key, library.blocks
    with library.store.read() as tx:
        if tx.get(MIMEI, mid) is not None:
            return None
    check_row(MIMEI, mid, row.value)
    identity, head_row = info.read_identity(row.value), rows.get(blocks, root, HEADS, mid)
    check_row(HEADS, mid, head_row)
    head = history.Head(*head_row)
    if (head.database is None) != (identity.data_type in (info.FILE, info.FILES)):
        raise BadBlock("A MiMei in the backup has the present state of another type of data.")
    versions, others = [], []
    for table, found in ((VERSIONS, versions), (MEMBERS, others), (REFERENCES, others)):
        for each in rows.scan(blocks, root, table, mid):
            check_row(table, each.key, each.value)
            found.append((table, each.key, each.value))
    for _, key, value in versions:
        _check_version(blocks, mid, int.from_bytes(key[20:], "big"), history.VersionRow(*value))
    with library.lock_of(mid):
        number = library.rows.loaded(identity.data_type, head.root) if head.root is not None else None

        def put(tx):
            if tx.get(MIMEI, mid) is not None:
                return False
            tx.put(MIMEI, mid, row.value)
            tx.put(BY_AUTHOR, author_id(identity) + mid, b"")
            if number is None:
                history.write_head(tx, mid, head)
            else:
                history.write_head(tx, mid, head._replace(root=None, base=head.root, database=number))
                settle(tx, number)
            library.rows.replaced(mid, number)
            for table, key, value in (*versions, *others):
                tx.put(table, key, value)
            library.index(tx, mid)
            library.epoch += 1
            return True

        try:
            is_new = library.held.call(put)
        except BaseException:
            library.rows.give_up(number)
            raise
        if not is_new:
            library.rows.give_up(number)
    return len([1 for _, _, value in versions if not history.VersionRow(*value).dropped]) if is_new else None


def _put_rows(library, root, table):
    """Puts rows of a table that are not here."""
    batch = []

    def put(tx):
        for row in batch:
            if tx.get(table, row.key) is None:
                tx.put(table, row.key, row.value)
                if table is ACCOUNTS:
                    tx.put(ACCOUNT_KEYS, row.value[_PUBLIC_KEY], row.key)

    for row in rows.scan(library.blocks, root, table):
        if table in rows.TABLES:
            check_row(table, row.key, row.value)
        batch.append(row)
        if len(batch) >= ROWS_A_STEP:
            library.held.call(put)
            batch.clear()
    if batch:
        library.held.call(put)


def _check_version(blocks, mid, number, row):
    """Refuses a version that its author did not sign: who made the backup may be another."""
    found = manifest.open_manifest(blocks.get(row.manifest), sodium.verify)
    if (found.mid, found.number, found.root, found.references) != (mid, number, row.root, row.references):
        raise BadBlock(f"Version {number} of a MiMei in the backup is not what its manifest says.")
