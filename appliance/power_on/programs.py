"""A program run to its end. No subprocess: it would be most of this program's memory and start-up time."""

import _signal as signal  # as in the supervisor's __main__
import os
import time

from appliance.power_on.trouble import StepError

POLL_S = 0.02


def run(command, limit_s=None):
    """The exit code; negative the number of the signal that ended it, None when it still runs after ``limit_s``.

    It is never killed: what changes a file system must be left to finish. Raises StepError when it cannot be started.
    """
    try:
        null = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
        null.append((os.POSIX_SPAWN_DUP2, 1, 2))
        pid = os.posix_spawnp(command[0], command, os.environ, file_actions=null, setsigdef=[signal.SIGPIPE])
    except OSError as error:
        raise StepError(f"The program {command[0]} could not be started: {error.strerror}.") from None
    if limit_s is None:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    give_up_s = time.monotonic() + limit_s
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= give_up_s:
            return None
        time.sleep(POLL_S)
