"""What can be asked of the network, as trio calls: the searches of both families, put together."""

import contextlib

import trio

from leither_edge.dht import compact, item, kept
from leither_edge.dht.errors import DhtError
from leither_edge.dht.item_store import Refused
from leither_edge.dht.operations import WRITE_PATHS, Search, Write
from leither_edge.dht.report import Found, Report
from leither_edge.dht.takers import AGAIN, Immutable, Newest, Peers

PEERS_MAX = 200
SEARCH_MAX_S = 120
# A cheap look asks one of those that are known to keep an item; a whole search finds them anew.
POLLS_BEFORE_SEARCH = 30
POLLED_MAX = 32
# BEP 44: an item is gone after two hours, so it is published again after one.
REPUBLISH_S = 3600
# After a failure: well before it is gone, and not with every moment of an outage.
REPUBLISH_AGAIN_S = 300
# In place of when it was done last: it is to be forgotten, as soon as the disk lets it.
NEVER = float("inf")
# Codes of BEP 44 for a write that comes too late: another value lies there, or a newer one.
_OUTDATED = (301, 302)
NOBODY = "No other node could be reached, so nothing was asked. Check the network connection, or name an entrance to the network."


class Questions:
    """Mixed into the node, which has engines, flush, settings, _clock, _store, _published."""

    def __init__(self):
        self._keepers = {}
        self._republished = {}

    # Items (BEP 44)

    async def get_immutable(self, target, progress=None):
        """Found(bencoded value or None, report). target: SHA-1 of the value, 20 bytes. Raises DhtError."""
        here = self.shared.items.get(target, self._clock())
        if here is not None and here.key is None:
            return Found(here.value, _nobody_asked(target))
        takers = {family: Immutable(target) for family in self.engines}
        report = await self._search(b"get", target, {b"target": target}, takers, progress, stop_all=True)
        value = next((taker.value for taker in takers.values() if taker.value is not None), None)
        return Found(value, report)

    async def put_immutable(self, value, progress=None):
        """Store a bencoded value under its SHA-1; the report. Raises DhtError."""
        _check_size(value)
        target = item.immutable_target(value)
        own = self._keep_here(item.Item(value), None)
        return await self._write(b"get", target, {b"target": target}, b"put", lambda address: {b"v": value}, {}, progress, own)

    async def get_mutable(self, key, salt=b"", *, newer_than=None, progress=None):
        """Found(the Item with the highest sequence number that a whole search saw or None, report).

        key: 32 bytes; salt: at most 64; newer_than: a sequence number already known, whose item need not be sent.
        """
        target = item.mutable_target(key, salt)
        takers = {family: Newest(target, salt, newer_than, self.shared.verify) for family in self.engines}
        arguments = {b"target": target}
        if newer_than is not None:
            arguments[b"seq"] = newer_than
        try:
            report = await self._search(b"get", target, arguments, takers, progress, careful=True)
        except DhtError:
            if (best := self._newer_here(target, newer_than)) is None:
                raise
            return Found(best, _nobody_asked(target))
        best = self._newer_here(target, newer_than)
        for family, taker in takers.items():
            if taker.item is not None and (best is None or taker.item.seq > best.seq):
                best = taker.item
            self._remember_keepers(target, family, taker)
        return Found(best, report)

    async def put_mutable(self, signed, cas=None, progress=None, *, is_new=True):
        """Store a signed Item; the report. Raises DhtError when nobody took it.

        cas: the sequence number it is to replace; is_new: False renews what many have already, by fewer messages.
        """
        _check_size(signed.value, signed.salt)
        if not item.is_good(signed, self.shared.verify):
            raise DhtError("bad-signature", "The signature of this item does not fit its key, so no node would take it.")
        target = item.mutable_target(signed.key, signed.salt)
        takers = {family: Newest(target, signed.salt, None, self.shared.verify) for family in self.engines}

        def arguments(address):
            wanted = {b"v": signed.value, b"k": signed.key, b"seq": signed.seq, b"sig": signed.signature}
            if signed.salt:
                wanted[b"salt"] = signed.salt
            # BEP 44: only those that have a value can compare it.
            if cas is not None and any(address in taker.seen for taker in takers.values()):
                wanted[b"cas"] = cas
            return wanted

        own = self._keep_here(signed, cas)
        wanted = {b"target": target, b"seq": signed.seq}
        return await self._write(b"get", target, wanted, b"put", arguments, takers, progress, own, is_new=is_new)

    def _keep_here(self, kept_item, cas):
        """What stores an item in this node's own store, where it is one of the nearest."""
        own_address = compact.pack("127.0.0.1", 1)

        def keep(now):
            with contextlib.suppress(Refused):
                self.shared.items.put(kept_item, cas, own_address, now)

        return keep

    async def poll_mutable(self, key, salt, newer_than):
        """As get_mutable, but cheap: one of the nodes known to keep the item is asked, in turn, and a whole search made now and then."""
        target = item.mutable_target(key, salt)
        here = self._newer_here(target, newer_than)
        if here is not None:
            # In a small network others put it with us, and perhaps with nobody else.
            return Found(here, _nobody_asked(target))
        keepers, polls = self._keepers.get(target, ((), 0))
        if not keepers or polls >= POLLS_BEFORE_SEARCH:
            # Whoever had the last one may stand far from where the next will lie.
            self._keepers.pop(target, None)
            while len(self._keepers) >= POLLED_MAX:
                del self._keepers[next(iter(self._keepers))]
            self._keepers[target] = ((), 0)
            found = await self.get_mutable(key, salt, newer_than=newer_than)
            keepers = self._keepers.get(target, ((), 0))[0]
            self._keepers[target] = (keepers or self._nearest_answers(found.report), 0)
            return found
        # Another one each time: neither a node that has gone nor one that lies keeps a command from us for long.
        node, address = keepers[polls % len(keepers)]
        self._keepers[target] = (keepers, polls + 1)
        taker = Newest(target, salt, newer_than, self.shared.verify)
        arguments = {b"target": target}
        if newer_than is not None:
            arguments[b"seq"] = newer_than
        reply = _Single(taker, arguments)
        engine = self.engines.get(compact.family(address))
        begun = self._clock()
        if engine is not None and reply.ask(engine, node, address, begun):
            self.flush(engine.family)
            await reply.ended.wait()
            self.flush(engine.family)
        if not reply.is_answered:
            self._keepers[target] = (tuple(keeper for keeper in keepers if keeper[1] != address), polls)
        answered = int(reply.is_answered)
        seconds = self._clock() - begun
        return Found(
            taker.item, Report(target, 1, answered, 0, 0, 1 - answered, 1, reply.messages, reply.bytes, seconds, ())
        )

    def _newer_here(self, target, newer_than):
        """The Item in this node's own store, if its sequence number is above; or None."""
        here = self.shared.items.get(target, self._clock())
        return here if here is not None and here.seq > (-1 if newer_than is None else newer_than) else None

    def _remember_keepers(self, target, family, taker):
        """Of what is polled; what was looked up once is not."""
        if taker.seen and target in self._keepers:
            others = [keeper for keeper in self._keepers.get(target, ((), 0))[0] if compact.family(keeper[1]) != family]
            self._keepers[target] = ((*others, *((None, address) for address in taker.seen)), 0)

    def _nearest_answers(self, report):
        rows = [row for row in report.rows if row.outcome == "answered"]
        rows.sort(key=lambda row: bytes(a ^ b for a, b in zip(row.node_id, report.target, strict=True)))
        return tuple((row.node_id, compact.pack(row.host, row.port)) for row in rows[:8])

    # Providers (BEP 5)

    async def peers(self, info_hash, progress=None):
        """Found([(host, port), ...], report): who announced himself under an info hash (20 bytes)."""
        takers = {family: Peers(family, PEERS_MAX) for family in self.engines}
        report = await self._search(b"get_peers", info_hash, {b"info_hash": info_hash}, takers, progress)
        return Found([compact.unpack(address) for taker in takers.values() for address in taker.addresses], report)

    async def announce(self, info_hash, port=0, progress=None):
        """Announce this host under an info hash; the report. port: of the service, 0 for the DHT's own. Raises DhtError."""

        def arguments(address):
            if port:
                return {b"info_hash": info_hash, b"port": port, b"implied_port": 0}
            own = self._sockets[compact.family(address)].getsockname()[1]
            return {b"info_hash": info_hash, b"port": own, b"implied_port": 1}

        return await self._write(b"get_peers", info_hash, {b"info_hash": info_hash}, b"announce_peer", arguments, {}, progress, None)

    async def lookup(self, target, progress=None):
        """Found([contact, ...] nearest first, report): the nodes nearest to a target."""
        found = {}
        report = await self._search(b"find_node", target, {b"target": target}, {}, progress, found=found)
        contacts = [contact for search in found.values() for contact in search.lookup.closest(8)]
        return Found(sorted(contacts, key=lambda each: bytes(a ^ b for a, b in zip(each, target, strict=False))), report)

    # Published again

    async def keep(self, signed):
        """Publish an Item every hour from now on, over restarts too: an own one, or another's that shall not be lost."""
        target = item.target_of(signed)
        known = self._published.get(target)
        if known is not None and known.key and known.seq > signed.seq:
            return
        if known is None and len(self._published) >= kept.PUBLISHED_MAX:
            raise DhtError("full", f"This node publishes {kept.PUBLISHED_MAX} records already; take one out first.")
        if self._store is not None:
            await self._store.commit(lambda tx: kept.save_published(tx, target, signed))
        self._published[target] = signed
        if self._republished.get(target) == NEVER:
            del self._republished[target]

    def kept_item(self, target):
        """The Item of a target that is published every hour, or None."""
        return self._published.get(target)

    async def forget(self, target):
        """Publish it no more."""
        if target in self._published and self._store is not None:
            self._republished[target] = NEVER
            # First: forgotten in memory alone, it would come back with the next start, and nobody could take it out before.
            await self._store.commit(lambda tx: kept.save_published(tx, target, None))
        self._published.pop(target, None)
        self._republished.pop(target, None)

    async def republish(self, now):
        """Publish what is due, one after the other."""
        if not self.contacts:
            return
        for target, signed in list(self._published.items()):
            if now - self._republished.get(target, now - REPUBLISH_S) < REPUBLISH_S:
                continue
            self._republished[target] = now
            try:
                if signed.key:
                    await self.put_mutable(signed, is_new=False)
                else:
                    await self.put_immutable(signed.value)
                self._counters.add("dht_republished")
            except DhtError as error:
                self._counters.add("dht_not_republished", code=error.code)
                if not error.code.startswith("refused-"):
                    self._republished[target] = now - REPUBLISH_S + REPUBLISH_AGAIN_S

    # Both families

    async def _search(self, method, target, arguments, takers, progress, *, stop_all=False, careful=False, found=None):
        def make(engine, on_done, told):
            taker = takers.get(engine.family)
            take = taker.take if taker else None
            return Search(engine, method, target, arguments, on_done, take=take, progress=told, careful=careful)

        searches = await self._run(make, progress, stop_all)
        if found is not None:
            found.update(searches)
        return self._reported(searches, takers)

    async def _write(self, method, target, arguments, put_method, put_arguments, takers, progress, keep_here, *, is_new=True):
        def make(engine, on_done, told):
            taker = takers.get(engine.family)
            take = taker.take if taker else None
            return Write(
                engine, method, target, arguments, put_method, put_arguments, on_done,
                take=take, paths=WRITE_PATHS if is_new else 1, progress=told, careful=is_new, keep_here=keep_here,
            )  # fmt: skip

        try:
            searches = await self._run(make, progress, False)
        except DhtError:
            # We know nobody, yet somebody may know us.
            if keep_here is not None and any(engine.is_server for engine in self.engines.values()):
                keep_here(self._clock())
            raise
        report = self._reported(searches, takers)
        outdated = sum(row.outcome == "refused" and row.code in _OUTDATED for row in report.rows)
        # A node that had gone or is new takes an old version, too; what the others say counts.
        if not report.stored or outdated > report.stored:
            raise self._not_stored(report)
        return report

    def _not_stored(self, report):
        refusals = [row for row in report.rows if row.outcome == "refused"]
        if refusals:
            worst = max(refusals, key=lambda row: sum(row.code == other.code for other in refusals))
            why = f"{len(refusals)} nodes refused it: {worst.text} (code {worst.code})." if worst.text else f"Code {worst.code}."
            fix = "Read the newest value and try again." if worst.code in _OUTDATED else "Look at what was sent."
            what = f"Only {report.stored} of {report.stored + len(refusals)} nodes stored it." if report.stored else "No node stored it."
            return DhtError(f"refused-{worst.code}", f"{what} {why} {fix}", report)
        if not report.answered:
            return DhtError("silent", f"No node stored it: none of {report.asked} asked answered. Check the network connection.", report)
        return DhtError("not-stored", f"No node stored it, though {report.answered} of {report.asked} answered. Try again.", report)

    async def _run(self, make, progress, stop_all):
        """Run a search on each family that knows anybody; {family: Search}."""
        now, searches = self._clock(), {}
        families = [engine for engine in self.engines.values() if len(engine.table)]
        if not families:
            raise DhtError("no-contacts", NOBODY)
        told, open_ones, ended = {}, set(), trio.Event()

        def progress_of(family):
            def tell(*numbers):
                told[family] = numbers
                progress(*(sum(each) for each in zip(*told.values(), strict=True)))

            return tell if progress is not None else None

        def on_done(search):
            open_ones.discard(search)
            if not open_ones or (stop_all and search.is_stopped):
                ended.set()

        for engine in families:
            searches[engine.family] = make(engine, on_done, progress_of(engine.family))
        open_ones.update(searches.values())
        try:
            for search in searches.values():
                search.engine.run(search, now)
                self.flush(search.engine.family)
            # Its own bounds end it far sooner; only a mistake of ours comes this far.
            with trio.move_on_after(SEARCH_MAX_S):
                await ended.wait()
        finally:
            for search in searches.values():
                search.abandon(self._clock())
        return searches

    def _reported(self, searches, takers):
        for family, search in searches.items():
            for address in getattr(takers.get(family), "bad", ()):
                search.note(address, "error", None, "its answer does not fit what was asked")
        reports = [search.report() for search in searches.values()]
        if len(reports) == 1:
            return reports[0]
        target, *numbers = zip(*reports, strict=True)
        asked, answered, stored, refused, silent = (sum(each) for each in numbers[:5])
        rows = tuple(row for report in reports for row in report.rows)
        return Report(
            target[0], asked, answered, stored, refused, silent, max(numbers[5]), sum(numbers[6]), sum(numbers[7]), max(numbers[8]), rows
        )


