"""What was learned of names, for as long as it holds: packets by their records' time to live, and that there is none for a minute.

The highest sequence number seen of a key rises only, so an older packet that somebody replays is not believed while the newer one is known.
A packet is kept as bytes: as records it would take ten times the room. Source of the times: RFC 8767 (stale), 2308 and 9520 (negative).
"""

from leither_edge.names import packet

# Authors may ask for seconds, and get a minute: each look-up asks dozens of nodes.
FRESH_MIN_S = 60
FRESH_MAX_S = 86_400
EMPTY_TTL_S = 300
ABSENT_S = 60
# What failed is tried again soon, yet not by everyone at once.
FAILED_S = 5
STALE_MAX_S = 3 * 86_400
STALE_TTL_S = 30
PACKETS_MAX = 64


class Entry:
    """What is known of one key; times are seconds of the caller's clock.

    item: Item, or None where none was found; is_known: whether a look-up has ended well at all; learned: when; fresh_until: how long it is
    served without asking; retry_at: when the network may be asked again.
    """

    __slots__ = ("fresh_until", "is_known", "item", "learned", "retry_at")

    def __init__(self, item, is_known, learned, life_s):
        self.item = item
        self.is_known = is_known
        self.learned = learned
        self.fresh_until = self.retry_at = learned + life_s

    def may_ask(self, now):
        """Whether it is time to look the key up again."""
        return now >= self.retry_at

    def is_fresh(self, now):
        """Whether it holds without doubt."""
        return self.is_known and now < self.fresh_until

    def records(self, now):
        """The records with the time to live that is left of each, STALE_TTL_S of stale ones; none of an absent packet."""
        if self.item is None:
            return []
        records = packet.read(self.item).records
        if not self.is_fresh(now):
            return [record._replace(ttl=min(record.ttl, STALE_TTL_S)) for record in records]
        age = int(now - self.learned)
        return [record._replace(ttl=max(min(record.ttl, FRESH_MAX_S) - age, 1)) for record in records]


class Cache:
    """Entries by key, at most ``packets_max``; the one used longest ago gives way."""

    __slots__ = ("_entries", "_packets_max")

    def __init__(self, packets_max=PACKETS_MAX):
        self._entries = {}
        self._packets_max = packets_max

    def __len__(self):
        return len(self._entries)

    def get(self, key, now):
        """The Entry of a key, fresh or stale, or None."""
        entry = self._entries.pop(key, None)
        if entry is None or now >= (entry.retry_at if entry.item is None else entry.fresh_until + STALE_MAX_S):
            return None
        # Used last, so it stands last.
        self._entries[key] = entry
        return entry

    def learned(self, key, item, now):
        """Keep what a look-up has found (an Item, or None); the Entry that now holds: the old one if that knows better.

        Raises PacketError, and then keeps nothing new.
        """
        old = self._entries.get(key)
        if old is not None and old.item is not None:
            if item is None:
                # Nodes forget within two hours: what was there is worth more than their silence, yet no longer fresh.
                return self._stale(old, now, ABSENT_S)
            if packet.is_newer(old.item, item):
                item = old.item
        return self._put(key, Entry(item, True, now, _life(item)))

    def failed(self, key, now):
        """Note that a key cannot be looked up now; the Entry that holds: what was known before, stale, or one that knows nothing."""
        old = self._entries.get(key)
        if old is not None and old.is_known and old.item is not None:
            return self._stale(old, now, FAILED_S)
        return self._put(key, Entry(None, False, now, FAILED_S))

    def forget(self, key):
        """Drop what is known of a key."""
        self._entries.pop(key, None)

    def _stale(self, entry, now, pause_s):
        entry.fresh_until = min(entry.fresh_until, now)
        entry.retry_at = now + pause_s
        return entry

    def _put(self, key, entry):
        self._entries.pop(key, None)
        while len(self._entries) >= self._packets_max:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = entry
        return entry


def _life(item):
    """How long what was found is fresh (s). Raises PacketError."""
    if item is None:
        return ABSENT_S
    least = min([record.ttl for record in packet.read(item).records], default=EMPTY_TTL_S)
    return min(max(least, FRESH_MIN_S), FRESH_MAX_S)
