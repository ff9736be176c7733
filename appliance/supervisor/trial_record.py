"""The record of the last trial in the state folder: small, durable, and read as if a stranger had written it.

The folder is the node's; this process is root. So no link is followed and nothing but a regular file is read.
"""

import json
import os
import stat

from appliance.supervisor.trial import Record

FILE = ".trial.json"
FILE_MAX_BYTES = 512
TEXT_MAX = 64
BOOT_PATH = "/proc/sys/kernel/random/boot_id"


def load(folder_fd):
    """The Record, or None: without one, or if it is not one of ours."""
    try:
        fd = os.open(FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder_fd)
    except OSError:
        return None
    try:
        return parse(os.read(fd, FILE_MAX_BYTES + 1)) if stat.S_ISREG(os.fstat(fd).st_mode) else None
    except OSError:
        return None
    finally:
        os.close(fd)


def parse(data):
    """The Record in the bytes of the file, or None."""
    try:
        said = json.loads(data.decode()) if len(data) <= FILE_MAX_BYTES else None
        record = Record(said["slot"], said["outcome"], said["boot"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    texts = (record.outcome, record.boot)
    well = all(type(text) is str and len(text) <= TEXT_MAX and text.isascii() and text.isprintable() and " " not in text for text in texts)
    return record if record.slot in ("a", "b") and well else None


def save(folder_fd, record):
    """Keep a record durably: the old one or the new one, whenever the power goes. Raises OSError."""
    data = json.dumps({"slot": record.slot, "outcome": record.outcome, "boot": record.boot}).encode()
    new = f"{FILE}.new"
    try:
        os.unlink(new, dir_fd=folder_fd)
    except FileNotFoundError:
        pass
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder_fd)
    try:
        os.write(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)
    os.rename(new, FILE, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
    os.fsync(folder_fd)


def boot_id(path=BOOT_PATH):
    """What tells this start of the machine from every other, "" where the kernel does not say."""
    try:
        with open(path, "rb") as file:
            return file.read(TEXT_MAX).decode("ascii", "replace").strip()
    except OSError:
        return ""
