"""A large network of DHT nodes that come and go, on a clock of its own: the real tables, searches and stores, called directly.

What is made up: ids and lives are chance, there are no packets and no time between question and answer. A node's maintenance is worked
off when it is next asked, with what its pings and refreshes would have told it up to some moment of the last 15 minutes: by then the
dead are out of its table, others of their ranges have taken their places, and newcomers near its id are in.
"""

import heapq
import math
import random
from bisect import bisect_left, insort
from collections import deque

from leither_edge.dht import neighbourhood
from leither_edge.dht.item_store import ItemStore
from leither_edge.dht.lookup import Lookup
from leither_edge.dht.routing_table import FAILURES_REMOVED, RoutingTable

K = 8
DAY = 86400.0
CONTACTS_MAX = 160
SEEDS = 20
CHECK_S = 900.0
RTT_MS = 50
# Neighbours by id that a node hears of when they join, since they look for themselves.
NEAR = 12
_PATHS = 2
_ID_BITS = 160
_WIDE = 3


class Node:
    """One node. contact; until: when it leaves, seconds; table, store: made when first needed."""

    __slots__ = ("address", "checked", "contact", "id", "joined", "number", "store", "table", "until")

    def __init__(self, contact, joined, until):
        self.contact = contact
        self.id = contact[:20]
        self.address = contact[20:]
        self.number = int.from_bytes(self.id, "big")
        self.joined = joined
        self.until = until
        self.checked = joined
        self.table = None
        self.store = None


