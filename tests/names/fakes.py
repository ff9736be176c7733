"""What tests of names stand on: keys, records in a line, and a DHT that is a dictionary."""

import trio

from leither_edge.crypto.key_pair import KeyPair
from leither_edge.dht.report import Found, Report
from leither_edge.names import dns_name, dns_records, packet
from leither_edge.names.dns_records import Record

TYPES = {"A": dns_records.A, "AAAA": dns_records.AAAA, "TXT": dns_records.TXT, "CNAME": dns_records.CNAME}
MICRO = 1_000_000


def key_pair(number=1):
    return KeyPair(bytes([number]) * 32)


def under(key, labels=""):
    """The wire name of dotted labels under a key."""
    return dns_name.join(*[label.encode() for label in labels.split(".") if label], packet.origin(key)[1:-1])


def record(key, labels, type_, data, ttl=300):
    return Record(under(key, labels), TYPES[type_], dns_records.IN, ttl, data)


def signed(pair, records, sequence=1_000 * MICRO):
    return packet.make(pair.public_key, records, sequence, pair.sign)


def report(answered=8, stored=0):
    return Report(bytes(20), 8, answered, stored, 0, 8 - answered, 1, 16, 1000, 0.1, ())


class FakeDht:
    """Keeps items by key. delay_s: before each answer; failure: an error to raise; answered: nodes that answered."""

    def __init__(self, *items):
        self.items = {item.key: item for item in items}
        self.asked = []
        self.kept = []
        self.delay_s = 0
        self.failure = None
        self.answered = 8

    async def get_mutable(self, key, salt=b"", newer_than=None, progress=None):
        self.asked.append(key)
        await trio.sleep(self.delay_s)
        if self.failure is not None:
            raise self.failure
        return Found(self.items.get(key), report(self.answered))

    async def put_mutable(self, item, cas=None, progress=None):
        if self.failure is not None:
            raise self.failure
        self.items[item.key] = item
        return report(stored=8)

    async def keep(self, item):
        self.kept.append(item)
