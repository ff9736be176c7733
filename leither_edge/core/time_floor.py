"""Time on a device without a clock chip.

The floor is the newest moment that is known to have passed: the build's, a saved one, or the time of an accepted command.
The clock may be wrong in both directions, so what expires is judged by the floor alone, and the clock never moves it. A clock
that is behind the floor by more than controllers' clocks may differ is known to be wrong.
"""

DAY_S = 86400
YEAR_S = 365 * DAY_S
# How far ahead of a plausible clock a signed time may lie: controllers' clocks are not exact either.
FUTURE_WITH_CLOCK_S = DAY_S
# And ahead of the floor where the clock is known to be wrong: a device may have lain in a drawer for years.
FUTURE_WITHOUT_CLOCK_S = 10 * YEAR_S


class Untimely(ValueError):
    """A signed time is past its end or lies in the future.

    Args: code ("expired" or "future"), sentence (for people).
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


class TimeFloor:
    """The newest moment known to have passed, in Unix seconds; it only ever rises.

    Args: build_time (s), saved (s; the floor of the last run, or 0), has_clock (False where the clock was only set to a floor at the
    start, so that it looks right and may be years behind).
    """

    def __init__(self, build_time, saved=0, has_clock=True):
        self.floor = max(build_time, saved)
        self.has_clock = has_clock

    def observe(self, signed_time):
        """Raises the floor to an accepted signed time (s); True if that moved it."""
        if signed_time <= self.floor:
            return False
        self.floor = signed_time
        return True

    def now(self, clock_s):
        """The best guess of the time (s): a clock behind the floor is known to be wrong."""
        return max(clock_s, self.floor)

    def is_plausible(self, clock_s):
        """Whether the clock (s) may be right: not further behind the floor than a controller's clock may run ahead."""
        return clock_s + FUTURE_WITH_CLOCK_S >= self.floor

    def proven(self, issued, clock_s, by_owner):
        """The time (s) up to which an accepted command moves the floor.

        Without a clock to hold it against, only an owner's word moves it: a guest's far date would end every pass for good.
        """
        return issued if by_owner or self._may_judge(clock_s) else min(issued, self.floor)

    def check(self, issued, expires, clock_s):
        """Judges a signed period.

        Args: issued (s), expires (s, or None for no end), clock_s (s, what the clock says).
        Raises Untimely: expired, future.
        """
        if expires is not None and expires <= self.floor:
            raise Untimely("expired", "it expired before a moment that has certainly passed")
        if self._may_judge(clock_s):
            latest = clock_s + FUTURE_WITH_CLOCK_S
        else:
            latest = self.floor + FUTURE_WITHOUT_CLOCK_S
        if issued > latest:
            raise Untimely("future", "it is dated too far in the future; check the clocks of this device and of the controller")

    def _may_judge(self, clock_s):
        return self.has_clock and self.is_plausible(clock_s)