class ChurningNetwork:
    """``size`` nodes, each replaced when it leaves; ``replaced_daily``: the share that is gone after a day."""

    def __init__(self, size, seed, replaced_daily=0.5):
        self.random = random.Random(seed)
        self.now = 0.0
        self.size = size
        self.messages = 0
        self._rate = -math.log(1 - replaced_daily) / DAY
        self._radius = neighbourhood.radius(size)
        self.live = {}
        self._sorted = []
        self._leaving = []
        # (contact, when), of the last minutes: whom nobody has missed yet.
        self._gone = {}
        self._gone_order = deque()
        for _ in range(size):
            self._join()

    def _new_contact(self):
        return self.random.randbytes(20) + bytes((self.random.randrange(11, 100),)) + self.random.randbytes(3) + b"\x1a\xe1"

    def _join(self):
        node = Node(self._new_contact(), self.now, self.now + self.random.expovariate(self._rate))
        self.live[node.contact] = node
        insort(self._sorted, (node.number, node.contact))
        heapq.heappush(self._leaving, (node.until, node.contact))

    def stranger(self):
        """A node that stays for good and answers nobody: an author, a reader."""
        return Node(self._new_contact(), self.now, math.inf)

    def any_node(self):
        """One of those there are now."""
        return self.live[self._sorted[self.random.randrange(len(self._sorted))][1]]

    def go_to(self, moment):
        """Let nodes leave and others join until ``moment`` (seconds)."""
        while self._leaving[0][0] <= moment:
            self.now, contact = heapq.heappop(self._leaving)
            node = self.live.pop(contact)
            del self._sorted[bisect_left(self._sorted, (node.number, contact))]
            self._gone[contact] = self.now
            self._gone_order.append(contact)
            self._join()
        self.now = moment
        while self._gone_order and self._gone[self._gone_order[0]] < moment - 2 * CHECK_S:
            del self._gone[self._gone_order.popleft()]

    # Tables

    def table_of(self, node):
        """The node's table as its maintenance has left it by now."""
        if node.table is None:
            node.table = RoutingTable(node.id, 4, CONTACTS_MAX)
            self._fill(node)
            node.checked = self.now
        elif self.now - node.checked > CHECK_S:
            moment = self.now - self.random.random() * CHECK_S
            self._check(node, moment)
            node.checked = moment
        return node.table

    def _fill(self, node):
        for top in range(1 << _WIDE):
            if top != node.number >> _ID_BITS - _WIDE:
                self._fill_from(node, top << _ID_BITS - _WIDE, _WIDE, K)
        for bits in range(_WIDE, _ID_BITS):
            sibling = (node.number >> _ID_BITS - 1 - bits ^ 1) << _ID_BITS - 1 - bits
            self._fill_from(node, sibling, bits + 1, K)
            own = node.number >> _ID_BITS - 1 - bits << _ID_BITS - 1 - bits
            if self._between(own, bits + 1)[1] - self._between(own, bits + 1)[0] <= 1:
                break

    def _between(self, lowest, bits):
        """The places in the sorted list of the nodes whose ids share ``bits`` bits with ``lowest``."""
        return bisect_left(self._sorted, (lowest,)), bisect_left(self._sorted, (lowest + (1 << _ID_BITS - bits),))

    def _fill_from(self, node, lowest, bits, count):
        begin, end = self._between(lowest, bits)
        for place in self.random.sample(range(begin, end), min(count, end - begin)):
            node.table.heard(self._sorted[place][1], self.now, RTT_MS)

    def _check(self, node, moment):
        table, live = node.table, self.live
        for contact in [contact for contact in table if contact not in live]:
            if self._gone.get(contact, 0.0) > moment:
                continue
            for _ in range(FAILURES_REMOVED):
                table.failed(contact[20:], moment)
            number = int.from_bytes(contact[:20], "big")
            bits = max(_WIDE, _ID_BITS + 1 - (number ^ node.number).bit_length())
            self._fill_from(node, number >> _ID_BITS - bits << _ID_BITS - bits, bits, 1)
        place = bisect_left(self._sorted, (node.number,))
        for _, contact in self._sorted[max(place - NEAR, 0) : place + NEAR]:
            if self.live[contact].joined > node.checked:
                table.heard(contact, moment, RTT_MS)

    # Searches

    def look_up(self, node, target, take=None):
        """Run a Lookup from ``node``; ``take``: (Node) -> True to end it there. Returns the contacts found and how many were asked."""
        seeds = self.table_of(node).closest(target, SEEDS)
        lookup = Lookup(target, node.id, seeds, family=4, paths=1 if take else _PATHS, expected_radius=self._radius)
        while not lookup.is_done:
            asked = lookup.to_ask(self.now)
            for contact in asked:
                other = self.live.get(contact)
                if other is None:
                    lookup.slow(contact, self.now)
                    lookup.failed(contact, "silent", self.now)
                    continue
                self.messages += 1
                if take is not None and take(other):
                    lookup.stop()
                lookup.answered(contact, other.id, self.table_of(other).closest(target, K), self.now)
            beside = lookup.to_ask_beside(self.now)
            for contact, place in beside:
                other = self.live.get(contact)
                nodes = [] if other is None else self.table_of(other).closest(place, K)
                lookup.heard_beside(contact, place, nodes, self.now)
            if not asked and not beside:
                break
        self.messages += lookup.asked_count
        return lookup.closest()

    def put(self, node, item, target):
        """Search as ``node`` and store at those found; returns at how many."""
        found = self.look_up(node, target)
        for contact in found:
            other = self.live[contact]
            if other.store is None:
                other.store = ItemStore(other.id, 1000, 1 << 20)
            other.store.expire(self.now)
            other.store.put(item, None, node.address, self.now)
        self.messages += 2 * len(found)
        return len(found)

    def get(self, node, target):
        """True if a search as ``node`` finds the item."""
        found = []

        def take(other):
            item = other.store.get(target, self.now) if other.store is not None else None
            if item is not None:
                found.append(item)
            return item is not None

        self.look_up(node, target, take)
        return bool(found)

    def replicas(self, target):
        """How many nodes have the item now."""
        return sum(node.store is not None and node.store.get(target, self.now) is not None for node in self.live.values())