def _nobody_asked(target):
    return Report(target, 0, 0, 0, 0, 0, 0, 0, 0, 0.0, ())


def _check_size(value, salt=b""):
    wrong = item.size_error(value, salt)
    if wrong is not None:
        raise DhtError("too-big", f"It does not fit into the DHT: {wrong[1]}.")


class _Single:
    """One request to one node."""

    def __init__(self, taker, arguments):
        self.ended = trio.Event()
        self.is_answered = False
        self.messages = self.bytes = 0
        self._taker = taker
        self._arguments = arguments
        self._engine = None
        self._is_second = False

    def ask(self, engine, node, address, now):
        self._engine = engine
        return engine.ask(address, node, b"get", self._arguments, self, now)

    def _count(self, pending, messages):
        self.messages += messages
        self.bytes += pending.size

    def answered(self, pending, message, now):
        self._count(pending, 2)
        self.is_answered = True
        verdict = self._taker.take(pending.address, message.body, now)
        token = message.body.get(b"token")
        if verdict is AGAIN and token is not None and not self._is_second:
            self._is_second = True
            arguments = {**self._arguments, b"token": token}
            if self._engine.ask(pending.address, pending.node_id, b"get", arguments, self, now):
                return
        self.ended.set()

    def refused(self, pending, message, now):
        self._count(pending, 2)
        self.ended.set()

    def slow(self, pending, now):
        pass

    def failed(self, pending, reason, now):
        self._count(pending, 1)
        self.ended.set()
