"""Tells the DHT of MiMei: which version is the newest, under the author's key; that this node has them, under their ids.

A pointer is signed by the author's key, where the session holds it; or it is prepared, signed elsewhere and finished, as a version is.
"""

import math
from binascii import hexlify
from collections import namedtuple

import trio

from leither_edge.core.ids import ID_BYTES
from leither_edge.crypto import sodium
from leither_edge.dht.errors import DhtError
from leither_edge.dht.item import is_good
from leither_edge.mimei import history
from leither_edge.mimei.errors import Conflict, Forbidden, MimeiError, NotFound
from leither_edge.mimei.tables import MIMEI
from leither_edge.storage import StorageError

from . import pointer as pointers
from .errors import BadAnswer, Full
from .tables import PROVIDED

TICKETS_MAX, TICKET_LIFE_S = 32, 600
# An announcement is forgotten after half an hour (BEP 5's usual life).
ANNOUNCE_EVERY_S, ANNOUNCE_LOOK_S = 1200.0, 60.0
ANNOUNCE_AGAIN_S = 300.0
PROVIDED_MAX = 1024
_TICKET_BYTES = 16

# pointer: pointers.Pointer as it is now in the DHT; report: of the put; told: nodes that heard of it at once.
Published = namedtuple("Published", ("mid", "author", "pointer", "report", "told"))
_Prepared = namedtuple("_Prepared", ("pointer", "mid", "author", "sequence", "user_id", "ends"))


