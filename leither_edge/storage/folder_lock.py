"""One process for each folder, held by a lock that the kernel drops when the process ends, however it ends."""

import errno
import fcntl
import os

from .errors import InUse
from .translate import from_os_error

LOCK_NAME = "lock"


class FolderLock:
    """An exclusive flock on `folder`/lock, taken at once. Raises InUse, ReadOnly, DiskFull or StorageError."""

    def __init__(self, folder):
        path = os.path.join(folder, LOCK_NAME)
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise from_os_error(error, folder, "open its lock") from None
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            pid = _read_pid(self._handle)
            self.release()
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise from_os_error(error, folder, "lock it") from None
            raise _in_use(folder, pid) from None
        self._write_pid()

    def release(self):
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _write_pid(self):
        # Only a help for people: a full disk must not keep an existing store from being read.
        try:
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, b"%d\n" % os.getpid(), 0)
        except OSError:
            pass


def _read_pid(handle):
    try:
        return int(os.pread(handle, 32, 0))
    except (OSError, ValueError):
        return None


def _in_use(folder, pid):
    who = f"process {pid}" if pid else "another process"
    if pid == os.getpid():
        who = "this same process"
    return InUse(f"The folder {folder} is in use by {who}. Stop that one first, or choose another folder.", pid)
