"""The node that holds backups of others: takes snapshots of friends, proves that it has them, gives them to who can open them."""

import weakref

import trio

from leither_edge.core.ids import key_id
from leither_edge.crypto import sodium
from leither_edge.flow import fetch_rows
from leither_edge.flow.blocks_service import BlocksService
from leither_edge.flow.errors import BadAnswer
from leither_edge.flow.providers import ChannelProvider
from leither_edge.flow.tables import HELD_BYTES
from leither_edge.mimei.blocks.rows import ROW_CHARGE_BYTES
from leither_edge.mimei.errors import Damaged, MimeiError, QuotaReached
from leither_edge.mimei.ipld.block_hash import digest_of
from leither_edge.mimei.sealed import form
from leither_edge.mimei.sealed import head as heads
from leither_edge.peer.channel.errors import ChannelClosed, Refused
from leither_edge.peer.channel.limits import BULK
from leither_edge.storage import StorageError

from . import forms, held_rows
from .below import Below

# Of one peer: its backup, and single MiMei.
SCOPES_MAX = 256
# Snapshots that are taken at a time.
PUSHES_MAX = 2
# Signatures that one channel may try.
OPENINGS_MAX = 8
TELL_S, ENDING_S = 1.0, 10.0
COUNT_EVERY_S = 86400
MIB = 1 << 20


