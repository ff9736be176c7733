"""Mounting file systems.

Source: mount(2); Linux Documentation/filesystems/ext4.rst, vfat.rst; Documentation/admin-guide/cgroup-v2.rst.
"""

import os

from appliance.power_on.trouble import StepError

READ_ONLY, NOSUID, NODEV, NOEXEC, NOATIME = 1, 2, 4, 8, 1024
SAFE = NOSUID | NODEV | NOEXEC
_TABLE_MAX_BYTES = 1 << 20


def mount(source, folder, kind, flags, options=""):
    """Mount a file system; one already mounted there is left as it is. Raises StepError."""
    if is_mounted(folder):
        return
    # At the moment of use: most starts of this program in tests mount nothing.
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    libc.mount.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p]
    if libc.mount(source.encode(), folder.encode(), kind.encode(), flags, options.encode()) != 0:
        raise StepError(f"{source} could not be mounted on {folder}: {os.strerror(ctypes.get_errno())}.")


def is_mounted(folder, table="/proc/self/mounts"):
    """Whether something is mounted there. Raises StepError."""
    try:
        with open(table, "rb") as file:
            lines = file.read(_TABLE_MAX_BYTES).splitlines()
    except OSError as error:
        raise StepError(f"{table} cannot be read: {error.strerror}.") from None
    return any(len(fields := line.split()) > 1 and fields[1] == folder.encode() for line in lines)


def mount_card(source, folder, user, group):
    """Mount the first partition read-only, for the node alone: the card's file holds passwords. Raises StepError."""
    mount(source, folder, "vfat", SAFE | READ_ONLY | NOATIME, f"uid={user},gid={group},fmask=0377,dmask=0277")


def mount_ext4(source, folder):
    """Mount a partition of ours. An error found later turns it read-only instead of making it worse. Raises StepError."""
    mount(source, folder, "ext4", SAFE | NOATIME, "errors=remount-ro")


def mount_cgroups(folder="/sys/fs/cgroup"):
    """Mount cgroup v2, which bounds the node. Raises StepError."""
    mount("cgroup2", folder, "cgroup2", SAFE, "nsdelegate")
