"""The node's process: made, given its pipes, bounded, stripped of privileges, and ended."""

import _signal as signal  # as in the supervisor's __main__
import _socket as socket  # as in wifi/links.py
import os

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
EXEC_FAILED = 127


class Child:
    """A running node: pid, control socket (ours, non-blocking), stderr_fd (ours, non-blocking)."""

    __slots__ = ("pid", "control", "stderr_fd")

    def __init__(self, pid, control, stderr_fd):
        self.pid = pid
        self.control = control
        self.stderr_fd = stderr_fd

    def signal(self, number):
        """Send a signal; one that ended in the meantime is no error (it is ours until reaped, so never a stranger)."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            pass

    def has_ended(self):
        """Whether it has ended; it is not reaped, so its pid stays its own."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def reap(self):
        """Collect the ended node and kill what it may have left in its process group. Returns its wait status."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        return os.waitpid(self.pid, 0)[1]


class Launch:
    """How to start a node.

    Args:
        command: argument vector, first the absolute path of the program.
        limits: Limits.
        user: name of the user it becomes, or None to stay who we are.
        folder_fd: descriptor whose lock the node shares.
    """

    def __init__(self, command, limits, user=None, folder_fd=None):
        self._command = command
        self._limits = limits
        self._account = _account(user) if user else None
        self._folder_fd = folder_fd
        if self._account and folder_fd is not None:
            os.fchown(folder_fd, *self._account)

    def start(self):
        """Start one. Raises OSError when the system has no room for it."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        read_fd, write_fd = os.pipe2(os.O_CLOEXEC)
        supervisor = os.getpid()
        # Held back until the new process has its own signal handling: one that arrived in between would be lost.
        mask = signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
        try:
            pid = os.fork()
            if pid == 0:
                self._become_node(theirs.fileno(), write_fd, supervisor, mask)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            os.close(write_fd)
            theirs.close()
        ours.setblocking(False)
        os.set_blocking(read_fd, False)
        return Child(pid, ours, read_fd)

    def _become_node(self, control_fd, stderr_fd, supervisor, mask):
        """In the new process: never returns."""
        try:
            os.dup2(stderr_fd, 2)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            # Away from the terminal's Ctrl-C, which is for the supervisor to pass on.
            os.setsid()
            null_fd = os.open("/dev/null", os.O_RDONLY)
            os.dup2(null_fd, 0)
            _keep_only({fd for fd in (control_fd, self._folder_fd) if fd is not None})
            for refusal in self._limits.apply_to_self():
                os.write(2, f"error supervisor-limit refused={refusal.replace(' ', '-')}\n".encode())
            prctl = _prctl()
            if self._account:
                _become(*self._account)
                prctl(PR_SET_NO_NEW_PRIVS, 1)
            # After setuid, which would clear it.
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != supervisor:
                os._exit(EXEC_FAILED)  # it died before the line above
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            environment = dict(os.environ, LEITHER_SUPERVISOR_FD=str(control_fd))
            os.execve(self._command[0], self._command, environment)
        except BaseException as error:
            reason = getattr(error, "strerror", None) or str(error)
            os.write(2, f"The node could not be started: {reason}.\n".encode(errors="replace"))
        finally:
            os._exit(EXEC_FAILED)


def _keep_only(descriptors):
    """Inherit these and the standard three, and nothing that whoever started us left open."""
    first = 3
    for fd in sorted(descriptors):
        os.closerange(first, fd)
        os.set_inheritable(fd, True)
        first = fd + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def _account(user):
    """User and group number of ``user``. Raises OSError."""
    import pwd

    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise OSError(f"this system has no user called {user}") from None
    return entry.pw_uid, entry.pw_gid


def _become(user, group):
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)


def _prctl():
    """prctl(2) as a function of option and value. Raises OSError."""
    # Here, in the process that is replaced at once: it would cost the supervisor 0.7 MB. And while we may still read it.
    import ctypes

    function = ctypes.CDLL(None, use_errno=True).prctl
    function.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4

    def prctl(option, value):
        if function(option, value, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    return prctl