class Holder:
    """Args: library, fetcher (of fetch.py), held_mib (for all peers together), may_hold (node id -> whether its backups are taken),
    counters, log, load (as for BlocksService).
    """

    def __init__(self, library, fetcher, held_mib, may_hold, *, counters=None, log=None, load=None):
        self._library, self._fetcher, self._may_hold = library, fetcher, may_hold
        self._most = held_mib * MIB
        self._counters, self._log = counters, log
        self._pushing, self._counted, self._is_spoilt = {}, {}, False
        # {channel: [Below of what was opened over it]}; and by root, so that those who ask for the same share one.
        self._opened, self._below = weakref.WeakKeyDictionary(), weakref.WeakValueDictionary()
        self._tries = weakref.WeakKeyDictionary()
        self._blocks = BlocksService(library, load=load, counters=counters, log=log)
        self._blocks.readable = self
        library.keepers.append(held_rows.keeper)

    def add_to(self, services):
        """Has friends use it, and whoever shows that a backup is his."""
        services.add(forms.PUSH, self._on_push, is_stream=True)
        services.add(forms.STAT, self._on_stat)
        services.add(forms.PROVE, self._on_prove)
        services.add(forms.DROP, self._on_drop)
        services.add(forms.OPEN, self._on_open, for_strangers=True)
        services.add(forms.GET, self._on_get, priority=BULK, is_stream=True, for_strangers=True)

    def allowed(self, peer):
        """Bytes that a peer's backup may take here in all. Args: peer (node id)."""
        with self._library.store.read() as tx:
            others = held_rows.bytes_held(tx) - held_rows.bytes_held(tx, peer)
        # One peer alone never takes all, so that a second friend finds room.
        return max(0, min(self._most * 3 // 4, self._most - others))

    def stat(self):
        """[(node id, bytes, bytes allowed, newest Held of its backup or None)] of whom something is held."""
        found = []
        with self._library.store.read() as tx:
            for peer in held_rows.peers_held(tx):
                whole = [held for held in held_rows.held_of(tx, peer, peer) if held.is_whole]
                found.append((peer, held_rows.bytes_held(tx, peer), self.allowed(peer), whole[-1] if whole else None))
        return found

    def bytes_held(self, peer):
        """Bytes that a peer takes here. Args: peer (node id)."""
        with self._library.store.read() as tx:
            return held_rows.bytes_held(tx, peer)

    def holds(self, scope, reader):
        """Whether something is held for a reader. Args: scope (mid), reader (id of his key)."""
        with self._library.store.read() as tx:
            return held_rows.is_held_for(tx, scope, reader)

    async def forget(self, peer, scope=b""):
        """Holds nothing of a peer any more, or nothing of one scope; the room is free after the next collection. Args: peer (node id)."""

        def drop(tx):
            found = held_rows.held_of(tx, peer, scope)
            held_rows.drop_held(tx, peer, found)
            fetch_rows.end_fetch(tx, peer, [held.root for held in found])

        await trio.to_thread.run_sync(self._library.held.call, drop)
        await self._recount(peer)

    def asker(self, peer, mids=(), channel=None):
        """Who asks for sealed blocks by backup.get (see readable.py): whoever opened a backup over this channel, for what lies below it."""
        return _Opened(self._opened.get(channel, ()))

    # -- taking

    async def _on_push(self, call):
        peer = call.peer.node_id
        self._check_friend(peer)
        head = _read_head(call)
        if peer in self._pushing:
            # Its channel of before may be about to end.
            with trio.move_on_after(ENDING_S):
                await self._pushing[peer].wait()
        if peer in self._pushing or len(self._pushing) >= PUSHES_MAX:
            raise Refused("busy", "A backup is being taken here already. Try again in some minutes.")
        self._pushing[peer] = over = trio.Event()
        try:
            await self._take(call, peer, head)
        except QuotaReached as error:
            self._count("backup_refused", "quota")
            await trio.to_thread.run_sync(self._library.held.call, lambda tx: _drop_unfinished(tx, peer, head))
            await self._recount(peer)
            raise Refused("quota", f"The backup does not fit: {error}") from None
        finally:
            del self._pushing[peer]
            over.set()

    async def _take(self, call, peer, head):
        with self._library.store.read() as tx:
            found = held_rows.held_of(tx, peer, head.scope)
            scopes = {held.scope for held in held_rows.held_of(tx, peer)}
        if head.scope not in scopes and len(scopes) >= SCOPES_MAX:
            raise Refused("too-many", f"{SCOPES_MAX} things of yours are held here already. Have some of them dropped.")
        whole = [held for held in found if held.is_whole]
        newest = whole[-1].number if whole else -1
        is_here = any((held.number, held.root) == (head.number, head.root) for held in whole)
        if head.number <= newest and not is_here:
            # A node that lost everything must not put its emptiness in the place of what it lost.
            raise Refused("outdated", "A newer backup of this node is here. Restore from it first, or have it dropped (backup-to --stop).")
        allowed = self.allowed(peer)
        await call.stream.accept({"allowed": allowed})
        is_anew = call.arguments.get("anew") is True
        if is_anew:
            await self._mend()
        sent = 0
        if is_anew or not is_here:
            sent = await self._fetch(call, peer, head, found, allowed, is_anew)
        with self._library.store.read() as tx:
            total = held_rows.bytes_held(tx, peer)
        await call.stream.send(forms.pack_message({"state": "whole", "bytes": total, "sent": sent}))

    async def _mend(self):
        """What the medium spoilt is removed, and so is fetched again."""
        if self._is_spoilt:
            self._is_spoilt = False
            library = self._library
            await trio.to_thread.run_sync(library.blocks.fsck, library.whole_roots, True)

    async def _fetch(self, call, peer, head, found, allowed, is_anew):
        """Takes a snapshot; returns the bytes that came for it. Raises QuotaReached and what a fetch raises."""
        library, now = self._library, int(self._library.clock())
        readers, data = [row[0] for row in head.boxes], call.arguments["head"]
        held = held_rows.Held(head.scope, head.number, head.root, head.time, head.size, False, now, readers, data)
        # One that was broken off gives way; what came of it is shared.
        stale = [other for other in found if not other.is_whole]
        with library.store.read() as tx:
            # What came of those, of other scopes too, was not counted.
            is_uncounted = any(not other.is_whole for other in held_rows.held_of(tx, peer))

        def begin(tx):
            held_rows.drop_held(tx, peer, stale)
            held_rows.write_held(tx, peer, held)
            fetch_rows.end_fetch(tx, peer, [other.root for other in stale])

        await trio.to_thread.run_sync(library.held.call, begin)
        # What earlier ones share is not walked, unless some of it is missing.
        whole = [] if is_anew else [other.root for other in found if other.is_whole]
        if is_uncounted or is_anew:
            before = await self._recount(peer)
        else:
            with library.store.read() as tx:
                before = held_rows.bytes_held(tx, peer) + held_rows.charge_of_row(held)
        fetched = None
        if before < allowed:
            fetched = await self._fetched(call, peer, head, whole[-1:], allowed - before)
        if fetched is None:
            before = await self._make_room(peer, head)
            if before < allowed:
                fetched = await self._fetched(call, peer, head, whole[-1:], allowed - before)
        if fetched is None:
            raise QuotaReached(f"{allowed / 1e6:.1f} MB are allowed. Delete something there, or ask this node's owner for more.")

        def end(tx):
            if not held_rows.is_held(tx, peer, held):
                return None
            held_rows.write_held(tx, peer, held._replace(is_whole=True))
            fetch_rows.end_fetch(tx, peer, [head.root])
            tx.put(HELD_BYTES, peer, before + fetched)
            gone = held_rows.to_drop(held_rows.held_of(tx, peer, head.scope))
            held_rows.drop_held(tx, peer, gone)
            return gone

        gone = await trio.to_thread.run_sync(library.held.call, end)
        if gone is None:
            raise Refused("forgotten", "What is held here for this node was let go of meanwhile. Ask this node's owner.")
        if gone and now - self._counted.setdefault(peer, now) > COUNT_EVERY_S:
            # It walks all of it; until then what was dropped still counts, unless room is needed.
            await self._recount(peer)
        self._count("backup_taken")
        return fetched

    async def _fetched(self, call, peer, head, whole, left):
        """Bytes that came, None where they are more than are left."""
        provider = ChannelProvider(call.peer.public_key, call.peer.name or "the node", _itself(call.channel))
        state = {"done": 0, "total": None}
        with trio.CancelScope() as scope:

            def progress(done, total, rate, told):
                state["done"], state["total"] = done, total
                if sum(each.bytes for each in told) > left:
                    scope.cancel()

            async with trio.open_nursery() as nursery:
                nursery.start_soon(_tell, call.stream, state)
                fetched = await self._fetcher.fetch([head.root], [provider], peer, progress, whole=whole)
                nursery.cancel_scope.cancel()
        if scope.cancelled_caught:
            return None
        charged = fetched.bytes + ROW_CHARGE_BYTES * fetched.blocks
        return charged if charged <= left else None

    async def _make_room(self, peer, head):
        """Lets go of all but the newest whole snapshot of a head's scope, and of others that were broken off; returns the bytes left."""

        def drop(tx):
            whole = [held for held in held_rows.held_of(tx, peer, head.scope) if held.is_whole]
            key = head.scope, head.number
            broken_off = [held for held in held_rows.held_of(tx, peer) if not held.is_whole and (held.scope, held.number) != key]
            held_rows.drop_held(tx, peer, whole[:-1] + broken_off)
            fetch_rows.end_fetch(tx, peer, [held.root for held in broken_off])

        await trio.to_thread.run_sync(self._library.held.call, drop)
        return await self._recount(peer)

    async def _recount(self, peer):
        """Counts what a peer's backup takes; returns the bytes."""
        library = self._library
        self._counted[peer] = int(library.clock())

        def count():
            with library.store.read() as tx:
                found = held_rows.held_of(tx, peer)
            total = held_rows.count_bytes(library, [held.root for held in found]) + sum(map(held_rows.charge_of_row, found))
            library.held.call(lambda tx: tx.put(HELD_BYTES, peer, total) if found else tx.delete(HELD_BYTES, peer))
            return total

        return await trio.to_thread.run_sync(count)

    # -- answering

    async def _on_stat(self, call):
        peer = call.peer.node_id
        with self._library.store.read() as tx:
            found = [held for held in held_rows.held_of(tx, peer, peer) if held.is_whole]
            total = held_rows.bytes_held(tx, peer)
        newest = found[-1] if found else None
        allowed = self.allowed(peer) if self._may_hold(peer) else 0
        time, number = (newest.time, newest.number) if newest else (0, None)
        return {"number": number, "time": time, "bytes": total, "allowed": allowed, "snapshots": len(found)}

    async def _on_prove(self, call):
        labels, salt = _read(forms.read_prove, call.arguments)
        return {"proofs": await trio.to_thread.run_sync(self._proofs, call.peer.node_id, labels, salt)}

    def _proofs(self, peer, labels, salt):
        found = []
        with self._library.store.read() as tx:
            own = held_rows.held_of(tx, peer, peer)
        epochs = range(heads.open_head(own[-1].head).epoch + 1) if own else ()
        for label in labels:
            try:
                data = self._library.blocks.get(label)
                # What of this node's own is here is not for others to find out.
                found.append(digest_of(salt + data) if form.read(label, data).epoch in epochs else b"")
            except (MimeiError, StorageError) as error:
                self._is_spoilt = self._is_spoilt or isinstance(error, Damaged)
                found.append(b"")
        return found

    async def _on_drop(self, call):
        peer = call.peer.node_id
        scope = _read(forms.read_scope, call.arguments) or peer

        await self.forget(peer, scope)
        return {}

    async def _on_open(self, call):
        asked = _read(forms.read_opening, call.arguments)
        tries = self._tries.get(call.channel, 0)
        if tries >= OPENINGS_MAX:
            raise Refused("too-many", "So many backups were asked for over this connection. Connect again in a minute.")
        self._tries[call.channel] = tries + 1
        message = forms.open_message(self._library.node_key.id, call.channel.hash)
        if not call.channel.hash or not sodium.verify(asked.signature, message, asked.key):
            self._count("backup_refused", "signature")
            raise Refused("bad-signature", "The signature is not good: a backup is given to who holds the key of one of its readers.")
        found, held = await trio.to_thread.run_sync(self._readable, key_id(asked.key), asked.scope, asked.number, asked.node)
        if held is not None:
            below = self._below.setdefault(held.root, Below(self._library.blocks, held.root))
            self._opened.setdefault(call.channel, []).append(below)
            self._count("backup_opened")
        return {"found": [list(row) for row in found], "head": held and held.head}

    def _readable(self, reader, scope, number, node):
        """([forms.Found], newest first; the Held that is meant or None) for a reader's id."""
        found, chosen = [], {}
        with self._library.store.read() as tx:
            for peer, held in held_rows.all_held(tx):
                # A MiMei is asked for by its id; backups are listed.
                is_meant = held.scope == (scope or peer) and node in (None, peer)
                if is_meant and held.is_whole and reader in held.readers:
                    found.append(forms.Found(held.scope, held.number, held.time, held.size))
                    if number in (None, held.number):
                        # Newer ones come later; one MiMei may have been left here by several nodes.
                        before = chosen.get(held.scope)
                        chosen[held.scope] = held if before is None or before.number <= held.number else before
        found.reverse()
        return found[: forms.FOUND_MAX], next(iter(chosen.values())) if len(chosen) == 1 else None

    async def _on_get(self, call):
        if call.channel not in self._opened:
            raise Refused("forbidden", "Show first that a backup is yours: it is asked for with the key of one of its readers.")
        await self._blocks.get(call)

    def _check_friend(self, peer):
        if not self._may_hold(peer) or not self._most:
            self._count("backup_refused", "not-allowed")
            raise Refused("not-allowed", "This node does not hold your backups. Its owner can let you: leither peer set NAME --may backup.")

    def _count(self, name, why=None):
        if self._counters is not None:
            self._counters.add(name, **({} if why is None else {"why": why}))


class _Opened:
    """An asker of blocks (readable.py). Args: below ([Below] of what he opened)."""

    __slots__ = ("_below",)

    def __init__(self, below):
        self._below = below

    def may_have(self, label):
        return any(each.has(label) for each in self._below)


async def _tell(stream, state):
    """Says how far the fetch is, every second."""
    try:
        while True:
            await trio.sleep(TELL_S)
            await stream.send(forms.pack_message([state["done"], state["total"]]))
    except ChannelClosed:
        # The fetch learns of it, too.
        pass


def _itself(channel):
    async def connect():
        if not channel.is_open:
            raise ChannelClosed("closed", "The channel has ended.")
        return channel

    return connect


def _read_head(call):
    data = _read(forms.read_head_bytes, call.arguments)
    try:
        head = heads.open_head(data)
    except heads.BadHead as error:
        raise Refused(error.code, str(error)) from None
    if head.public_key != call.peer.public_key:
        raise Refused("bad-sealed-head", "A node leaves here what it sealed itself: this record is of another.")
    return head


def _drop_unfinished(tx, peer, head):
    found = held_rows.held_of(tx, peer, head.scope)
    held_rows.drop_held(tx, peer, [held for held in found if held.number == head.number and not held.is_whole])
    fetch_rows.end_fetch(tx, peer, [head.root])


def _read(reader, value):
    try:
        return reader(value)
    except BadAnswer as error:
        raise Refused("bad-question", str(error)) from None
