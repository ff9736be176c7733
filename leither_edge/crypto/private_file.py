"""Files that hold a secret: mode 0600, written whole or not at all."""

import os
import stat

_MODE = 0o600
_UNFINISHED = ".new-"


class KeyFileError(Exception):
    """A key file cannot be used; the message says which, why, and what to do."""


class KeyFileTaken(KeyFileError):
    """A key file was to be made and is there already."""


def read_private(path, what, max_bytes):
    """The bytes of a secret file, or None if there is none.

    Args: what (for messages, such as "the node key"), max_bytes (a longer file is refused).
    Raises KeyFileError: unreadable, not a plain file, open to others, too long.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyFileError(f"cannot read {what} {path}: {error.strerror}") from None
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise KeyFileError(f"{what} {path} is not a plain file")
        mode = stat.S_IMODE(status.st_mode)
        if mode & 0o077:
            raise KeyFileError(f"others may read {what} {path} (mode {mode:04o}); if nobody has, repair it with: chmod 600")
        if status.st_size > max_bytes:
            raise KeyFileError(f"{what} {path} has {status.st_size} bytes, more than the {max_bytes} of a good one")
        return os.read(file, max_bytes + 1)
    except OSError as error:
        raise KeyFileError(f"cannot read {what} {path}: {error.strerror}") from None
    finally:
        os.close(file)


def create_private(path, data, what):
    """Makes a secret file that was not there, durable when this returns. Raises KeyFileTaken if it is there, KeyFileError."""
    folder, name = os.path.split(path)
    folder = folder or "."
    # A name of each process's own: two that begin at once must not write into one file.
    fresh = f"{path}{_UNFINISHED}{os.getpid()}"
    try:
        _write_synced(fresh, data)
        _give_name(fresh, path)
        _remove_unfinished(folder, name)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if os.path.lexists(path):
            _remove_unfinished(folder, name)
            if isinstance(error, (FileExistsError, FileNotFoundError)):
                raise KeyFileTaken(f"{what} {path} exists already and is not replaced") from None
        raise KeyFileError(f"cannot write {what} {path}: {error.strerror}") from None


def _give_name(fresh, path):
    try:
        # A link, unlike a rename, never replaces a key that another process made meanwhile.
        os.link(fresh, path)
    except PermissionError:
        # File systems without links (FAT).
        if os.path.lexists(path):
            raise FileExistsError from None
        os.rename(fresh, path)


def _remove_unfinished(folder, name):
    """Takes away what power cuts left behind; where the key itself exists, no unfinished one is of use."""
    for entry in os.listdir(folder):
        if entry.startswith(name + _UNFINISHED):
            try:
                os.unlink(os.path.join(folder, entry))
            except FileNotFoundError:
                pass


def _write_synced(path, data):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    try:
        os.fchmod(file, _MODE)
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]
        os.fsync(file)
    finally:
        os.close(file)
