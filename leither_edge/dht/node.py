"""The DHT node: sockets, time and disk around one engine a family."""

import contextlib
import time

import trio

from leither_edge.crypto import sodium
from leither_edge.dht import compact, kept, udp
from leither_edge.dht.engine import TURN_DATAGRAMS, Engine
from leither_edge.dht.errors import DhtError
from leither_edge.dht.questions import Questions
from leither_edge.dht.shared import Shared
from leither_edge.storage import StorageError

SAVE_S = 60
REACH_S = 10
# The table changes slowly; a card has its writes counted.
CONTACTS_EVERY = 15
# Where nobody was met: the network may have been down, or the entrance.
REJOIN_S = (5, 15, 60, 300)
# One family is heard, and the other may come later, or does not exist here.
REJOIN_OTHER_S = (15, 60, 300, 3600)
PROBE_S = 2
LOOKUP_S = 10


@contextlib.asynccontextmanager
async def open_dht(settings, *, store=None, counters, log, random_bytes=sodium.random_bytes, clock=time.monotonic):
    """A running node, for the length of the block.

    settings: Settings; store: Store with kept.TABLES, or None to remember nothing; counters, log: of the process.
    Raises DhtError where an address cannot be listened on.
    """
    sockets = _open_sockets(settings)
    try:
        dht = Dht(settings, sockets, store, counters, log, random_bytes, clock)
        failure = None
        try:
            async with trio.open_nursery() as nursery:
                await dht.start(nursery)
                try:
                    yield dht
                except Exception as error:
                    # Not in a group with nothing else in it: who opens the node wants to catch what he himself raised.
                    failure = error
                nursery.cancel_scope.cancel()
        finally:
            # A device's node ends by being cancelled.
            dht.save()
        if failure is not None:
            raise failure
    finally:
        for sock in sockets.values():
            sock.close()


def _open_sockets(settings):
    sockets, failure = {}, None
    port = settings.port
    for host in settings.hosts:
        try:
            family, sock = udp.open_udp(host, port)
        except DhtError as error:
            failure = failure or error
            continue
        if family in sockets:
            sock.close()
            continue
        sockets[family] = sock
        # Both families on one number, so that one hole in a firewall serves both.
        port = sock.getsockname()[1]
    if not sockets:
        raise failure or DhtError("listen", "The DHT was given no address to listen on.")
    return sockets


