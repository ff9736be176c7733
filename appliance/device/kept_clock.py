"""The last known good time, for a board whose clock stops with the power: the time at which the file ``clock`` was last changed.

The next start sets the clock no earlier than that (appliance/power_on/clock.py). The file is empty: its time is one field of one inode,
so that a kill or a cut leaves the time before or the new one. Seldom written, for each time wears the card a little.

It is a clock's word, so it never moves the floor by which commands are judged: that one is kept with the commands.
"""

import os
import stat

import trio

from appliance.commands.status import YEAR_S

FILE = "clock"
INTERVAL_S = 3600
# A node that is stopped again and again writes no more often than this.
STOP_MIN_S = 60
YEARS_MAX = 10


def good_time(clock_s, floor_s):
    """The time to keep (s): never behind what has certainly passed; None for a clock that is ahead of it beyond belief."""
    return None if clock_s >= floor_s + YEARS_MAX * YEAR_S else max(clock_s, floor_s)


async def keep_clock(folder, floor, clock, log):
    """Keep the time every INTERVAL_S, and once more when cancelled.

    folder: of the node's state; floor: TimeFloor; clock: () -> s since 1970. What cannot be written is logged once.
    """
    path, has_complained = os.path.join(folder, FILE), False

    def now():
        return good_time(int(clock()), floor.floor)

    def keep(time_s, least_s):
        nonlocal has_complained
        try:
            if time_s is not None:
                write(path, time_s, least_s)
        except OSError as error:
            if not has_complained:
                has_complained = True
                log.warning("time not kept", why=error)

    try:
        while True:
            await trio.sleep(INTERVAL_S)
            # A worn card takes its time, and the node's loop has a beat to keep.
            await trio.to_thread.run_sync(keep, now(), 0)
    finally:
        keep(now(), STOP_MIN_S)


def write(path, time_s, least_s=0):
    """Keep a time durably, unless one less than ``least_s`` away is kept. Raises OSError."""
    is_new = not os.path.lexists(path)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    try:
        kept = os.fstat(fd)
        if not stat.S_ISREG(kept.st_mode) or (not is_new and abs(int(kept.st_mtime) - time_s) < least_s):
            return
        os.utime(fd, (time_s, time_s))
        os.fsync(fd)
    finally:
        os.close(fd)
    if is_new:
        folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
