"""Keys whose changes are counted, for WATCH: in memory, and no more of them than the limits allow."""

from .layout import PREFIX_BYTES, key_rest


class Watched:
    """What Database knows of watched keys; a base of it, with `watched` ({row key of a header: version}) and `_watch_floor`."""

    __slots__ = ()

    def watch_version(self, key):
        """Return a number that is another one once the key was changed; one that has ended counts when it is cleared away."""
        watched = self.watched
        rest = key_rest(key)[0]
        version = watched.get(rest)
        if version is None:
            if len(watched) >= self.limits.watched_max:
                watched.clear()
            self._watch_floor += 1
            version = watched[rest] = self._watch_floor
        return version

    def touch(self, row):
        """Count a change of a key, by its header's row key, if it is watched."""
        rest = row[PREFIX_BYTES:]
        if rest in self.watched:
            self._watch_floor += 1
            self.watched[rest] = self._watch_floor

    def touch_what_is_there(self):
        """Count a change of every key that there is."""
        for rest in list(self.watched):
            if self.get(self.heads + rest) is not None:
                self.touch(self.heads + rest)

    def touch_all(self):
        """Count a change of every key."""
        self._watch_floor += 1
        self.watched.clear()
