"""What a node remembers over a restart: its contacts, the highest sequence numbers, the items it publishes again.

A sequence number reaches the disk within a minute; what this node itself publishes is there before it goes out.
"""

from leither_edge.dht.item import Item
from leither_edge.storage import Table

# family -> id, dump of the routing table, and the network (8 bytes, none for the public one) in which they hold
CONTACTS = Table("dht_contacts", key="u64", value="cbor")
# target -> highest sequence number
SEQUENCES = Table("dht_sequences", key="bytes", value="u64")
# target -> [value, key or None, salt, seq, signature]
PUBLISHED = Table("dht_published", key="bytes", value="cbor")

TABLES = (CONTACTS, SEQUENCES, PUBLISHED)

PUBLISHED_MAX = 256
# New numbers wait in memory for the next write; more of them at once are written early.
WAITING_MAX = 512
# Where they cannot be written, since the disk is full or gone, the oldest are forgotten beyond that.
UNWRITTEN_MAX = 4096


class Sequences:
    """Highest sequence numbers by target. most: how many are remembered; store: Store, or None for memory alone."""

    __slots__ = ("_most", "_store", "_waiting")

    def __init__(self, most, store=None):
        self._most = most
        self._store = store
        self._waiting = {}

    def get(self, target):
        """The highest number seen for a target (20 bytes), or None."""
        seq = self._waiting.get(target)
        if seq is None and self._store is not None:
            with self._store.read() as tx:
                seq = tx.get(SEQUENCES, target)
        return seq

    def set(self, target, seq):
        """Note a number."""
        self._waiting.pop(target, None)
        self._waiting[target] = seq
        if len(self._waiting) > (self._most if self._store is None else UNWRITTEN_MAX):
            del self._waiting[next(iter(self._waiting))]

    @property
    def is_full(self):
        """Whether many wait to be written."""
        return self._store is not None and len(self._waiting) >= WAITING_MAX

    def take(self):
        """What waits to be written: {target: seq}."""
        return {} if self._store is None else dict(self._waiting)

    def write(self, tx, waiting, rand):
        """Write it, in the caller's transaction."""
        for target, seq in waiting.items():
            tx.put(SEQUENCES, target, seq)
        while tx.count(SEQUENCES) > self._most:
            # Any one may go: an attacker who fills the table cannot choose which.
            victim = next(iter(tx.keys(SEQUENCES, start=bytes(rand.randrange(256) for _ in range(20)))), None)
            if victim is None:
                victim = next(iter(tx.keys(SEQUENCES)))
            tx.delete(SEQUENCES, victim)

    def written(self, waiting):
        """Called once they are durable."""
        for target, seq in waiting.items():
            if self._waiting.get(target) == seq:
                del self._waiting[target]


def load_contacts(store, family, network):
    """(own id, dump of the table) of a family, or (None, b"") where that was in another network: nobody there is to hear of this one."""
    with store.read() as tx:
        row = tx.get(CONTACTS, family)
    if isinstance(row, list) and len(row) == 3 and row[2] == (network or b"") and all(isinstance(part, bytes) for part in row):
        return (row[0], row[1]) if len(row[0]) == 20 else (None, b"")
    return None, b""


def save_contacts(tx, family, network, own_id, dump):
    """Write a family's table, in the caller's transaction."""
    tx.put(CONTACTS, family, [own_id, dump, network or b""])


def load_published(store):
    """{target: Item} of what is published again."""
    with store.read() as tx:
        return {target: Item(*row) for target, row in tx.scan(PUBLISHED)}


def save_published(tx, target, kept):
    """Keep an item; None forgets it."""
    if kept is None:
        tx.delete(PUBLISHED, target)
    else:
        tx.put(PUBLISHED, target, list(kept))
