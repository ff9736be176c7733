"""Open an LMDB environment so that it is whole, durable and light on flash."""

import errno
import os

import lmdb

from .errors import StorageError
from .lmdb_file import BadFile, check, read_meta
from .translate import damaged, from_lmdb_error, from_os_error

DATA_NAME = "data.mdb"
NEW_NAME = "data.mdb.new"

# Below this a map is of no use; above, it is halved until the address space has room (32-bit boards).
MAP_FLOOR_BYTES = 1 << 20

# One read transaction takes one slot of 64 bytes; trio has at most 40 worker threads.
READERS_MAX = 64

# Where LMDB's table of readers may lie: it is rewritten at every read, which must not reach the flash.
_MEMORY_FOLDERS = ("/dev/shm", "/run")
_MEMORY_PREFIX = "leither-store-"


def make_folder(folder):
    """Create the folder (mode 0700) if it is missing, durably. Raises ReadOnly, DiskFull or StorageError."""
    try:
        if not os.path.isdir(folder):
            # Another thread may make it at the same time; both then see to it that it stays.
            os.makedirs(folder, 0o700, exist_ok=True)
            sync_folder(os.path.dirname(os.path.abspath(folder)))
    except OSError as error:
        raise from_os_error(error, folder, "be created") from None


def sync_folder(folder):
    """Make names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check_file(folder, pages_max, row_is_good):
    """Check the data file of a folder. Raises Damaged when LMDB could not read it safely; StorageError if unreadable."""
    path = os.path.join(folder, DATA_NAME)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            check(handle, pages_max, row_is_good)
        finally:
            os.close(handle)
    except OSError as error:
        raise from_os_error(error, folder, "be read") from None
    except BadFile as error:
        raise damaged(folder, str(error)) from None


def open_environment(folder, name, map_bytes, tables_max):
    """Open folder/name with a map of at most `map_bytes`; return (environment, map bytes).

    The map is halved while the address space has no room for it. Raises StorageError.
    """
    path = os.path.join(folder, name)
    floor = max(MAP_FLOOR_BYTES, _used_bytes(path))
    wanted = max(map_bytes, floor)
    while True:
        try:
            return _open(path, wanted, tables_max), wanted
        except (lmdb.MemoryError, OverflowError, MemoryError) as error:
            if wanted <= floor:
                raise StorageError(
                    f"The store in {folder} cannot be opened: there is no room in memory for its {floor >> 20} MiB ({error}). "
                    "Stop other programs, or use a board with more memory."
                ) from None
            wanted = max(floor, wanted // 2 & -(1 << 20))
        except lmdb.Error as error:
            raise from_lmdb_error(error, folder, "be opened") from None
        except OSError as error:
            raise from_os_error(error, folder, "be opened") from None


def _open(path, map_bytes, tables_max):
    options = {
        "map_size": map_bytes, "max_dbs": tables_max, "max_readers": READERS_MAX, "max_spare_txns": 2,
        "subdir": False, "mode": 0o600,
        # Durable when acknowledged; meminit so that no key left over in memory reaches the file.
        "sync": True, "metasync": True, "writemap": False, "meminit": True,
        # Reading ahead costs memory and gains nothing on flash with small random reads.
        "readahead": False, "lock": True,
    }  # fmt: skip
    folder = _memory_folder()
    if folder is None:
        return lmdb.open(path, **options)
    # LMDB puts its lock file beside the name it is given, so it is given a name in memory that leads to the real file.
    # Nothing remains: LMDB keeps both open, and FolderLock keeps other processes out.
    link = os.path.join(folder, "data")
    try:
        os.symlink(os.path.abspath(path), link)
        return lmdb.open(link, **options)
    finally:
        _remove_memory_folder(folder)


def _memory_folder():
    for parent in _MEMORY_FOLDERS:
        folder = os.path.join(parent, f"{_MEMORY_PREFIX}{os.getpid()}-{os.urandom(8).hex()}")
        try:
            _sweep(parent)
            os.mkdir(folder, 0o700)
            return folder
        except OSError:
            continue
    return None


def _sweep(parent):
    # A process killed while it opened a store leaves its folder in memory.
    for name in os.listdir(parent):
        pid = name[len(_MEMORY_PREFIX) :].partition("-")[0] if name.startswith(_MEMORY_PREFIX) else ""
        if pid.isdigit() and not os.path.exists("/proc/" + pid):
            _remove_memory_folder(os.path.join(parent, name))


def _remove_memory_folder(folder):
    try:
        for name in ("data", "data-lock"):
            try:
                os.unlink(os.path.join(folder, name))
            except FileNotFoundError:
                pass
        os.rmdir(folder)
    except OSError:
        pass


def _used_bytes(path):
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return 0
        raise
    try:
        meta = read_meta(handle)
        return (meta.last_page + 1) * meta.page_bytes
    except BadFile:
        return 0
    finally:
        os.close(handle)
