"""The state folder: one supervisor at a time, and a factory reset that a power cut cannot leave half done.

Reset: a marker file is made durable, then the node is stopped, then everything but the marker is removed, then the
marker. Before every start of the node a marker found means: finish the removal first. So a cut leaves the folder either
untouched or, after the next start, empty.
"""

import fcntl
import os
import time

MARKER = ".factory-reset"
# What the node keeps outside, in the folder of --data.
CONTENT = "mimei"
LOCK_RETRY_S = 0.02


class StateFolderError(Exception):
    """The folder cannot be used; the text is a plain sentence with what to do."""


def open_folder(path, wait_s=3.0):
    """Make ``path`` if it is missing (mode 0700) and lock it. Returns the file descriptor that holds the lock.

    The node inherits the descriptor, so the lock lasts until both are gone: a supervisor started after another was
    killed waits (up to ``wait_s``) for the orphaned node to end and never wipes or serves the folder beside it.
    Raises StateFolderError.
    """
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise StateFolderError(f"The state folder {path} cannot be opened: {error.strerror}. Choose another with --state.") from None
    give_up_s = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return fd
        except BlockingIOError:
            pass
        except OSError:
            return fd  # a file system without locks; the node's store has its own
        if time.monotonic() >= give_up_s:
            holder = _lock_holder(fd)
            os.close(fd)
            who = f" (process {holder})" if holder else ""
            raise StateFolderError(f"Another node{who} uses the state folder {path}. Stop it, or choose another folder with --state.")
        time.sleep(LOCK_RETRY_S)


def _lock_holder(fd):
    """Process id of who holds the lock, from /proc/locks, or None."""
    inode = f":{os.fstat(fd).st_ino}"
    try:
        with open("/proc/locks") as file:
            for line in file:
                fields = line.split()
                if fields[1] == "FLOCK" and fields[5].endswith(inode):
                    return int(fields[4])
    except (OSError, ValueError, IndexError):
        pass
    return None


def request_reset(folder_fd):
    """Make the decision to wipe durable. Raises OSError, and then nothing has been decided."""
    marker = os.open(MARKER, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600, dir_fd=folder_fd)
    try:
        os.fsync(marker)
    finally:
        os.close(marker)
    os.fsync(folder_fd)


def is_reset_requested(folder_fd):
    """Whether a wipe has been decided and not completed."""
    try:
        os.stat(MARKER, dir_fd=folder_fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def complete_reset(folder_fd, forget_settings, progress=lambda: None):
    """Wipe the folder. Only while no node runs. Raises OSError.

    Args:
        forget_settings: called once the files are gone, before the marker goes; may be called again after a cut.
        progress: called after every file, to keep a watchdog quiet.
    """
    _empty(folder_fd, keep=MARKER, progress=progress)
    forget_settings()
    os.fsync(folder_fd)
    os.unlink(MARKER, dir_fd=folder_fd)
    os.fsync(folder_fd)


def forget_content(data, progress=lambda: None):
    """Remove the content from the folder of --data. Only while no node runs; none there is no error. Raises OSError."""
    path = os.path.join(data, CONTENT)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        _empty(fd, None, progress)
        os.fsync(fd)
    finally:
        os.close(fd)


def _empty(folder_fd, keep, progress):
    """Remove everything in a folder but ``keep``. Works on descriptors, so a symbolic link leads nowhere."""
    with os.scandir(folder_fd) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries if entry.name != keep]
    for name, is_folder in found:
        if is_folder:
            inner_fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder_fd)
            try:
                _empty(inner_fd, None, progress)
            finally:
                os.close(inner_fd)
            os.rmdir(name, dir_fd=folder_fd)
        else:
            os.unlink(name, dir_fd=folder_fd)
        progress()
