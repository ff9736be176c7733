"""What both address families of one node have in common: stores, tokens, limits, counters, randomness."""

import random

from leither_edge.crypto import sodium
from leither_edge.dht.item_store import ItemStore
from leither_edge.dht.peer_store import PeerStore
from leither_edge.dht.rate import Rate
from leither_edge.dht.token import Tokens
from leither_edge.dht.verified import Verified

KIB = 1024
# Addresses remembered as having answered, in both families.
VERIFIED_PLACES = 256


class Shared:
    """Made once a node.

    settings: Settings; own_id: 20 bytes, from which eviction measures distance; sequences: get and set of highest sequence numbers;
    counters: of the node; random_bytes: (count) -> bytes; now: seconds.
    """

    __slots__ = ("settings", "tables", "items", "peers", "tokens", "verify", "rate", "verified", "counters", "rand", "random_bytes")

    def __init__(self, settings, own_id, sequences, counters, random_bytes, now, verify=sodium.verify):
        self.settings = settings
        self.tables = {4: None, 6: None}
        self.items = ItemStore(own_id, settings.items_max, settings.items_max_kib * KIB, sequences)
        self.peers = PeerStore(settings.announced_max)
        self.tokens = Tokens(random_bytes, now)
        self.verify = verify
        self.rate = Rate(settings.requests_per_s, salt=random_bytes(8))
        self.verified = Verified(VERIFIED_PLACES, random_bytes(8))
        self.counters = counters
        self.random_bytes = random_bytes
        self.rand = random.Random(random_bytes(16))

    def drop(self, why):
        """Count a datagram that is not answered. why: short word."""
        self.counters.add("dht_dropped", why=why)
