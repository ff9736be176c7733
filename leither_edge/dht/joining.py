"""How a node enters a network and keeps its table: pings, searches for nothing but contacts."""

from leither_edge.dht.operations import Search

JOIN_WAIT_S = 1.5
JOIN_SEARCHES = 3


class Check:
    """A ping whose only effect is on the table."""

    __slots__ = ("_engine",)

    def __init__(self, engine):
        self._engine = engine

    def answered(self, pending, message, now):
        """The engine has told the table."""

    def refused(self, pending, message, now):
        """An error is a sign of life, too, but of nobody who should be in the table."""

    def slow(self, pending, now):
        """Waits on."""

    def failed(self, pending, reason, now):
        """The engine has told the table."""


class Refresh(Search):
    """A search that only fills the table."""

    def __init__(self, engine, target, on_done=lambda search: None, seeds=()):
        super().__init__(engine, b"find_node", target, {b"target": target}, on_done, seeds=seeds)


class Join:
    """Entering the network: all entrances are heard before anybody's word is followed, then the node looks for itself by each of them.

    One search by all of them together would follow whoever names the nearest nodes, true or not.

    addresses: of entrances, packed; on_done: (number of contacts).
    """

    def __init__(self, engine, addresses, on_done):
        self.engine = engine
        self._addresses = addresses
        self._on_done = on_done
        self._open = set()
        self._told = []
        self._searches = 0
        self._is_searching = False

    def begin(self, now):
        """Ask every entrance for its nearest."""
        arguments = {b"target": self.engine.own_id}
        for address in self._addresses:
            if self.engine.ask(address, None, b"find_node", arguments, self, now, soft_s=JOIN_WAIT_S, hard_s=JOIN_WAIT_S, pad=True):
                self._open.add(address)
        self._go_on(now)

    def answered(self, pending, message, now):
        """An entrance's answer."""
        self._told.append([message.body[b"id"] + pending.address, *self.engine.nodes_in(message.body)])
        self._settled(pending, now)

    def refused(self, pending, message, now):
        """An entrance that will not have us."""
        self._settled(pending, now)

    def slow(self, pending, now):
        """Waits on."""

    def failed(self, pending, reason, now):
        """An entrance that is not there."""
        self._settled(pending, now)

    def _settled(self, pending, now):
        self._open.discard(pending.address)
        self._go_on(now)

    def _go_on(self, now):
        if not self._open and not self._is_searching:
            self._is_searching = True
            self._searches = min(max(len(self._told), 1), JOIN_SEARCHES)
            for first in range(self._searches):
                seeds = [contact for told in self._told[first::JOIN_SEARCHES] for contact in told]
                self.engine.run(Refresh(self.engine, self.engine.own_id, lambda search: self._end(), seeds), now)

    def _end(self):
        self._searches -= 1
        if not self._searches:
            self._on_done(len(self.engine.table))
