"""Which hashes were seen in the last pulses, and in which pulse: of transactions against replay, of headers as anchors.

Eight bytes for each in memory: 48 bits of the hash and 16 of the pulse, sorted, in generations that are dropped whole. 108,000
ids (30 a second for an hour) take 0.9 MB. Two hashes may share their 48 bits, so who asks settles a hit by what is on disk; a miss is sure.
"""

from array import array
from bisect import bisect_left, insort

GENERATIONS = 16
_PULSE_BITS = 16
_PULSES = 1 << _PULSE_BITS


class Window:
    """Hashes of the last ``pulses`` pulses (below 2^15); somewhat older ones are kept until their generation is dropped."""

    def __init__(self, pulses):
        self._pulses = pulses
        self._span = -(-pulses // GENERATIONS)
        # [first pulse, sorted entries], newest last.
        self._generations = []

    def add(self, pulse, hashes):
        """Notes hashes as seen in a pulse; pulses rise from call to call."""
        if not self._generations or pulse >= self._generations[-1][0] + self._span:
            self._generations.append((pulse, array("Q")))
        self._drop(pulse)
        entries = self._generations[-1][1]
        for digest in hashes:
            insort(entries, _short(digest) | pulse % _PULSES)

    def pulses(self, digest, now):
        """Pulses, newest first, in which this hash or one with the same 48 bits was seen, none more than the window before now."""
        short = _short(digest)
        found = []
        for _, entries in reversed(self._generations):
            at = bisect_left(entries, short + _PULSES) - 1
            while at >= 0 and entries[at] >= short:
                age = (now - entries[at]) % _PULSES
                if age <= self._pulses:
                    found.append(now - age)
                at -= 1
        return found

    def stat(self):
        """(number of hashes, bytes they take)."""
        return sum(len(entries) for _, entries in self._generations), sum(entries.__sizeof__() for _, entries in self._generations)

    def _drop(self, now):
        while len(self._generations) > 1 and self._generations[1][0] + self._pulses < now:
            del self._generations[0]


def _short(digest):
    return int.from_bytes(digest[:6], "big") << _PULSE_BITS
