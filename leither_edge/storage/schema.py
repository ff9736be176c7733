"""The version of the tables, and the way from an older one."""

from .errors import SchemaTooNew, StorageError
from .table import Table

SCHEMA_TABLE = Table("_schema", key="text", value="u64")
VERSION_KEY = "version"


def write_first_version(tx, version):
    """Record the version of a new store."""
    tx.put(SCHEMA_TABLE, VERSION_KEY, version)


def migrate(store, wanted, migrations):
    """Bring a store to version `wanted` in one transaction.

    migrations: {from_version: fn(tx)}, each leading to the next version. Raises SchemaTooNew or StorageError; then the
    store is as it was.
    """
    with store.read() as tx:
        found = tx.get(SCHEMA_TABLE, VERSION_KEY)
    if found == wanted:
        return
    if found is None:
        raise StorageError(f"The store in {store.folder} has no version. It was not made by this program; choose another folder.")
    if found > wanted:
        raise SchemaTooNew(
            f"The store in {store.folder} has version {found}, written by a newer program; this one knows up to {wanted}. "
            "Install the newer program, or choose another folder."
        )
    missing = [version for version in range(found, wanted) if version not in migrations]
    if missing:
        raise StorageError(
            f"The store in {store.folder} has version {found} and this program needs {wanted}, but it has no way from "
            f"version {missing[0]}. Install a version in between first."
        )
    with store.write() as tx:
        for version in range(found, wanted):
            migrations[version](tx)
        tx.put(SCHEMA_TABLE, VERSION_KEY, wanted)
