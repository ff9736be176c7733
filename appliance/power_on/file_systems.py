"""STATE and DATA: made where nothing ever was, checked at every start, never made anew over something that was ever in use.

Policy: e2fsck repairs what it can without asking. What it cannot is left unmounted, for a person to decide: a mount would make it worse.
Only what a cut of power left of a making that never ended (making.py) is made again.
Source: e2fsck(8) (exit codes), Linux Documentation/filesystems/ext4 (the super block).
"""

import os

from appliance.power_on.programs import run
from appliance.power_on.trouble import StepError

# Only zeros here means that nothing was ever kept on the partition.
BLANK_BYTES = 1 << 20
_PIECE_BYTES = 64 * 1024
# e2fsck: 1 repaired, 2 repaired and "reboot" (meant for a root file system). From 4 on: not repaired, or not checked at all.
REPAIRED = 1 | 2
SUPER_BLOCK_AT, SUPER_BLOCK_BYTES = 1024, 1024
_MAGIC = b"\x53\xef"
_64_BIT = 0x80
# Worth the trouble of growing: less is lost to rounding.
GROWTH_MIN_BYTES = 1 << 20


class DamagedError(Exception):
    """A file system that could not be repaired."""


def prepare(device, label, making):
    """Make a file system on a blank partition, or check the one there. Raises DamagedError, StepError.

    making: Making of the partition.
    """
    if is_blank(device):
        _make(device, label, making)
        return
    is_begun = making.is_begun()
    # Even then the check comes first: it may have been finished, by this device or on a computer. Forced, for the super block says
    # "clean" although what it describes may not be there yet.
    if is_repaired(run(["e2fsck", "-p", *(["-f"] if is_begun else []), device])):
        if is_begun:
            making.end()
    elif is_begun:
        _make(device, label, making)
    else:
        raise DamagedError


def _make(device, label, making):
    making.begin()
    if run(["mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-m", "1", "-L", label, device]) != 0:
        raise StepError(f"The blank partition {device} ({label}) could not be given a file system. Is the card write-protected?")
    try:
        fd = os.open(device, os.O_RDWR | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
    except OSError as error:
        raise StepError(f"The file system made on {device} ({label}) did not reach the card: {error.strerror}.") from None
    making.end()


def is_repaired(code):
    """Whether a file system may be mounted after e2fsck ended so (negative: by a signal)."""
    return code >= 0 and code & ~REPAIRED == 0


def is_blank(device):
    """Whether the first BLANK_BYTES hold nothing but zeros. Raises StepError."""
    left = BLANK_BYTES
    try:
        with open(device, "rb", buffering=0) as file:
            while left and (data := file.read(min(left, _PIECE_BYTES))):
                if any(data):
                    return False
                left -= len(data)
    except OSError as error:
        raise StepError(f"The partition {device} cannot be read: {error.strerror}. Is the card worn out?") from None
    return not left


def file_system_bytes(data):
    """Size that an ext4 super block states, None if it is none. data: its SUPER_BLOCK_BYTES."""
    if len(data) != SUPER_BLOCK_BYTES or data[56:58] != _MAGIC:
        return None
    blocks, shift = int.from_bytes(data[4:8], "little"), int.from_bytes(data[24:28], "little")
    if int.from_bytes(data[96:100], "little") & _64_BIT:
        blocks |= int.from_bytes(data[336:340], "little") << 32
    return blocks << (10 + shift) if shift <= 6 else None


def wants_growth(device):
    """Whether the partition is larger than the file system on it. Raises StepError."""
    try:
        fd = os.open(device, os.O_RDONLY | os.O_CLOEXEC)
        try:
            size = os.lseek(fd, 0, os.SEEK_END)
            used = file_system_bytes(os.pread(fd, SUPER_BLOCK_BYTES, SUPER_BLOCK_AT))
        finally:
            os.close(fd)
    except OSError as error:
        raise StepError(f"The partition {device} cannot be read: {error.strerror}.") from None
    return used is not None and size - used >= GROWTH_MIN_BYTES


def grow(device, limit_s):
    """Grow a mounted file system to its partition. It goes on by itself after ``limit_s``. Raises StepError."""
    code = run(["resize2fs", device], limit_s)
    if code not in (0, None):
        raise StepError(f"The file system on {device} could not be grown to the card; it is tried again at the next start.")
