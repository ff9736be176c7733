"""How far a long copy is: share, rate, time left."""

import contextlib
import time
from collections import deque

BAR_COLUMNS = 24
WINDOW_S = 8.0
SHOW_EVERY_S = 0.2


class Rate:
    """Bytes a second over the last seconds, and the time left.

    Args:
        total: bytes in all.
    """

    def __init__(self, total):
        self.total, self.done = total, 0
        self._seen = deque()

    def add(self, count, now):
        """Note that ``count`` bytes more are done at ``now`` (monotonic seconds)."""
        self.done += count
        self._seen.append((now, self.done))
        while len(self._seen) > 2 and now - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()

    @property
    def per_second(self):
        """Bytes a second, None before there is something to tell."""
        if len(self._seen) < 2:
            return None
        (begin, before), (end, after) = self._seen[0], self._seen[-1]
        return (after - before) / (end - begin) if end > begin else None

    @property
    def seconds_left(self):
        """Seconds until the end, None if that cannot be told."""
        return (self.total - self.done) / self.per_second if self.per_second else None

    def text(self):
        """One line for people."""
        share = min(1.0, self.done / self.total) if self.total else 1.0
        filled = int(share * BAR_COLUMNS)
        line = f"[{'█' * filled}{'·' * (BAR_COLUMNS - filled)}] {int(share * 100):3} %"
        if self.per_second:
            line += f"  {self.per_second / 1e6:.1f} MB/s"
            left = int(self.seconds_left + 0.99)
            line += f"  {left // 60}:{left % 60:02} left"
        return line


@contextlib.contextmanager
def measured(out, text, total):
    """Show a bar while the block runs, if somebody watches; yields ``advance(count)``, to be called with the bytes done.

    Args:
        out: Output.
        text: what is being done, without a full stop.
        total: bytes in all.
    """
    if out.as_json or not out.err.isatty():
        yield lambda count: None
        return
    rate, shown = Rate(total), [0.0]

    def advance(count):
        now = time.monotonic()
        rate.add(count, now)
        if now - shown[0] >= SHOW_EVERY_S:
            shown[0] = now
            out.err.write(f"\r\x1b[K{text}  {rate.text()}")
            out.err.flush()

    try:
        yield advance
    finally:
        out.err.write("\r\x1b[K")
        out.err.flush()