class Dht(Questions):
    """A node; made by `open_dht`. What can be asked of the network stands in `questions.Questions`."""

    def __init__(self, settings, sockets, store, counters, log, random_bytes, clock):
        now = clock()
        self.settings = settings
        self._sockets = sockets
        self._store = store
        self._counters = counters
        self._log = log
        self._clock = clock
        ids = {family: kept.load_contacts(store, family, settings.network) if store else (None, b"") for family in sockets}
        first = next((own_id for own_id, _ in ids.values() if own_id), None) or random_bytes(20)
        self._sequences = kept.Sequences(settings.sequences_max, store)
        self.shared = Shared(settings, first, self._sequences, counters, random_bytes, now)
        self.engines = {family: Engine(family, ids[family][0] or first, self.shared, now) for family in sockets}
        for family, engine in self.engines.items():
            engine.is_own = self._is_own
            if ids[family][1]:
                engine.table.load(ids[family][1], now)
        self._published = kept.load_published(store) if store else {}
        self._pokes = {family: trio.Event() for family in sockets}
        self._joined = trio.Event()
        self._nursery = None
        self._is_renewing = False
        self._since_contacts = 0
        super().__init__()

    async def start(self, nursery):
        """Run in a nursery until it is cancelled."""
        self._nursery = nursery
        for family, sock in self._sockets.items():
            nursery.start_soon(self._listen, self.engines[family], sock)
            nursery.start_soon(self._keep_time, family)
        nursery.start_soon(self._stay_joined)
        nursery.start_soon(self._housekeeping)
        if self.settings.discovery:
            from leither_edge.dht.discovery import discover

            nursery.start_soon(discover, self)

    # Datagrams

    async def _listen(self, engine, sock):
        while True:
            await trio.lowlevel.wait_readable(sock)
            now = self._clock()
            for data, address in udp.receive(sock, TURN_DATAGRAMS):
                try:
                    engine.receive(data, address, now)
                except Exception as fault:
                    self._faulty(fault)
            self.flush(engine.family)
            # The rest of the node has its turn between two bursts.
            await trio.lowlevel.checkpoint()

    def _faulty(self, fault):
        """A mistake of ours that one packet has brought out: it must not take the node, and all else the device does, with it."""
        self._counters.add("dht_faults", kind=type(fault).__name__)
        self._log.error("dht fault", kind=type(fault).__name__, why=fault)

    def flush(self, family):
        """Send what waits, and let the clock look again."""
        self._send(family)
        self._pokes[family].set()

    def _send(self, family):
        engine, sock = self.engines[family], self._sockets[family]
        while engine.outgoing:
            if not udp.send(sock, *engine.outgoing.popleft()):
                self._counters.add("dht_unsent")

    async def _keep_time(self, family):
        engine = self.engines[family]
        while True:
            with trio.move_on_after(max(engine.next_wake - self._clock(), 0)):
                await self._pokes[family].wait()
            self._pokes[family] = trio.Event()
            now = self._clock()
            if now >= engine.next_wake:
                try:
                    engine.wake(now)
                except Exception as fault:
                    self._faulty(fault)
                self._send(family)

    # Entering

    async def joined(self, timeout_s=10.0):
        """Number of contacts, once the first search for ourselves is over or the time is."""
        with trio.move_on_after(timeout_s):
            await self._joined.wait()
        return self.contacts

    @property
    def contacts(self):
        """Number of contacts in both families."""
        return sum(len(engine.table) for engine in self.engines.values())

    def add_contact(self, host, port):
        """Ask a node (numeric address) whether it is there; its reply makes it a contact."""
        address = compact.pack(host, port)
        engine = self.engines.get(compact.family(address))
        if engine is not None:
            engine.join([address], lambda contacts: self._joined.set(), self._clock())
            self.flush(engine.family)

    async def _stay_joined(self):
        tries = 0
        while True:
            await self._join()
            deaf = len(self._deaf())
            if deaf < len(self.engines) or not self.settings.bootstrap:
                self._joined.set()
            if deaf:
                pauses = REJOIN_S if deaf == len(self.engines) else REJOIN_OTHER_S
                await trio.sleep(pauses[min(tries, len(pauses) - 1)])
                tries += 1
            else:
                tries = 0
                await trio.sleep(REJOIN_S[-1])
                while not self._deaf():
                    await trio.sleep(REJOIN_S[-1])

    def _deaf(self):
        """The engines of which no contact answered when it was last asked: the last ones stay in the table though they have gone."""
        return [engine for engine in self.engines.values() if not engine.table.good_count()]

    async def _join(self):
        # The table of last time first: an entrance is asked only by who hears nobody.
        async with trio.open_nursery() as nursery:
            for engine in self._deaf():
                known = [contact[20:] for contact in engine.table.closest(engine.own_id, 16)]
                nursery.start_soon(self._join_by, engine, known)
        deaf = self._deaf()
        if self.settings.bootstrap and deaf:
            entrances = await self._entrances()
            async with trio.open_nursery() as nursery:
                for engine in deaf:
                    there = [address for address in entrances if compact.family(address) == engine.family]
                    nursery.start_soon(self._join_by, engine, there)

    async def _join_by(self, engine, addresses):
        if not addresses:
            return
        done = trio.Event()
        engine.join(addresses, lambda contacts: done.set(), self._clock())
        self.flush(engine.family)
        await done.wait()

    async def _entrances(self):
        found = []

        async def look_up(host, port):
            with trio.move_on_after(LOOKUP_S):
                try:
                    for *_, (address, number, *_) in await trio.socket.getaddrinfo(host, port, type=trio.socket.SOCK_DGRAM):
                        # Of one link alone, which a packed address cannot tell.
                        if "%" not in address:
                            found.append(compact.pack(address, number))
                except (OSError, ValueError):
                    # Not known now, or no host's name at all.
                    self._log.warning("dht entrance unknown", host=host)

        async with trio.open_nursery() as nursery:
            for host, port in self.settings.bootstrap:
                nursery.start_soon(look_up, host, port)
        return list(dict.fromkeys(found))[:32]

    # Time

    async def _housekeeping(self):
        ticks = 0
        while True:
            await trio.sleep(REACH_S)
            now = self._clock()
            for family, engine in self.engines.items():
                address = engine.reachability.to_try(now)
                if address is not None:
                    self._nursery.start_soon(self._try_from_outside, engine, address)
                if engine.reachability.doubt(len(engine.table), now):
                    self._log.info("dht", role="client", family=family)
            ticks += 1
            if ticks % (SAVE_S // REACH_S) == 0 or self._sequences.is_full:
                self.shared.items.expire(now)
                self.shared.peers.expire(now)
                await self._save()
                if self._published and not self._is_renewing:
                    self._is_renewing = True
                    self._nursery.start_soon(self._renew, now)

    async def _renew(self, now):
        """Apart from what else is due: many slow renewals must not hold up saving and expiry."""
        try:
            await self.republish(now)
        finally:
            self._is_renewing = False

    async def _try_from_outside(self, engine, address):
        """Whether the address that others see leads here: a ping to it from another port, which no hole of our own lets through."""
        from leither_edge.dht.probe import probe

        try:
            is_open = await probe(self, engine, address, PROBE_S)
        except DhtError as error:
            self._log.warning("dht not tried from outside", why=error)
            return
        if is_open:
            self._log.info("dht", role="server", family=engine.family)
            engine.introduce(self._clock())
            self.flush(engine.family)

    def _is_own(self, address):
        """Whether a packed address is one of this machine's, and a private one."""
        if compact.is_global(address):
            return False
        host, port = self._sockets[compact.family(address)].getsockname()[:2]
        if port != int.from_bytes(address[-2:], "big"):
            return False
        if host not in ("0.0.0.0", "::"):
            return compact.pack(host, port) == address
        # Towards one of its own addresses, a machine speaks from that very address.
        source = udp.source_of(address)
        return source is not None and source[:-2] == address[:-2]

    async def _save(self):
        if self._store is None:
            return
        waiting, tables = self._to_save()
        if waiting or tables:
            try:
                await self._store.commit(lambda tx: self._write_kept(tx, waiting, tables))
                self._sequences.written(waiting)
            except StorageError as error:
                self._log.error("dht not saved", why=error)

    def save(self):
        """Write what is remembered, at the end."""
        waiting, tables = self._sequences.take(), self._tables()
        if self._store is not None and (waiting or tables):
            try:
                with self._store.write() as tx:
                    self._write_kept(tx, waiting, tables)
            except StorageError as error:
                self._log.error("dht not saved", why=error)

    def _to_save(self):
        self._since_contacts += 1
        tables = {}
        if self._since_contacts % CONTACTS_EVERY == 1:
            tables = self._tables()
        return self._sequences.take(), tables

    def _tables(self):
        return {family: (engine.own_id, engine.table.dump()) for family, engine in self.engines.items() if len(engine.table)}

    def _write_kept(self, tx, waiting, tables):
        self._sequences.write(tx, waiting, self.shared.rand)
        for family, (own_id, dump) in tables.items():
            kept.save_contacts(tx, family, self.settings.network, own_id, dump)

    # Told

    @property
    def addresses(self):
        """[(host, port)] that this node listens on."""
        return [sock.getsockname()[:2] for sock in self._sockets.values()]

    def stat(self):
        """What this node knows of itself and of the network; a dictionary for JSON."""
        families = {}
        for family, engine in self.engines.items():
            external = engine.reachability.external
            families[f"ipv{family}"] = {
                "id": engine.own_id.hex(),
                "contacts": len(engine.table),
                "network_size": engine.network_size,
                "is_server": engine.is_server,
                "external": None if external is None else list(compact.unpack(external)),
                "round_trip_ms": None if engine.round_trip.smoothed_s is None else round(engine.round_trip.smoothed_s * 1000),
                "bytes_in": engine.traffic[0],
                "bytes_out": engine.traffic[1],
                "packets_in": engine.traffic[2],
                "packets_out": engine.traffic[3],
            }
        return {
            "network": self.settings.network.hex() if self.settings.network else None,
            "contacts": self.contacts,
            "items": len(self.shared.items),
            "announced": len(self.shared.peers),
            "published": len(self._published),
            **families,
        }
