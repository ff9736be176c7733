"""Bytes sent to and received from each peer, by service and day: the basis of credit. Durable every ten seconds.

Each writing costs a flush of the medium, so signs of life alone wait longer: a power cut loses 64 KiB of the account at most.
"""

from leither_edge.core.ids import ID_BYTES

from .tables import PEER_BYTES

FLUSH_EVERY_S = 10
LITTLE_BYTES, LITTLE_EVERY_S = 64 << 10, 300
DAY_S = 86400
# Days kept one by one; those before are one row.
DAYS_KEPT = 31
BEFORE = 0
SERVICES_MAX = 24
SERVICE_MAX_CHARS = 32
# Where bytes go whose service or peer would be one too many.
OTHER = "other"
OTHERS = bytes(ID_BYTES)
_DAY_BYTES = 4


class Tally:
    """Counts in memory, and rows. For the trio thread.

    Args: library, peers_max (ids with rows of their own; a friend gets his even where strangers have taken all), clock (-> s since 1970).
    """

    __slots__ = ("_store", "_held", "_most", "_clock", "_pending", "_writing", "_ids", "_bytes")

    def __init__(self, library, peers_max, clock):
        self._store, self._held = library.store, library.held
        self._most, self._clock = peers_max, clock
        # {(id, day): {service: [sent, received]}} not yet in rows.
        self._pending, self._writing = {}, {}
        self._ids = None
        self._bytes = 0

    def add(self, id20, service, sent, received, is_friend=False):
        """Count bytes of a peer and a service."""
        if not sent and not received:
            return
        if self._ids is None:
            self._ids = self._known_ids()
        if id20 not in self._ids:
            if len(self._ids) >= self._most and not is_friend:
                id20 = OTHERS
            else:
                self._ids.add(id20)
        services = self._pending.setdefault((id20, self._day()), {})
        service = service[:SERVICE_MAX_CHARS]
        if service not in services and len(services) >= SERVICES_MAX:
            service = OTHER
        counts = services.setdefault(service, [0, 0])
        counts[0] += sent
        counts[1] += received
        self._bytes += sent + received

    def of(self, id20, since_day=BEFORE):
        """{service: (sent, received)} of a peer, of all time or of the days from one on (days since 1970)."""
        total = {}
        for day, services in self._rows_of(id20):
            if day >= since_day:
                _sum(total, services)
        return {service: tuple(counts) for service, counts in total.items()}

    def days_of(self, id20):
        """[(day, sent, received)] of a peer, day BEFORE (0) for all that lies longer back."""
        days = {}
        for day, services in self._rows_of(id20):
            _sum_all(days.setdefault(day, [0, 0]), services)
        return [(day, *days[day]) for day in sorted(days)]

    def totals(self):
        """{id: (sent, received)} of every peer, of all time."""
        found = {}
        with self._store.read() as tx:
            for key, services in tx.scan(PEER_BYTES):
                _sum_all(found.setdefault(bytes(key[:ID_BYTES]), [0, 0]), services)
        for (id20, _), services in self._unwritten():
            _sum_all(found.setdefault(id20, [0, 0]), services)
        return {id20: tuple(counts) for id20, counts in found.items()}

    async def flush(self):
        """Put what was counted into rows, durably. Raises StorageError; then it stays in memory for the next time."""
        if not self._pending:
            return
        taken = self._writing = self._pending
        self._pending, self._bytes = {}, 0
        try:
            await self._held.commit(lambda tx: _write(tx, taken))
        except BaseException:
            newer, self._pending = self._pending, taken
            for key, services in newer.items():
                _sum(self._pending.setdefault(key, {}), services)
            raise
        finally:
            self._writing = {}

    async def run(self, collect, log=None):
        """Flush every ten seconds until cancelled. collect: called before, to add what there is."""
        import trio

        turns = 0
        while True:
            await trio.sleep(FLUSH_EVERY_S)
            turns += 1
            collect()
            if self._bytes >= LITTLE_BYTES or turns % (LITTLE_EVERY_S // FLUSH_EVERY_S) == 0:
                await self.flush_at_last(log)

    async def flush_at_last(self, log=None):
        """As flush, but a failure is told to the log."""
        from leither_edge.storage import StorageError

        try:
            await self.flush()
        except StorageError as error:
            if log is not None:
                log.error("peer-bytes", reason=str(error))

    def _rows_of(self, id20):
        with self._store.read() as tx:
            for key, services in tx.scan(PEER_BYTES, start=id20):
                if key[:ID_BYTES] != id20:
                    break
                yield int.from_bytes(key[ID_BYTES:], "big"), services
        for (each, day), services in self._unwritten():
            if each == id20:
                yield day, services

    def _unwritten(self):
        return [*self._writing.items(), *self._pending.items()]

    def _day(self):
        return max(1, int(self._clock()) // DAY_S)

    def _known_ids(self):
        with self._store.read() as tx:
            return {bytes(key[:ID_BYTES]) for key in tx.keys(PEER_BYTES)}


def _write(tx, taken):
    for (id20, day), services in taken.items():
        key = id20 + day.to_bytes(_DAY_BYTES, "big")
        row = tx.get(PEER_BYTES, key)
        if row is None:
            _fold(tx, id20, day - DAYS_KEPT)
            row = {}
        _sum(row, services)
        tx.put(PEER_BYTES, key, row)


def _fold(tx, id20, last):
    """Sum a peer's days up to `last` into one row: once for each new day."""
    start = id20 + (1).to_bytes(_DAY_BYTES, "big")
    old = [(bytes(key), services) for key, services in tx.scan(PEER_BYTES, start=start, limit=DAYS_KEPT * 2) if key[:ID_BYTES] == id20]
    old = [(key, services) for key, services in old if int.from_bytes(key[ID_BYTES:], "big") <= last]
    if not old:
        return
    first = id20 + BEFORE.to_bytes(_DAY_BYTES, "big")
    total = tx.get(PEER_BYTES, first) or {}
    for key, services in old:
        _sum(total, services)
        tx.delete(PEER_BYTES, key)
    tx.put(PEER_BYTES, first, total)


def _sum(total, services):
    for service, (sent, received) in services.items():
        if service not in total and len(total) >= SERVICES_MAX:
            service = OTHER
        counts = total.setdefault(service, [0, 0])
        counts[0] += sent
        counts[1] += received


def _sum_all(counts, services):
    for sent, received in services.values():
        counts[0] += sent
        counts[1] += received
