"""How loaded this node is, and who is sent to others.

A node that gives to everybody gives to nobody: below some rate a reader is better off elsewhere, and so are all others. So a new reader is
taken while there is room, or while his share of what this node can give is worth having; else he gets the names of nodes that have the
same. Friends come first: they are taken when strangers are no more.
"""

import time
from collections import namedtuple

# How long what is measured goes back, and how often a figure is taken.
SAMPLE_S, OLD_S = 2.0, 20.0
# Of the line, of a processor: what is as good as all of it.
FULL_SHARE = 0.85
# What a reader's share must be worth where the node is full.
FAIR_BYTES_PER_S, FRIEND_BYTES_PER_S = 64 << 10, 16 << 10
# Of the places for readers, these are kept for friends.
FRIENDS_SHARE = 4
PROVIDERS_MAX = 8

# line, processor: shares from 0 to 1 (the processor's may be more with several); readers; bytes_per_s: given to all of them together.
Figures = namedtuple("Figures", ("line", "processor", "readers", "bytes_per_s"))


class Meter:
    """Turns counts that only rise into figures per second. Pure: counts and time (s) are passed in."""

    __slots__ = ("_counts", "_at", "rates")

    def __init__(self, counts, now):
        self._counts, self._at = counts, now
        self.rates = (0.0,) * len(counts)

    def look(self, counts, now):
        """Take the counts as they are; figures change every two seconds at most."""
        past = now - self._at
        if past < SAMPLE_S:
            return
        fresh = [(new - old) / past for new, old in zip(counts, self._counts, strict=True)]
        kept = max(0.0, 1 - past / (2 * SAMPLE_S)) if any(self.rates) else 0.0
        self.rates = tuple(before * kept + one * (1 - kept) for before, one in zip(self.rates, fresh, strict=True))
        self._counts, self._at = counts, now

    def age(self, now):
        """How long ago figures were taken."""
        return now - self._at


class Load:
    """Of one node; for the trio thread.

    Args: readers_max (streams that are served at a time), up (peer.bandwidth.Gate of the line, or None), providers (function of a mid:
    public keys of nodes that have it, or None), clock (-> s), processor (-> s of this process' work so far), cores.
    """

    __slots__ = ("_readers_max", "_up", "_providers", "_clock", "_processor", "_cores", "_meter", "_given", "_readers")

    def __init__(self, readers_max, up=None, providers=None, *, clock=time.monotonic, processor=time.process_time, cores=None):
        if cores is None:
            import os

            cores = os.cpu_count() or 1
        self._readers_max, self._up, self._providers = readers_max, up, providers
        self._clock, self._processor, self._cores = clock, processor, cores
        self._given, self._readers = 0, 0
        self._meter = Meter(self._counts(), clock())

    def begin(self):
        """A reader is served from now on; end() when he is not any more."""
        self._readers += 1
        if self._readers == 1:
            # Figures of idle times say nothing.
            self._meter = Meter(self._counts(), self._clock())

    def end(self):
        """See begin."""
        self._readers -= 1

    def given(self, count):
        """So many bytes went to a reader."""
        self._given += count
        self._meter.look(self._counts(), self._clock())

    def figures(self):
        """The Figures of now."""
        given, moved, worked = self._meter.rates
        if not self._readers or self._meter.age(self._clock()) > OLD_S:
            given = moved = worked = 0.0
        most = None if self._up is None else self._up.bucket.bytes_per_s
        return Figures(moved / most if most else 0.0, worked / self._cores, self._readers, int(given))

    def welcomes(self, peer):
        """Whether one more reader is served; else others() says who may. Args: peer (Remote)."""
        figures = self.figures()
        places = self._readers_max if peer.is_friend else self._readers_max - self._readers_max // FRIENDS_SHARE
        if figures.readers >= places:
            return False
        if not figures.readers or figures.line < FULL_SHARE and figures.processor < FULL_SHARE:
            return True
        return figures.bytes_per_s / (figures.readers + 1) >= (FRIEND_BYTES_PER_S if peer.is_friend else FAIR_BYTES_PER_S)

    def others(self, peer, mids=()):
        """{"providers": [public key]}: who else has what a peer is after, as far as this node may tell it; reads, so for a worker thread.

        Args: mids ([20 bytes]: what it is after, as far as it says).
        """
        found = {}
        if self._providers is not None:
            for mid in mids:
                found.update(dict.fromkeys(self._providers(peer, mid)))
        return {"providers": [key for key in found if key != peer.public_key][:PROVIDERS_MAX]}

    def _counts(self):
        return self._given, 0 if self._up is None else self._up.moved, self._processor()
