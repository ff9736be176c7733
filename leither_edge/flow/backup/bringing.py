"""A restore: what is missing is asked for, opened and kept, until all is here; then the rows are made, and the node is what it was.

A restore that was broken off goes on where it was: by the rows of mimei/snapshot/fetching.py.
"""

from collections import deque, namedtuple

import trio

from leither_edge.core.ids import id_to_text, key_id
from leither_edge.flow import blocks_wire as wire
from leither_edge.flow.errors import BadAnswer, NoSource
from leither_edge.mimei.errors import BadInput, Busy, NotFound
from leither_edge.mimei.sealed import head as heads
from leither_edge.mimei.snapshot import fetching, rebuilding
from leither_edge.peer.channel.errors import Refused
from leither_edge.peer.errors import PeerError

from . import forms

# Wants on their way; what of them is gathered before it is made durable.
AHEAD = 64
BATCH_BLOCKS, BATCH_BYTES = 128, 1 << 20
CALL_S = 60.0
# A holder that went away, or has much to do, is asked again so often, each time after twice as long; a try that brought something begins
# to count anew.
TRIES, PAUSE_S = 5, 3
MEBI_STEP = 1 << 20

# time: of the snapshot, s. bytes: that came. kept: mids that were here before. failed: [(mid, why)] of those that are not whole in it.
Brought = namedtuple("Brought", "mimei versions time bytes kept failed scope")
# head: SealedHead. unlocked: head.Unlocked. work: fetching.Fetching, all of which is here.
Came = namedtuple("Came", "head unlocked work")


class Bringing:
    """Args: library, sealed (SealedBlocks of it), connect (async (public key) -> Channel), more_tables (as for Keeping), trusted_tables
    (those that come back only where it is known who made the backup), log.
    """

    def __init__(self, library, sealed, connect, *, more_tables=(), trusted_tables=(), log=None):
        self._library, self._sealed, self._connect = library, sealed, connect
        self._more_tables, self._trusted_tables, self._log = more_tables, trusted_tables, log
        library.keepers.append(fetching.keeper(library.clock))

    async def found(self, public_key, key):
        """[forms.Found] that a node holds for a reader. Args: public_key (the holder's), key (KeyPair of the reader). Raises PeerError."""
        return (await self._open(await self._connect(public_key), key, None, None, None))[0]

    async def restore(self, public_key, key, *, scope=None, number=None, progress=None):
        """Brought: all of a backup is here.

        Args: public_key (the holder's), key (KeyPair of a reader), scope (node id of whose backup; None: the only one that is there),
        number (of the snapshot; None: the newest), progress (dict of facts -> None).
        Raises NotFound (no backup for that key), BadInput (of several nodes: say which), Forbidden, BadBlock, NoSource, QuotaReached,
        PeerError.
        """
        progress = progress or _nothing
        user = self._library.node_key.id
        came = await self.bring(public_key, key, user, scope=scope, number=number, node=scope, progress=progress)
        # Anybody can seal something for a key. It is known whose backup this is where that node was named, or has this key.
        is_known = scope is not None or came.head.public_key == key.public_key
        more_tables = (*self._more_tables, *(self._trusted_tables if is_known else ()))
        return await trio.to_thread.run_sync(self._rebuild, came, more_tables, progress)

    async def bring(self, public_key, key, user, *, scope=None, number=None, node=None, known=None, progress=None):
        """Came: what a node holds for a reader is here, opened; `came.work.finish()` once it is entered somewhere.

        Args: as restore; user (20 bytes, who is charged), scope (a mid, too), node (id of the node that must have left it there; of a
        backup that is the scope), known (plain root: where it is still that, nothing is brought, and the answer is None).
        """
        progress = progress or _nothing
        progress({"doing": "Looking for the backup"})
        way = _Way(public_key, key, scope, number, node, known)
        try:
            await self._bring(way, user, progress)
        finally:
            if way.work is not None:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(way.work.close)
        return None if way.work is None else Came(way.head, way.unlocked, way.work)

    async def _bring(self, way, user, progress):
        tries = 0
        while True:
            before = None if way.work is None else way.work.state().bytes
            try:
                channel = await self._connect(way.holder)
                found, data = await self._open(channel, way.key, way.scope, way.number, way.node)
                if way.head is None:
                    way.head = _chosen(found, data, way.scope, way.node)
                    # From now on this very one, whatever is pushed meanwhile.
                    way.scope, way.number = way.head.scope, way.head.number
                    way.unlocked = await trio.to_thread.run_sync(heads.unlock, way.head, way.key)
                    if way.unlocked.root == way.known:
                        return
                    way.work = await trio.to_thread.run_sync(fetching.Fetching, self._library, way.head, way.unlocked, user)
                await _Asking(way.work, progress, way.head.size).run(channel)
                return
            except (PeerError, NoSource) as error:
                if way.work is None or isinstance(error, Refused) and error.code != "busy":
                    raise
                way.work.give_all_back()
                tries = 0 if before is not None and way.work.state().bytes > before else tries + 1
                if tries >= TRIES:
                    raise NoSource(f"The backup stopped coming: {error} What came is kept; the same command goes on from there.") from None
                await trio.sleep(PAUSE_S * (1 << tries))

    async def _open(self, channel, key, scope, number, node):
        # A key that lies elsewhere takes its time.
        signature = await trio.to_thread.run_sync(key.sign, forms.open_message(channel.peer.node_id, channel.hash))
        asked = {"key": key.public_key, "signature": signature, "scope": scope, "number": number, "node": node}
        return forms.read_opened(await channel.call(forms.OPEN, asked, timeout_s=CALL_S))

    def _rebuild(self, came, more_tables, progress):
        head, unlocked, work = came
        library, state = self._library, work.state()

        def tell(count):
            trio.from_thread.run_sync(progress, {"doing": "Rebuilding", "note": f"{count} MiMei"})

        rebuilt = rebuilding.rebuild(library, unlocked.root, more_tables, tell)
        if head.scope == library.node_key.id:
            # The same node: it goes on with its keys, so that the next backup costs what is new.
            self._sealed.take_over(head.scope, head.number, unlocked.secrets, [reader for reader, _ in head.boxes])
        try:
            for _ in rebuilding.recount(library):
                pass
        except Busy:
            # A collection runs, and counts itself.
            pass
        work.finish()
        return Brought(rebuilt.mimei, rebuilt.versions, head.time, state.bytes, rebuilt.kept, rebuilt.failed, head.scope)


