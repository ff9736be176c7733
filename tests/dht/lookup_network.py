"""A network of DHT nodes without packets: who knows whom, who is alive, and lookups run against it on a clock of their own."""

import heapq
import random
from collections import namedtuple

from leither_edge.dht.lookup import Lookup

K = 8
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
        self.random = random.Random(seed)
        self._prefixes = set()
        self.contacts = [self.new_contact() for _ in range(size)]
        self.known = {contact: self._table(contact, table_max) for contact in self.contacts}
        self.dead = set()
        # contact -> function of the target that gives the contacts it names instead of its own.
        self.liars = {}

    def new_contact(self, node_id=None):
        """A contact with an address of its own network, and the given id or one of chance."""
        while True:
            prefix = bytes((self.random.choice((5, 31, 62, 80, 91, 109)), self.random.randrange(256), self.random.randrange(256)))
            if prefix not in self._prefixes:
                self._prefixes.add(prefix)
                return (node_id or self.random.randbytes(20)) + prefix + bytes((self.random.randrange(1, 255),)) + b"\x1a\xe1"

    def _table(self, own, table_max):
        by_bucket = {}
        others = self.random.sample(self.contacts, len(self.contacts))
        for contact in others:
            if contact is not own:
                by_bucket.setdefault(160 - distance(contact, own).bit_length(), []).append(contact)
        kept = []
        for bucket, contacts in by_bucket.items():
            kept += contacts[: min(max(16 * K >> bucket, K), table_max)]
        return kept[-table_max:]

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

    def look_up(self, own, target, seeds=None, **options):
        """Run one Lookup of the node ``own`` to its end."""
        seeds = self.named(own, target, 24) if seeds is None else seeds
        return self.run(Lookup(target, own[:20], seeds, family=4, **options))

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
            if lookup.is_done:
                beside = lookup.to_ask_beside(now)
                for contact, place in beside:
                    ask(contact, place)
                if not beside:
                    return Run(lookup, lookup.closest(), messages, now)
            now, _, kind, contact, place = heapq.heappop(events)
            if place is not None:
                if kind != "slow":
                    lookup.heard_beside(contact, place, self.named(contact, place) if kind == "answered" else [], now)
            elif kind == "answered":
                lookup.answered(contact, contact[:20], self.named(contact, lookup.target), now)
            elif kind == "slow":
                lookup.slow(contact, now)
            else:
                lookup.failed(contact, "silent", now)
