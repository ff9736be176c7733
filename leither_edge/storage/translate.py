"""Errors of LMDB and the operating system as sentences."""

import errno
import os

import lmdb

from .errors import Damaged, DiskFailed, DiskFull, MapFull, ReadOnly, StorageError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)

# A transaction of ours is smaller than this.
_FULL_BELOW_BYTES = 1 << 20

RESTORE = "Restore the folder from a backup, or move it away to start empty."


def from_os_error(error, folder, doing):
    """Return the StorageError for an OSError. doing: what was tried, as "open its lock"."""
    return _from_errno(error.errno, error.strerror or str(error), folder, doing)


def from_lmdb_error(error, folder, doing):
    """Return the StorageError for an lmdb.Error. doing: what was tried, as "commit"."""
    if isinstance(error, lmdb.MapFullError):
        return map_full(folder)
    if isinstance(error, lmdb.TxnFullError):
        return StorageError(
            f"The store in {folder} cannot {doing}: one transaction changed too much. Nothing was changed; do it in smaller steps."
        )
    damage = (
        lmdb.CorruptedError, lmdb.PageNotFoundError, lmdb.InvalidError, lmdb.VersionMismatchError, lmdb.IncompatibleError,
        lmdb.PageFullError, lmdb.CursorFullError,
    )  # fmt: skip
    if isinstance(error, damage):
        return damaged(folder, _reason(error))
    if isinstance(error, lmdb.PanicError):
        return DiskFailed(
            f"The store in {folder} cannot {doing}: an earlier write failed half-way. Nothing acknowledged is lost; start again."
        )
    code = getattr(error, "code", None)
    return _from_errno(code if isinstance(code, int) and code > 0 else None, _reason(error), folder, doing)


def map_full(folder):
    """Return the MapFull for a store."""
    return MapFull(
        f"The store in {folder} is full, so nothing was changed. Delete something, or raise state_map_mib (or data_map_mib) in the profile."
    )


def damaged(folder, why):
    """Return the Damaged for a store. why: what was found, as "it ends before page 7"."""
    return Damaged(f"The store in {folder} is damaged: {why}. {RESTORE}")


def _from_errno(code, reason, folder, doing):
    if code in _FULL:
        return DiskFull(
            f"The store in {folder} cannot {doing}: there is no space left ({reason}). Nothing was changed; free some space and try again."
        )
    if code in _READ_ONLY:
        return ReadOnly(
            f"The store in {folder} cannot {doing}: it cannot be written ({reason}). "
            "Mount it writable, give this user the right to write there, or choose another folder."
        )
    if code == errno.EIO and _nearly_full(folder):
        # LMDB reports a write that was cut short as EIO, and on a disk that fills up the first one is.
        return _from_errno(errno.ENOSPC, os.strerror(errno.ENOSPC), folder, doing)
    if code == errno.EIO:
        return DiskFailed(
            f"The store in {folder} cannot {doing}: the medium failed or took only a part ({reason}). Nothing acknowledged is lost "
            "so far; see whether a limit on file sizes applies, else copy the folder to another medium."
        )
    return StorageError(f"The store in {folder} cannot {doing}: {reason}. Nothing was changed.")


def _nearly_full(folder):
    try:
        room = os.statvfs(folder)
    except OSError:
        return False
    return room.f_bavail * room.f_frsize < _FULL_BELOW_BYTES


def _reason(error):
    return getattr(error, "reason", None) or str(error)
