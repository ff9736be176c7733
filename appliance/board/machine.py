"""The machine as a whole: its temperature, and going down."""

import os

SYS_THERMAL = "/sys/class/thermal"
PLAUSIBLE_C = (-40.0, 150.0)

# reboot(2), mount(2), umount2(2).
MAGIC_1, MAGIC_2 = 0xFEE1DEAD, 672274793
RESTART, RESTART_2 = 0x01234567, 0xA1B2C3D4
MS_RDONLY, MS_REMOUNT = 1, 32
REBOOT_SYSCALL = {"aarch64": 142, "riscv64": 142, "x86_64": 169}
REBOOT_SYSCALL_32_BIT = 88  # arm, i386


def temperature(folder=SYS_THERMAL):
    """Degrees Celsius of the hottest sensor that says something plausible, or None."""
    try:
        zones = sorted(name for name in os.listdir(folder) if name.startswith("thermal_zone"))
    except OSError:
        return None
    found = [degrees for degrees in (_degrees(f"{folder}/{zone}/temp") for zone in zones) if degrees is not None]
    return max(found, default=None)


def _degrees(path):
    try:
        with open(path, "rb") as file:
            degrees = int(file.read(16)) / 1000
    except (OSError, ValueError):
        return None
    return degrees if PLAUSIBLE_C[0] <= degrees <= PLAUSIBLE_C[1] else None


def go_down(folders, argument=None):
    """Write everything to the disk, take the file systems of ``folders`` off, and restart.

    argument: what the firmware is to be told (text), or None. Does not return; raises OSError if the kernel refuses.
    """
    # At the moment of use: it would stay in the supervisor's memory.
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    os.sync()
    for folder in folders:
        # Whoever still has a file open there keeps it mounted; read-only it is just as safe.
        if libc.umount2(folder.encode(), 0) != 0:
            libc.mount(None, folder.encode(), None, ctypes.c_ulong(MS_REMOUNT | MS_RDONLY), None)
    os.sync()
    number = REBOOT_SYSCALL.get(os.uname().machine, REBOOT_SYSCALL_32_BIT)
    command = RESTART if argument is None else RESTART_2
    words = [ctypes.c_ulong(word) for word in (MAGIC_1, MAGIC_2, command)]
    libc.syscall(ctypes.c_long(number), *words, ctypes.c_char_p(argument.encode() if argument is not None else None))
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
