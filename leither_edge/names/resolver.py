"""Finds the packet of a key: own ones first, then what is known, then the network, once for all who ask at the same time.

A stale packet is better than none: whoever asks waits a moment for a fresh one, and gets the stale one then, while the look-up goes on.
"""

import trio

from leither_edge.dht import DhtError
from leither_edge.names.cache import PACKETS_MAX, Cache, Entry
from leither_edge.names.errors import PacketError, ResolveError

LOOKUPS_MAX = 8
LOOKUP_MAX_S = 15.0
# A stub resolver asks again after five seconds; an answer must come before that.
PATIENCE_S = 4.0
# RFC 8767, 5: how long a client waits while something stale is at hand.
STALE_PATIENCE_S = 1.8
OWN_LIFE_S = 60


class Resolver:
    """Looks names up through a DHT node.

    dht: with ``get_mutable(key)``; nursery: runs the look-ups; counters: Counters; clock: () -> monotonic seconds;
    packets_max: of the cache; lookups_max: at once, more are refused.
    """

    __slots__ = ("_cache", "_clock", "_counters", "_dht", "_lookups_max", "_nursery", "_own", "_running")

    def __init__(self, dht, nursery, counters, *, clock=trio.current_time, packets_max=PACKETS_MAX, lookups_max=LOOKUPS_MAX):
        self._dht = dht
        self._nursery = nursery
        self._counters = counters
        self._clock = clock
        self._cache = Cache(packets_max)
        self._lookups_max = lookups_max
        self._own = {}
        self._running = {}

    @property
    def clock(self):
        """The clock by which entries count."""
        return self._clock

    def keep_own(self, item):
        """Answer for this node's own key from here on, whatever the network says."""
        self._own[item.key] = item

    async def resolve(self, key, patience_s=PATIENCE_S):
        """The Entry of a public key; its item is None where nothing is published under it.

        Raises ResolveError: busy, time-out (nothing known yet; a later try may find it), network.
        """
        now = self._clock()
        own = self._own.get(key)
        if own is not None:
            return Entry(own, True, now, OWN_LIFE_S)
        entry = self._cache.get(key, now)
        if entry is None or entry.may_ask(now):
            await self._asked(key, entry, patience_s)
            now = self._clock()
            entry = self._cache.get(key, now) or entry
            if entry is None:
                raise ResolveError("time-out", "The network has not answered in time. Try again in a moment.")
        if not entry.is_known:
            raise ResolveError("network", "The network could not be asked. Is this node connected to it?")
        self._counters.add("names_resolved", result="none" if entry.item is None else "fresh" if entry.is_fresh(now) else "stale")
        return entry

    async def _asked(self, key, entry, patience_s):
        """Wait for the look-up of a key, which is begun unless it is running."""
        done = self._running.get(key)
        if done is None:
            if len(self._running) >= self._lookups_max:
                self._counters.add("names_resolved", result="busy")
                if entry is not None and entry.item is not None:
                    return
                raise ResolveError("busy", "Too many names are being looked up. Try again in a moment.")
            done = self._running[key] = trio.Event()
            self._nursery.start_soon(self._look_up, key, done)
        has_stale = entry is not None and entry.item is not None
        with trio.move_on_after(min(STALE_PATIENCE_S, patience_s) if has_stale else patience_s):
            await done.wait()

    async def _look_up(self, key, done):
        try:
            with trio.move_on_after(LOOKUP_MAX_S) as limit:
                found = await self._dht.get_mutable(key)
            now = self._clock()
            if limit.cancelled_caught or (found.value is None and not found.report.answered):
                self._cache.failed(key, now)
            else:
                self._learned(key, found.value, now)
        except DhtError:
            self._cache.failed(key, self._clock())
        finally:
            del self._running[key]
            done.set()

    def _learned(self, key, item, now):
        try:
            self._cache.learned(key, item, now)
        except PacketError as error:
            # Signed by the key, yet no packet of records: something else is kept there.
            self._counters.add("names_unreadable", reason=error.code)
            self._cache.learned(key, None, now)
