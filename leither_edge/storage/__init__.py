"""Durable typed tables in one LMDB environment."""

from .errors import Damaged, DiskFailed, DiskFull, InUse, MapFull, ReadOnly, SchemaTooNew, StorageError
from .store import Store, open_store
from .table import Table

__all__ = [
    "Damaged", "DiskFailed", "DiskFull", "InUse", "MapFull", "ReadOnly", "SchemaTooNew", "StorageError", "Store", "Table",
    "open_store",
]  # fmt: skip