class _Way:
    """What is asked of whom, and how far it is: head, unlocked, work, None until there is one."""

    __slots__ = ("head", "holder", "key", "known", "node", "number", "scope", "unlocked", "work")

    def __init__(self, holder, key, scope, number, node, known):
        self.holder, self.key, self.scope, self.number, self.node, self.known = holder, key, scope, number, node, known
        self.head = self.unlocked = self.work = None


def _chosen(found, data, scope, node):
    """The SealedHead that was meant, of what a holder has. Raises NotFound, BadInput, BadAnswer."""
    if not found:
        raise NotFound("That node holds nothing that your key opens. Name another node, or another key.", "no-backup")
    if data is None:
        named = ", ".join(dict.fromkeys(id_to_text(row.scope) for row in found))
        raise BadInput(f"That node holds backups of several of your nodes: {named}. Say which one.", "several-backups")
    head = heads.open_head(data)
    maker = key_id(head.public_key)
    # A backup is made by the node that it is of; a MiMei may be left there by any node, and its manifests say whose it is.
    good = maker == head.scope if scope is None else head.scope == scope and node in (None, maker)
    if not good:
        raise BadAnswer("The node gave another record than it was asked for.")
    return head


class _Asking:
    """One stream of a restore. Args: work (Fetching), progress, size (bytes that the holder's record states)."""

    def __init__(self, work, progress, size):
        self._work, self._progress, self._size = work, progress, size
        self._asked, self._came, self._bytes, self._told = deque(), [], 0, -MEBI_STEP
        # [(Wanted, bytes, [label of its parts])] of large ones, which are links alone until their parts come.
        self._large = []

    async def run(self, channel):
        """Returns when all is here. Raises PeerError, NoSource, BadBlock, BadAnswer, QuotaReached."""
        try:
            async with channel.open(forms.GET) as stream:
                while await self._ask(stream):
                    wanted = self._asked.popleft()
                    data = await self._receive(stream, wanted)
                    self._came.append((wanted, data))
                    self._bytes += len(data)
                    if self._bytes >= BATCH_BYTES or len(self._came) >= BATCH_BLOCKS or not self._asked:
                        await self._keep()
        except wire.BadWire as error:
            raise BadAnswer(str(error)) from None
        except (PeerError, NoSource):
            with trio.CancelScope(shield=True):
                # What came until now is worth keeping.
                await self._keep()
            raise

    async def _ask(self, stream):
        """Tops up what is on its way; returns whether something is."""
        if self._large and not self._asked:
            await self._keep()
            await self._take_large(stream)
        # Parts come behind all that was asked before: then nothing else is on its way.
        if len(self._asked) < AHEAD // 2 and not self._large:
            wanted = await trio.to_thread.run_sync(self._work.wanted, AHEAD - len(self._asked))
            if wanted:
                self._asked.extend(wanted)
                await stream.send(b"".join(wire.want(item.sealed_label) for item in wanted))
            elif not self._asked and (self._came or self._large):
                await self._keep()
                return await self._ask(stream)
        return bool(self._asked)

    async def _receive(self, stream, wanted):
        what, size = wire.read_answer(await stream.receive_exactly(wire.ANSWER.size))
        if what != wire.GIVEN:
            raise NoSource("The node has not got all of the backup any more.")
        data = bytes(await stream.receive_exactly(size))
        if (await stream.receive_exactly(1))[0] != wire.GOOD:
            raise NoSource("The medium of the node that holds the backup has spoilt a part of it.")
        return data

    async def _keep(self):
        """Makes durable what came; blocks in parts are put aside."""
        came, self._came, self._bytes = self._came, [], 0
        plain = []
        for wanted, data in came:
            parts = self._work.parts_of(wanted, data)
            if parts:
                self._large.append((wanted, data, parts))
            else:
                plain.append((wanted, data))
        if plain:
            await self._take(plain, {})

    async def _take_large(self, stream):
        """Fetches the parts of blocks that were put aside, of one at a time."""
        while self._large:
            wanted, data, parts = self._large[-1]
            await stream.send(b"".join(wire.want(label) for label in parts))
            found = {label: await self._receive(stream, label) for label in parts}
            await self._take([(wanted, data)], found)
            self._large.pop()

    async def _take(self, came, parts):
        await trio.to_thread.run_sync(self._work.take, came, parts)
        state = self._work.state()
        if state.bytes - self._told >= MEBI_STEP or state.is_here:
            self._told = state.bytes
            self._progress({"doing": "Restoring", "done": state.bytes, "total": max(self._size, state.bytes)})


def _nothing(facts):
    pass


