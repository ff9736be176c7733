"""A network of DHT nodes without packets: who knows whom, who is alive, and lookups run against it on a clock of their own."""

import heapq
import random
from collections import namedtuple

from leither_edge.dht.lookup import Lookup

K = 8
SEEDS = 20
SOFT_S = 0.3
HARD_S = 2.0

# closest: contacts found; messages: requests and replies; seconds: simulated.
Run = namedtuple("Run", "lookup closest messages seconds")


def distance(contact, target):
    """XOR distance of a contact's id, or an id, to the target."""
    return int.from_bytes(contact[:20], "big") ^ int.from_bytes(target[:20], "big")


class Network:
    """Nodes with ids of chance, each alone in its /24, each with a table filled as one that has run for a while.

    Args: size (nodes), seed, table_max (contacts a node keeps).
    """

    def __init__(self, size, seed, table_max=512):
        self.size = size
        self.random = random.Random(seed)
        self._prefixes = set()
        self.dead = set()
        # contact -> function of the target that gives the contacts it names instead of its own.
        self.liars = {}
        self.contacts = [self.new_contact() for _ in range(size)]
        self._table_max = table_max
        self.known = {}
        self.fill_tables()

    def new_contact(self, node_id=None):
        """A contact with an address of its own network, and the given id or one of chance."""
        while True:
            prefix = bytes((self.random.choice((5, 31, 62, 80, 91, 109)), self.random.randrange(256), self.random.randrange(256)))
            if prefix not in self._prefixes:
                self._prefixes.add(prefix)
                return (node_id or self.random.randbytes(20)) + prefix + bytes((self.random.randrange(1, 255),)) + b"\x1a\xe1"

    def fill_tables(self):
        """Give everybody a table anew."""
        self.known = {contact: self._table(contact, self._table_max) for contact in self.contacts}

    def _table(self, own, table_max):
        """Ranges of equal size and, nearer to the own id, buckets by shared bits: k in each, half of them liars at first."""
        wide = max(table_max // (2 * K), 1).bit_length() - 1
        buckets = {}
        honest = self.random.sample(self.contacts, len(self.contacts))
        liars = self.random.sample(list(self.liars), len(self.liars))
        for contacts, most in ((liars, K // 2), (honest, K), (liars, K)):
            for contact in contacts:
                apart = distance(contact, own)
                bucket = buckets.setdefault(apart >> 160 - wide or -apart.bit_length(), [])
                if apart and len(bucket) < most and contact not in bucket:
                    bucket.append(contact)
        return [contact for bucket in buckets.values() for contact in bucket]

    def named(self, contact, target, count=K):
        """The contacts that a node names for a target."""
        if contact in self.liars:
            return self.liars[contact](target)
        return sorted(self.known[contact], key=lambda each: distance(each, target))[:count]

    def kill(self, share):
        """A share of the nodes falls silent; nobody has noticed yet."""
        self.dead.update(self.random.sample(self.contacts, int(len(self.contacts) * share)))

    def alive(self):
        return [contact for contact in self.contacts if contact not in self.dead]

    def true_closest(self, target, count=K):
        """The nearest nodes that live, which a perfect search finds."""
        return sorted((each for each in self.alive() if each not in self.liars), key=lambda each: distance(each, target))[:count]

    def add_crowd(self, target, count, within):
        """Liars whose ids lie within a distance of the target, each in a /24 of its own, who name one another only."""
        near = int.from_bytes(target, "big")
        crowd = [self.new_contact((near ^ self.random.randrange(within)).to_bytes(20, "big")) for _ in range(count)]
        for contact in crowd:
            self.liars[contact] = lambda place: sorted(crowd, key=lambda each: distance(each, place))[:20]
        self.fill_tables()

    def look_up(self, own, target, **options):
        """Run one Lookup of the node ``own`` to its end."""
        return self.run(Lookup(target, own[:20], self.named(own, target, SEEDS), family=4, **options))

    def run(self, lookup, now=0.0):
        """Ask whom the lookup wants asked until it is done."""
        events = []
        messages = 0
        number = 0

        def ask(contact, place):
            nonlocal messages, number
            messages += 1
            number += 1
            heapq.heappush(events, (now + SOFT_S, number, "slow", contact, place))
            heapq.heappush(events, (now + HARD_S, number, "failed", contact, place))
            if contact in self.liars or (contact in self.known and contact not in self.dead):
                messages += 1
                heapq.heappush(events, (now + self.random.uniform(0.01, 0.2), number, "answered", contact, place))

        while True:
            for contact in lookup.to_ask(now):
                ask(contact, None)
            for contact, place in lookup.to_ask_beside(now):
                ask(contact, place)
            if lookup.is_done:
                return Run(lookup, lookup.closest(), messages, now)
            now, _, kind, contact, place = heapq.heappop(events)
            if place is not None:
                if kind == "slow":
                    lookup.slow_beside(contact, place, now)
                else:
                    lookup.heard_beside(contact, place, self.named(contact, place) if kind == "answered" else [], now)
            elif kind == "answered":
                lookup.answered(contact, contact[:20], self.named(contact, lookup.target), now)
            elif kind == "slow":
                lookup.slow(contact, now)
            else:
                lookup.failed(contact, "silent", now)
