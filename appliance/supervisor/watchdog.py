"""The board's hardware watchdog: it restarts the board unless it is kicked."""

import os

OFF_ARGUMENT = b"leither.watchdog=off"
_ARGUMENTS_MAX_BYTES = 4096


class NoWatchdog:
    """Where there is none: a laptop."""

    name = "none"

    def kick(self):
        """Postpone the restart of the board."""

    def close(self):
        """Disarm, because the supervisor ends on purpose."""


class HardwareWatchdog:
    """Linux's /dev/watchdog. Opening it arms it. Raises OSError.

    Source: Linux kernel, Documentation/watchdog/watchdog-api.rst (magic close).
    """

    name = "hardware"

    def __init__(self, path="/dev/watchdog"):
        self._fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)

    def kick(self):
        os.write(self._fd, b"\0")

    def close(self):
        os.write(self._fd, b"V")
        os.close(self._fd)


def is_switched_off(path="/proc/cmdline"):
    """Whether the kernel was started with ``leither.watchdog=off``.

    For emulators: QEMU's Raspberry Pi resets the moment its watchdog is armed (hw/misc/bcm2835_powermgt.c). Raises OSError.
    """
    with open(path, "rb") as file:
        return OFF_ARGUMENT in file.read(_ARGUMENTS_MAX_BYTES).split()
