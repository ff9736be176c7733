"""From a snapshot whose blocks are here to the rows of a library.

A MiMei that is here already is left as it is: a restore that was broken off goes on behind it, and nothing of anybody's is overwritten.
"""

from collections import namedtuple

from leither_edge.crypto import sodium
from leither_edge.mimei import history, info, manifest
from leither_edge.mimei.access import author_id
from leither_edge.mimei.errors import BadBlock, BlockMissing, Damaged, MimeiError, QuotaReached
from leither_edge.mimei.numbers import settle
from leither_edge.mimei.tables import ACCOUNT_KEYS, ACCOUNTS, BY_AUTHOR, HEADS, KEYS, MEMBERS, MIMEI, PINS, REFERENCES, VERSIONS

from . import rows
from .row_forms import check_row

# Field of an account's row (accounts.py).
_PUBLIC_KEY = 1
ROWS_A_STEP = 500

# mimei, versions: counts of what is back. kept: mids that were here already, and are as they were. failed: [(mid, why)] of those that are
# not whole in the backup.
Rebuilt = namedtuple("Rebuilt", "mimei versions kept failed")


def rebuild(library, root, more_tables=(), progress=None):
    """The Rebuilt of a snapshot; each MiMei whole or not at all, durable.

    Args: root (of a snapshot, all of which is here), more_tables (as for make_snapshot; their rows are put as they are, so whoever made
    the snapshot must be known), progress (MiMei so far -> None). Raises BadBlock (it is none of a snapshot), BlockMissing, StorageError.
    """
    blocks, count, versions, kept, failed = library.blocks, 0, 0, [], []
    with blocks.hold([root]):
        for table in (KEYS, ACCOUNTS, *more_tables):
            _put_rows(library, root, table)
        for row in rows.scan(blocks, root, MIMEI):
            try:
                found = _rebuild_one(library, root, row)
            except QuotaReached:
                raise
            except MimeiError as error:
                # What a medium spoilt, or somebody forged, keeps nothing else back.
                failed.append((row.key, str(error)))
                continue
            if found is None:
                kept.append(row.key)
            else:
                count, versions = count + 1, versions + found
                if progress is not None:
                    progress(count)
        # Behind the content, which they may name.
        _put_rows(library, root, PINS)
    library.wake()
    return Rebuilt(count, versions, kept, failed)


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
    versions = [(table, key, _checked_version(blocks, key, history.VersionRow(*value))) for table, key, value in versions]
    head = _with_what_is_there(head, versions)
    with library.lock_of(mid):
        number, head = _loaded(library, identity.data_type, head)

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


def _checked_version(blocks, key, row):
    """The row of a version; of one whose manifest is lost, as dropped. Raises BadBlock, BadManifest.

    Refuses one that its author did not sign: who made the backup may be another.
    """
    number = int.from_bytes(key[20:], "big")
    if not blocks.has(row.manifest):
        return list(row._replace(dropped=True))
    found = manifest.open_manifest(blocks.get(row.manifest), sodium.verify)
    signed = found.mid, found.number, found.root, found.references, found.previous, found.ancestor, found.time, found.memo
    if signed != (key[:20], number, row.root, row.references, row.previous, row.ancestor, row.time, row.memo):
        raise BadBlock(f"Version {number} of a MiMei in the backup is not what its manifest says.")
    return list(row)


def _with_what_is_there(head, versions):
    """A Head whose last and released versions are among some rows that are not dropped, and whose next number is behind all."""
    numbers = [int.from_bytes(key[20:], "big") for _, key, _ in versions]
    there = [number for number, (_, _, value) in zip(numbers, versions, strict=True) if not history.VersionRow(*value).dropped]
    if head.last not in there:
        head = head._replace(last=max(there, default=None))
    if head.release not in there:
        head = head._replace(release=None)
    return head._replace(next=max(head.next, max(numbers, default=-1) + 1))


def _loaded(library, data_type, head):
    """(number of the rows of cur, or None for files; Head): of the version that cur began with, where what it held is lost."""
    if head.root is None:
        return None, head
    try:
        return library.rows.loaded(data_type, head.root), head
    except (BadBlock, BlockMissing, Damaged):
        if head.base in (None, head.root):
            raise
    return library.rows.loaded(data_type, head.base), head._replace(root=head.base)
