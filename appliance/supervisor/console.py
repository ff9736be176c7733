"""What the person at the terminal sees. A terminal that went away is never an error."""

import os

ACTIVE = "/sys/class/tty/console/active"
NAMES_MAX_BYTES = 256


class Console:
    """Standard output for what the node announces, standard error for its log.

    Args:
        shows_log: whether log lines are shown at all (on a laptop, without --quiet).
        others: paths of further terminals on which to announce.
    """

    def __init__(self, shows_log, others=()):
        self.shows_log = shows_log
        self._others = others
        self._terminal_fd = next((fd for fd in (0, 1, 2) if _is_terminal(fd)), None)
        self._announced = None

    def announce(self, text):
        """Print what the node says once it is ready, unless it said the same before: restarts change nothing for a person."""
        if text != self._announced:
            self._announced = text
            _write(1, text)
            for path in self._others:
                _write_to(path, text)

    def show(self, text):
        """Print ``text``."""
        _write(1, text)

    def log(self, line):
        """Show a log line if wanted."""
        if self.shows_log:
            _write(2, line)

    def complain(self, text):
        """Print ``text`` to standard error."""
        _write(2, text)

    def hung_up(self):
        """Whether we had a terminal and it is gone."""
        return self._terminal_fd is not None and not _is_terminal(self._terminal_fd)


def other_consoles(path=ACTIVE):
    """Paths of the kernel's consoles beside /dev/console, which is the last one named: text is wanted on screen and cable alike."""
    try:
        with open(path) as file:
            names = file.read(NAMES_MAX_BYTES).split()
    except OSError:
        return ()
    return tuple(f"/dev/{name}" for name in names[:-1] if name.isalnum())


def _write_to(path, text):
    try:
        # A cable that nobody reads from must not hold us up.
        fd = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    _write(fd, text)
    os.close(fd)


def _is_terminal(fd):
    try:
        return os.isatty(fd)
    except OSError:
        return False


def _write(fd, text):
    data = text.encode(errors="backslashreplace")
    if not data.endswith(b"\n"):
        data += b"\n"
    try:
        while data:
            data = data[os.write(fd, data) :]
    except OSError:
        pass
