"""A shell in a pseudo-terminal, and somebody who types there."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

from docs.pictures.screen import Screen

PROMPT = "$ "
END_LIMIT_S = 30
# A person sees the question before he answers; getpass throws away what was typed before it asked.
TYPING_PAUSE_S = 0.3


class SessionError(Exception):
    """The terminal did not show what was awaited; the message has the end of its screen."""


class Session:
    """A context manager: bash without line editing, so that all that is on the screen comes from the commands and their echo.

    folder: where it starts; environment: of the commands; columns, rows: size that the commands are told.
    """

    def __init__(self, folder, environment, columns, rows=50):
        self.screen = Screen(columns)
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            # Nothing but a new program may come of this copy of ours, whatever fails.
            try:
                os.chdir(folder)
                shell = ["bash", "--norc", "--noprofile", "--noediting", "-i"]
                os.execvpe(shell[0], shell, {**environment, "PS1": PROMPT, "TERM": "xterm"})
            finally:
                os._exit(127)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def run(self, command, *answers, limit_s=120):
        """Type a command, answer its questions in order, and wait for the next prompt.

        answers: (regular expression of the question, text); a text may be a function of the screen's lines. limit_s: for each step.
        """
        self.wait(r"^\$ $", limit_s)
        self.type(command)
        for question, answer in answers:
            self.wait(question + r"\s*$", limit_s)
            time.sleep(TYPING_PAUSE_S)
            self.type(answer(self.screen.lines()) if callable(answer) else answer)
        self.wait(r"^\$ $", limit_s)

    def type(self, line):
        """Type one line."""
        os.write(self._fd, line.encode() + b"\n")
        # Its echo is there before anything else is awaited, else the old prompt would be taken for a new one.
        time.sleep(TYPING_PAUSE_S)
        self._read(0)

    def wait(self, pattern, limit_s):
        """Wait until the last row of the screen has this regular expression; returns that row. Raises SessionError."""
        return self.wait_for(lambda rows: next(filter(re.compile(pattern).search, rows[-1:]), None), limit_s, pattern)

    def wait_for(self, reached, limit_s, what):
        """The first true result of ``reached(rows)``, the screen as texts that keep the spaces at their ends."""
        deadline = time.monotonic() + limit_s
        while True:
            result = reached(["".join(cell.char for cell in row) for row in self.screen.rows])
            if result:
                return result
            if time.monotonic() > deadline or not self._read(0.5):
                seen = "\n".join(self.screen.lines()[-20:])
                raise SessionError(f"The terminal did not show {what!r}. It ends with:\n{seen}")

    def _read(self, limit_s):
        """Feed the screen for one read; False at the end of the terminal."""
        if not select.select([self._fd], [], [], limit_s)[0]:
            return True
        try:
            data = os.read(self._fd, 65_536)
        except OSError:
            return False
        self.screen.feed(data)
        return bool(data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Ctrl-C for what runs, then hang up."""
        with contextlib.suppress(OSError):
            os.write(self._fd, b"\x03")
        deadline = time.monotonic() + END_LIMIT_S
        with contextlib.suppress(Exception):
            while time.monotonic() < deadline and not self.screen.lines()[-1].startswith("$") and self._read(0.5):
                pass
        os.close(self._fd)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGHUP)
        os.waitpid(self._pid, 0)
