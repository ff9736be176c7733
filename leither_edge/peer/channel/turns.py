"""Whose turn it is to send: the most urgent first, those of one urgency in turn.

Strict order alone would let a busy ledger starve everything else. So who was passed over for long gets one frame: a sixteenth of the line
goes to the less urgent.
"""

from collections import deque

from .frames import FRAME_MAX_BYTES, MORE
from .limits import PRIORITIES

PASSED_MAX_BYTES = 15 * FRAME_MAX_BYTES


class Turns:
    """Streams that have something to send."""

    __slots__ = ("_ready", "_passed", "count")

    def __init__(self):
        self._ready = tuple(deque() for _ in range(PRIORITIES))
        self._passed = [0] * PRIORITIES
        self.count = 0

    def add(self, half):
        """Something of this stream may go out."""
        if not half.is_ready and half.can_send:
            half.is_ready = True
            self._ready[half.priority].append(half)
            self.count += 1

    def remove(self, half):
        """Nothing of this stream goes out any more."""
        if half.is_ready:
            half.is_ready = False
            self._ready[half.priority].remove(half)
            self.count -= 1

    def next(self):
        """The stream whose turn it is; None: nobody has anything."""
        if not self.count:
            return None
        first = None
        for priority in range(PRIORITIES):
            line = self._ready[priority]
            if line:
                if first is None:
                    first = line[0]
                elif self._passed[priority] >= PASSED_MAX_BYTES:
                    return line[0]
        return first

    def served(self, half, flags, count):
        """This stream had its turn with so many bytes."""
        urgency = half.priority
        passed = self._passed
        passed[urgency] = 0
        for priority in range(urgency + 1, PRIORITIES):
            passed[priority] = passed[priority] + count if self._ready[priority] else 0
        line = self._ready[urgency]
        if not half.can_send:
            half.is_ready = False
            # It stands in front: next() gave it.
            line.popleft()
            self.count -= 1
        elif not flags & MORE and len(line) > 1:
            # A message goes out in one go, so that the peer holds few that are not whole.
            line.rotate(-1)
