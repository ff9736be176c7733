"""How long to wait for an answer: measured round trips, one estimate for the network and one figure for each contact known.

Source: RFC 6298 (smoothed round trip and its deviation), with bounds of our own. No back-off: a silent node says nothing about the
path to the next one, and a slow path is learned from the answers that still come before the hard time-out.
"""

import binascii

# Seconds after which a query is given up.
HARD_S = 2.0
# What an unknown contact gets before anything was measured.
_FIRST_S = 0.5
# A slow board that first proves our address needs some 100 ms on the shortest path.
_SOFT_MIN_S = 0.15
_SOFT_MAX_S = 1.0
# A laptop may be in another network by then.
_STALE_S = 600.0
_SLOTS = 256
_SLOT_BYTES = 4


class RoundTrip:
    """Measured round trips of one socket. Times are seconds.

    Args: seed (int, kept from others, so that nobody can choose addresses that share a slot).
    """

    __slots__ = ("_deviation", "_measured", "_seed", "_slots", "smoothed_s")

    hard_s = HARD_S

    def __init__(self, seed=0):
        self.smoothed_s = None
        self._deviation = 0.0
        self._measured = 0.0
        self._seed = seed & 0xFFFFFFFF
        # Each slot: 16 bits of the address' hash, 16 bits of milliseconds; 0 milliseconds: empty.
        self._slots = bytearray(_SLOTS * _SLOT_BYTES)

    def measured(self, seconds, now, address=None):
        """Take in a round trip, a late one too; ``address`` (packed) where its own figure is to be kept."""
        seconds = min(max(seconds, 0.0), HARD_S)
        if self.smoothed_s is None or now - self._measured > _STALE_S:
            self.smoothed_s = seconds
            self._deviation = seconds / 2
        else:
            self._deviation += (abs(self.smoothed_s - seconds) - self._deviation) / 4
            self.smoothed_s += (seconds - self.smoothed_s) / 8
        self._measured = now
        if address is not None:
            self._keep(address, seconds)

    @property
    def soft_s(self):
        """Seconds after which somebody else is asked instead; an answer that comes later still counts."""
        if self.smoothed_s is None:
            return _FIRST_S
        return min(max(self.smoothed_s + 4 * self._deviation, _SOFT_MIN_S), _SOFT_MAX_S)

    def soft_for(self, address):
        """As ``soft_s``, for one contact (packed address), by its own round trips where they are known."""
        known = self.of(address)
        # What RFC 6298 gives after one measurement: the round trip and four times half of it.
        return self.soft_s if known is None else min(max(3 * known, _SOFT_MIN_S), _SOFT_MAX_S)

    def of(self, address):
        """The round trip to ``address`` in seconds, None if not known."""
        at, tag = self._place(address)
        ms = self._known_ms(at, tag)
        return ms / 1000 if ms else None

    def _keep(self, address, seconds):
        at, tag = self._place(address)
        before = self._known_ms(at, tag)
        ms = max(round(seconds * 1000), 1)
        if before:
            ms = (7 * before + ms + 4) // 8
        self._slots[at : at + _SLOT_BYTES] = tag + ms.to_bytes(2, "big")

    def _place(self, address):
        mixed = binascii.crc32(address, self._seed)
        return mixed % _SLOTS * _SLOT_BYTES, (mixed >> 16).to_bytes(2, "big")

    def _known_ms(self, at, tag):
        slot = self._slots[at : at + _SLOT_BYTES]
        return int.from_bytes(slot[2:], "big") if slot[:2] == tag else 0
