"""A question of a search for a place beside its target: what came of it goes to the search (see Lookup.to_ask_beside)."""


class Beside:
    """One question on its way. Args: search (Search), place (20 bytes, what is asked for)."""

    __slots__ = ("_place", "_search")

    def __init__(self, search, place):
        self._search = search
        self._place = place

    def answered(self, pending, message, now):
        """The contacts there."""
        self._search.told_beside(pending, self._place, self._search.engine.nodes_in(message.body), now)

    def refused(self, pending, message, now):
        """None."""
        self._search.told_beside(pending, self._place, (), now)

    def slow(self, pending, now):
        """Somebody else is asked meanwhile."""
        self._search.slow_beside(pending, self._place, now)

    def failed(self, pending, reason, now):
        """None."""
        self._search.told_beside(pending, self._place, (), now)
