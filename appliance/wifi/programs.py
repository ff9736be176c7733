"""Programs that the board keeps running: started, started again when they die, ended with the board.

A record of each process id lies beside its socket, so that a supervisor which was killed leaves nothing behind that the next one
does not end first.
"""

import _signal as signal  # as in the supervisor's __main__
import os
import time

from appliance.board import BoardError

STOP_S = 3.0
STOP_POLL_S = 0.02
# A program that keeps dying is started again ever more slowly.
AGAIN_MIN_S = 1.0
AGAIN_MAX_S = 60.0
LASTED_S = 60.0
COMM_MAX_BYTES = 15


class Program:
    """One program.

    Args:
        command: argument vector; the program is looked for in PATH.
        record: path of the file that keeps its process id.
        environment: what is added to ours.
        log: path of a file for what it writes, or None.

    pid: of the running process, or None. starts: how often it was started.
    """

    def __init__(self, command, record, environment=None, log=None):
        self._command = command
        self._record = record
        self._environment = environment or {}
        self._log = log
        self._started_s = self._again_s = 0.0
        self._delay_s = AGAIN_MIN_S
        self.pid = None
        self.starts = 0
        _end_leftover(record, command[0])

    def start(self):
        """Start it. Raises BoardError unsupported when there is no such program, failed when there is no room for it."""
        path = self._log or "/dev/null"
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        try:
            # Own process group: the terminal's Ctrl-C is for the supervisor. Signals as a fresh process has them.
            self.pid = os.posix_spawnp(
                self._command[0], self._command, {**os.environ, **self._environment}, file_actions=actions, setpgroup=0,
                setsigmask=[], setsigdef=[signal.SIGPIPE, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD],
            )  # fmt: skip
        except FileNotFoundError:
            raise BoardError("unsupported", f"The program {self._command[0]} is missing on this system.") from None
        except OSError as error:
            raise BoardError("failed", f"The program {self._command[0]} could not be started: {error.strerror}.") from None
        self.starts += 1
        self._started_s = time.monotonic()
        _write_record(self._record, self.pid)

    def is_running(self):
        """Whether it runs; collects it when it has ended."""
        if self.pid is None:
            return False
        try:
            ended, _ = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            ended = self.pid
        if not ended:
            return True
        self.pid = None
        now_s = time.monotonic()
        self._delay_s = AGAIN_MIN_S if now_s - self._started_s >= LASTED_S else min(2 * self._delay_s, AGAIN_MAX_S)
        self._again_s = now_s + self._delay_s
        return False

    def tick(self):
        """Start it again if it has died a while ago. Returns whether it was started. Raises BoardError."""
        if self.is_running() or time.monotonic() < self._again_s:
            return False
        self.start()
        return True

    def signal(self, number):
        """Send a signal; to one that is gone is no error (it is ours until collected, so never a stranger)."""
        if self.is_running():
            os.kill(self.pid, number)

    def stop(self):
        """End it and wait for that."""
        if self.is_running():
            _end(self.pid, lambda: not self.is_running())
        self.pid = None
        try:
            os.unlink(self._record)
        except OSError:
            pass


def _end(pid, has_ended):
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        give_up_s = time.monotonic() + STOP_S
        while time.monotonic() < give_up_s:
            if has_ended():
                return
            time.sleep(STOP_POLL_S)


def _write_record(path, pid):
    try:
        with open(path, "w") as file:
            file.write(f"{pid}\n")
    except OSError:
        pass  # it only matters to the next supervisor, after a kill of this one


def _end_leftover(record, program):
    """End the process in the record, if it still is that program."""
    try:
        with open(record, "rb") as file:
            pid = int(file.read(16))
        os.unlink(record)
        with open(f"/proc/{pid}/comm", "rb") as file:
            name = file.read(64).strip()
    except (OSError, ValueError):
        return
    # The number may be a stranger's by now.
    if name == os.path.basename(program).encode()[:COMM_MAX_BYTES] and pid > 1:
        _end(pid, lambda: _has_ended(pid))


def _has_ended(pid):
    """Whether a process that is not ours to collect is gone, or waits for its parent to collect it."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read(512).rpartition(b") ")[2][:1] in (b"Z", b"X", b"")
    except OSError:
        return True
