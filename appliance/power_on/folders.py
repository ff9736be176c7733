"""Folders of STATE and DATA: whose they are."""

import os
import pwd

from appliance.power_on.trouble import StepError

USER = "leither"


def account(user=USER):
    """User and group number of the node's user. Raises StepError."""
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise StepError(f"This system has no user called {user}, so the node cannot run.") from None
    return entry.pw_uid, entry.pw_gid


def hand_over(folder, user, group):
    """Make ``folder`` if it is missing, and give it, closed to others, to a user. Raises StepError."""
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.fchown(fd, user, group)
            os.fchmod(fd, 0o700)
        finally:
            os.close(fd)
    except OSError as error:
        raise StepError(f"The folder {folder} could not be prepared: {error.strerror}.") from None