class Publishing:
    """Args: library, dht (function of nothing: the DHT node or None), discovery (with announce(id20, port), or None), news, node_key
    (public key of this node, named in pointers), port (function of nothing: the TCP port of channels, 0 for none), counters.
    """

    def __init__(self, library, dht, discovery, news, node_key, port, counters):
        self._library, self._dht, self._discovery, self._news = library, dht, discovery, news
        self._node_key, self._port, self._counters = node_key, port, counters
        self._tickets, self._wanted = {}, trio.Event()

    # Pointers

    async def publish(self, session, mid, *, is_kept=True, progress=None):
        """Published: the newest version's pointer, signed by the session's key. Raises Forbidden (not the author's), DhtError, NotFound.

        Args: is_kept (this node publishes it every hour from now on), progress (as of the DHT's put).
        """
        dht = self._must_have_dht()
        mid, author, found = await trio.to_thread.run_sync(self._newest, session, mid)
        if session.public_key != author or not session.can_sign:
            raise Forbidden("What is published is signed by its author's key, which this session has not. Prepare it, and let him sign.")
        found, sequence, _ = await self._next(dht, mid, author, found)
        signature = session.sign(pointers.to_be_signed(found, mid, sequence))
        return await self._put(dht, mid, author, found, sequence, signature, is_kept, progress)

    async def prepare(self, session, mid):
        """(ticket (text), bytes that the author's key signs) of the newest version; good for ten minutes. Raises DhtError, NotFound."""
        dht = self._must_have_dht()
        mid, author, found = await trio.to_thread.run_sync(self._newest, session, mid)
        found, sequence, _ = await self._next(dht, mid, author, found)
        now = self._library.clock()
        for ticket in [ticket for ticket, each in self._tickets.items() if now > each.ends]:
            del self._tickets[ticket]
        if len(self._tickets) >= TICKETS_MAX:
            del self._tickets[next(iter(self._tickets))]
        ticket = hexlify(self._library.random_bytes(_TICKET_BYTES)).decode()
        self._tickets[ticket] = _Prepared(found, mid, author, sequence, session.user_id, now + TICKET_LIFE_S)
        return ticket, pointers.to_be_signed(found, mid, sequence)

    async def finish(self, session, ticket, signature, *, is_kept=True, progress=None):
        """Published. Args: ticket (of prepare), signature (64 bytes, the author's). Raises NotFound, BadAnswer, DhtError."""
        dht = self._must_have_dht()
        each = self._tickets.get(ticket)
        if each is None or each.user_id != session.user_id or self._library.clock() > each.ends:
            raise NotFound("There is no such prepared pointer, or its ten minutes are over. Prepare it again.")
        if not isinstance(signature, bytes) or len(signature) != 64:
            raise BadAnswer("A signature has 64 bytes.")
        published = await self._put(dht, each.mid, each.author, each.pointer, each.sequence, signature, is_kept, progress)
        self._tickets.pop(ticket, None)
        return published

    def _newest(self, session, mid):
        """(mid, author, Pointer) of the version that is published: the released one where guests read no other, else the last."""
        library = self._library
        with library.store.read() as tx:
            mid, identity = library.permitted(tx, session, mid, "backup")
            head = history.read_head(tx, mid)
            number = head.last if head.release is None else head.release
            if number is None:
                raise NotFound("This MiMei has no version yet. Make one with backup.")
            row = history.read_version(tx, mid, number)
        return mid, identity.public_key, pointers.Pointer(number, row.manifest, head.release, (self._node_key,))

    async def _next(self, dht, mid, author, found):
        """(Pointer, sequence number, found before) to be signed: nodes that were named before stay named."""
        current = await dht.get_mutable(author, mid)
        item, sequence = current.value, int(self._library.clock() * 1e6)
        if item is not None:
            sequence = max(sequence, item.seq + 1)
            try:
                before = pointers.read_value(item.value)
            except MimeiError:
                before = None
            if before is not None:
                if before.number > found.number and found.release is None:
                    raise Conflict(
                        f"Version {before.number} is published already, and the newest here is {found.number}. Sync it first.", "outdated"
                    )
                nodes = dict.fromkeys((*found.nodes, *before.nodes))
                found = found._replace(nodes=tuple(nodes)[: pointers.NODES_MAX])
        return found, sequence, item

    async def _put(self, dht, mid, author, found, sequence, signature, is_kept, progress):
        item = pointers.item_of(found, author, mid, sequence, signature)
        if not is_good(item, sodium.verify):
            raise BadAnswer("The signature is not the author's over what was prepared. Sign exactly those bytes.")
        report = await dht.put_mutable(item, progress=progress)
        if is_kept:
            await dht.keep(item)
        self._counters.add("mimei_published")
        return Published(mid, author, found, report, await self._news.tell(mid))

    def _must_have_dht(self):
        dht = self._dht()
        if dht is None:
            raise DhtError("no-network", "This node is in no network of nodes, so nothing can be published. Join one: leither dht join.")
        return dht

    # Providing

    async def provide(self, session, mid, is_on=True):
        """Announce this node under a MiMei from now on, or no longer; the DHT's Report, None when switched off. Raises DhtError, Full."""
        mid = await trio.to_thread.run_sync(self._write_provided, session, mid, is_on)
        if not is_on:
            return None
        self._wanted.set()
        return await self._announce(mid)

    def provided(self, session):
        """[(mid, announced last, s)] of what the session may see."""
        with self._library.store.read() as tx:
            rows = [(bytes(key), row[1]) for key, row in tx.scan(PROVIDED)]
        found = []
        for mid, when in rows:
            try:
                self._library.info(session, mid)
            except MimeiError:
                continue
            found.append((mid, when))
        return found

    async def run(self):
        """Announces again what is due, until cancelled."""
        while True:
            self._wanted = trio.Event()
            due, wait_s = await trio.to_thread.run_sync(self._due)
            for mid in due:
                try:
                    await self._announce(mid)
                except (DhtError, StorageError) as error:
                    self._counters.add("mimei_not_announced", code=getattr(error, "code", "failed"))
                    wait_s = ANNOUNCE_AGAIN_S
                    break
            with trio.move_on_after(wait_s):
                await self._wanted.wait()

    async def _announce(self, mid):
        port = self._port()
        if not port or self._discovery is None:
            return None
        report = await self._discovery.announce(mid, port)
        if report is not None:
            now = int(self._library.clock())
            await trio.to_thread.run_sync(self._library.held.call, lambda tx: _announced(tx, mid, now))
            self._counters.add("mimei_announced")
        return report

    def _write_provided(self, session, mid, is_on):
        library = self._library
        with library.store.read() as tx:
            mid, _ = library.permitted(tx, session, mid, "info", "versions")
        library.must_keep(session)

        def put(tx):
            if not is_on:
                if tx.get(PROVIDED, mid) is not None:
                    tx.delete(PROVIDED, mid)
                return
            if tx.get(PROVIDED, mid) is None and tx.count(PROVIDED) >= PROVIDED_MAX:
                raise Full(f"This node announces {PROVIDED_MAX} MiMei already. Take one back first.")
            tx.put(PROVIDED, mid, [session.public_key, 0])

        library.held.call(put)
        return mid

    def _due(self):
        """([mid] to be announced now, when to look again, s from now): a node that announces nothing wakes for nothing."""
        now = self._library.clock()
        with self._library.store.read() as tx:
            rows = [(bytes(key)[:ID_BYTES], now - row[1]) for key, row in tx.scan(PROVIDED) if tx.get(MIMEI, bytes(key)) is not None]
        # The clock may have been set meanwhile.
        due = [mid for mid, past_s in rows if not 0 <= past_s < ANNOUNCE_EVERY_S]
        wait_s = min((ANNOUNCE_EVERY_S - past_s for _, past_s in rows), default=math.inf)
        return due, ANNOUNCE_LOOK_S if due else wait_s


def _announced(tx, mid, now):
    row = tx.get(PROVIDED, mid)
    if row is not None:
        tx.put(PROVIDED, mid, [row[0], now])
