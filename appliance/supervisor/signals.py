"""Signals as bytes on a file descriptor, so that the loop meets them like any other input."""

import _signal as signal  # as in the supervisor's __main__
import os

WATCHED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Signals:
    """Collects the WATCHED signals of this process from now on."""

    def __init__(self):
        self._read_fd, self._write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._write_fd, warn_on_full_buffer=False)
        for number in WATCHED:
            # A handler of ours, or the number never gets to the descriptor.
            signal.signal(number, _ignore)

    def fileno(self):
        """Readable when a signal has come."""
        return self._read_fd

    def take(self):
        """Numbers of the signals since the last call, each once."""
        try:
            return set(os.read(self._read_fd, 4096))
        except BlockingIOError:
            return set()


def _ignore(_number, _frame):
    pass
