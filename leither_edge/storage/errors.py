"""What can go wrong with the store, each as a sentence that says what failed, why, and what to do."""


class StorageError(Exception):
    """The store cannot do what was asked; nothing that was acknowledged is lost. str() is a sentence for people."""


class MapFull(StorageError):
    """The LMDB map has no room; the transaction changed nothing."""


class DiskFull(StorageError):
    """The partition (or a quota on it) has no room; the transaction changed nothing."""


class ReadOnly(StorageError):
    """The folder cannot be written: read-only file system or missing permission."""


class DiskFailed(StorageError):
    """The medium reported an input/output error; the transaction changed nothing."""


class Damaged(StorageError):
    """The file holds what no store writes: it was cut short, overwritten or worn."""


class InUse(StorageError):
    """Another process has the folder open.

    pid: its process id, None if unknown.
    """

    def __init__(self, message, pid=None):
        super().__init__(message)
        self.pid = pid


class SchemaTooNew(StorageError):
    """A newer program wrote this store."""
