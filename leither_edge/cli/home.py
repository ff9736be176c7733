"""The folder in which the tool keeps its things, and how a file in it is replaced."""

import contextlib
import fcntl
import json
import os

from leither_edge.cli.failure import Failure

# Far above any real book; a larger file is a mistake or damage.
FILE_MAX_BYTES = 8 * 1024 * 1024


class Home:
    """One private folder: ``$LEITHER_HOME``, else ``leither`` in the user's configuration folder (XDG).

    Args:
        folder: path, or None for the usual place.
    """

    def __init__(self, folder=None):
        if not folder:
            folder = os.environ.get("LEITHER_HOME")
        if not folder:
            base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
            folder = os.path.join(base, "leither")
        self.folder = os.path.abspath(folder)

    def path(self, *parts):
        """Return the path of something in the folder."""
        return os.path.join(self.folder, *parts)

    def make(self, *parts):
        """Make a folder (mode 0700) and return its path."""
        path = self.path(*parts)
        try:
            # One by one: makedirs gives only the last folder this mode.
            for folder in (os.path.dirname(self.folder), self.folder, path):
                os.makedirs(folder, mode=0o700, exist_ok=True)
        except OSError as error:
            raise Failure(
                f"The folder {path} could not be made.", error.strerror, "Set LEITHER_HOME to a folder you may write to."
            ) from None
        return path

    @contextlib.contextmanager
    def locked(self, name, wait=True):
        """Hold a lock shared by all ``leither`` processes of this user.

        Args:
            name: name of the lock.
            wait: False raises BlockingIOError when another process holds it.
        """
        path = os.path.join(self.make("locks"), name)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Failure(f"{path} could not be opened.", error.strerror, "Check that the folder is yours and not read-only.") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            yield
        finally:
            os.close(handle)

    def read_json(self, *parts, default=None):
        """Return the JSON content of a file, or the default when there is none."""
        path = self.path(*parts)
        try:
            with open(path, "rb") as file:
                data = file.read(FILE_MAX_BYTES + 1)
        except FileNotFoundError:
            return default
        except OSError as error:
            raise Failure(f"{path} could not be read.", error.strerror) from None
        try:
            if len(data) > FILE_MAX_BYTES:
                raise ValueError("larger than anything this tool writes")
            content = json.loads(data)
            if not isinstance(content, dict):
                raise ValueError("not a JSON object")
            return content
        except (ValueError, RecursionError) as error:
            raise Failure(f"{path} is damaged.", str(error), "Put a backup in its place, or move it away to start anew.") from None

    def write_json(self, content, *parts):
        """Replace a file by the JSON of content, whole and durable, mode 0600."""
        self.write(json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True).encode() + b"\n", *parts)

    def write(self, data, *parts):
        """Replace a file by data, whole and durable, mode 0600."""
        self.make(*parts[:-1])
        replace_file(self.path(*parts), data)


def replace_file(path, data, exclusive=False):
    """Write a file so that after a power cut it holds the old or the new content, never a mixture.

    Args:
        path: the file; mode 0600.
        data: bytes.
        exclusive: fail if the file exists.

    Raises:
        Failure: with the operating system's reason.
    """
    folder = os.path.dirname(os.path.abspath(path))
    temporary = f"{path}.{os.getpid()}.new"
    try:
        if exclusive and os.path.lexists(path):
            raise FileExistsError(17, "a file of that name is there already")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            with open(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if exclusive:
                os.link(temporary, path)
                os.unlink(temporary)
            else:
                os.rename(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        sync_folder(folder)
    except OSError as error:
        raise Failure(f"{path} could not be written.", error.strerror, "Nothing was changed.") from None


def sync_folder(folder):
    """Make a rename in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
