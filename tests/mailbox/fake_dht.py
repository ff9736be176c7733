"""A DHT in memory: one network that several nodes share, with BEP 44's rule for sequence numbers and a price for each question."""

from leither_edge.crypto.sodium import verify
from leither_edge.dht import DhtError, Found, Report, Row
from leither_edge.dht import item as items

NODES = 8
SEARCH_MESSAGES, SEARCH_BYTES = 30, 6000
POLL_MESSAGES, POLL_BYTES = 2, 300


class FakeNetwork:
    """What all nodes together store. ``is_up``: whether questions reach it; ``puts``: items that were stored, in order."""

    def __init__(self):
        self.items = {}
        self.puts = []
        self.is_up = True

    def node(self):
        return FakeDht(self)


class FakeDht:
    """One node's face, as `leither_edge.dht.node` has it."""

    def __init__(self, network):
        self.network = network
        self.polls = 0
        self.searches = 0

    async def joined(self, timeout_s=10.0):
        return NODES if self.network.is_up else 0

    def stat(self):
        return {"contacts": NODES, "ipv4": {"bytes_in": 0, "bytes_out": 0}}

    async def get_immutable(self, target, progress=None):
        self._search()
        found = self.network.items.get(target)
        return Found(found and found.value, _report(target))

    async def put_immutable(self, value, progress=None):
        self._search()
        return self._store(items.Item(value), progress)

    async def get_mutable(self, key, salt=b"", *, newer_than=None, progress=None):
        self._search()
        return Found(self._newer(key, salt, newer_than), _report(items.mutable_target(key, salt)))

    async def poll_mutable(self, key, salt, newer_than):
        self._check()
        self.polls += 1
        target = items.mutable_target(key, salt)
        report = _report(target)._replace(messages=POLL_MESSAGES, bytes=POLL_BYTES)
        return Found(self._newer(key, salt, newer_than), report)

    async def put_mutable(self, signed, cas=None, progress=None):
        self._search()
        assert items.is_good(signed, verify)
        known = self.network.items.get(items.target_of(signed))
        if known is not None and (known.seq > signed.seq or (known.seq == signed.seq and known.value != signed.value)):
            report = _report(items.target_of(signed), "refused", 302)
            raise DhtError("refused-302", "No node stored it.", report)
        return self._store(signed, progress)

    def _store(self, item, progress):
        target = items.target_of(item)
        self.network.items[target] = item
        self.network.puts.append(item)
        if progress is not None:
            progress(12, 12, NODES)
        return _report(target, "stored")

    def _newer(self, key, salt, newer_than):
        found = self.network.items.get(items.mutable_target(key, salt))
        return found if found is not None and (newer_than is None or found.seq > newer_than) else None

    def _search(self):
        self._check()
        self.searches += 1

    def _check(self):
        if not self.network.is_up:
            raise DhtError("no-contacts", "No other node could be reached.")


def _report(target, outcome="answered", code=None):
    rows = tuple(Row("192.0.2.1", 6881 + number, bytes(20), outcome, code, None, 1.0) for number in range(NODES))
    stored, refused = (NODES if outcome == name else 0 for name in ("stored", "refused"))
    return Report(target, 12, 12, stored, refused, 0, 3, SEARCH_MESSAGES, SEARCH_BYTES, 0.1, rows)
