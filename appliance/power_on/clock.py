"""The clock of a board without one: never before the system was built, nor before what STATE holds was last written.

Only ever moved forward. It is a floor for file times and logs, no truth: NTP or the owner's phone tell the time later.
"""

import os
import stat
import time

from appliance.power_on.trouble import StepError
from leither_edge import BUILD_TIME

ENTRIES_MAX = 256
# Nothing older than that still runs, and a time beyond it was a wrong clock's.
YEARS_MAX = 10
YEAR_S = 365 * 86400


def newest_write(folder, latest=BUILD_TIME + YEARS_MAX * YEAR_S):
    """When the newest plausible file in a folder was written, Unix seconds; 0 without one."""
    newest = 0
    try:
        with os.scandir(folder) as entries:
            for _, entry in zip(range(ENTRIES_MAX), entries, strict=False):
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(status.st_mode) and status.st_mtime <= latest:
                    newest = max(newest, int(status.st_mtime))
    except OSError:
        pass  # nothing kept yet
    return newest


def advance(folders=(), now=time.time, set_clock=lambda time_s: time.clock_settime(time.CLOCK_REALTIME, time_s)):
    """Set the clock to the floor if it is behind. Returns whether it was. Raises StepError.

    folders: of STATE, once it is mounted.
    """
    floor = max([BUILD_TIME, *(newest_write(folder) for folder in folders)])
    if now() >= floor:
        return False
    try:
        set_clock(floor)
    except OSError as error:
        raise StepError(f"The clock could not be set: {error.strerror}.") from None
    return True
