"""Single MiMei left sealed with nodes that may not read them, for readers who may: renewed with every version, taken by a reader's key.

Whoever is let go reads no version after that: the next one begins a new epoch. What he could read before, he may have kept anyway.
"""

from collections import namedtuple

import trio

from leither_edge.core.ids import key_id
from leither_edge.flow.errors import Full
from leither_edge.flow.tables import LEFT_WITH
from leither_edge.mimei import info
from leither_edge.mimei.errors import MimeiError, NotFound
from leither_edge.mimei.snapshot import one_mimei
from leither_edge.peer.errors import PeerError
from leither_edge.storage import StorageError

from . import forms
from .keeping import CALL_S, FAILURES, SWEEP_EVERY_S, each_step, pushed_to

LEFT_MAX = 256
SETTLE_S, AGAIN_S = 2, 300

# mid, node_id: what, with whom. public_key: the node's. by: public key of who had it left there. number: of the version, None: not yet.
# time: s. bytes: that all of this node's things take there. error: sentence, "" where all is well.
Left = namedtuple("Left", "mid node_id public_key by number time bytes error")
# left: Left. unknown: ids of members for whom it could not be sealed, as this node does not know their keys.
Leave = namedtuple("Leave", "left unknown")


class Leaving:
    """Args: library, sealed (SealedBlocks), connect (async (public key) -> Channel), bringing (Bringing), key_of (node id -> public key or
    None, of whom the address book knows), log.
    """

    def __init__(self, library, sealed, connect, bringing, *, key_of=None, log=None):
        self._library, self._sealed, self._connect, self._bringing = library, sealed, connect, bringing
        self._key_of, self._log = key_of, log
        self._event, self._token, self._due = trio.Event(), trio.lowlevel.current_trio_token(), set()
        # One at a time: what was brought by half of a MiMei is one row. {(mid, user): root of what was taken last}.
        self._taking, self._taken = trio.Lock(), {}
        # Rows of what is being sealed are not swept.
        self._sealing, self._swept_at = trio.Lock(), library.clock()
        library.keepers.append(one_mimei.keeper)
        library.listeners.append(self._changed)

    def all(self, session=None, mid=None):
        """[Left], of one MiMei or of all. Args: session (only what it may say about; None: all)."""
        library = self._library
        with library.store.read() as tx:
            found = [_left(key, row) for key, row in tx.scan(LEFT_WITH, start=mid) if mid is None or key.startswith(mid)]
            if session is not None:
                found = [left for left in found if _may(library, tx, session, left.mid)]
        return found

    async def leave(self, session, mid, public_key, progress=None):
        """Leave: a MiMei lies sealed with another node, and is renewed there with each version from now on.

        Args: public_key (of the node), progress (dict of facts -> None). Raises Forbidden, NotFound, Full, and what Keeping.push does.
        """
        mid, library, node_id = info.check_id(mid), self._library, key_id(public_key)

        def put(tx):
            library.permitted(tx, session, mid, "set-right")
            if tx.get(LEFT_WITH, mid + node_id) is None:
                if tx.count(LEFT_WITH) >= LEFT_MAX:
                    raise Full(f"{LEFT_MAX} MiMei are left with others already. Take one back first.")
                _put(tx, Left(mid, node_id, public_key, session.public_key, None, 0, 0, ""))

        await library.held.commit(put)
        return await self._renew(mid, public_key, progress or _nothing)

    async def take_back(self, session, mid, public_key):
        """Ends that; the node is asked to forget it, if it can be reached. Raises NotFound, Forbidden."""
        mid, library, key = info.check_id(mid), self._library, info.check_id(mid) + key_id(public_key)

        def drop(tx):
            library.permitted(tx, session, mid, "set-right")
            if not tx.delete(LEFT_WITH, key):
                raise NotFound("This MiMei is not left with that node.")

        await library.held.commit(drop)
        if not self.all(mid=mid):
            await trio.to_thread.run_sync(one_mimei.forget_mimei, library, self._sealed, mid)
        try:
            with trio.fail_after(CALL_S):
                await (await self._connect(public_key)).call(forms.DROP, {"scope": mid})
        except (PeerError, trio.TooSlowError):
            # It keeps what it cannot read, until its owner forgets this node.
            pass

    async def take(self, session, mid, public_key, key, *, node=None, progress=None):
        """taking.Taken: the newest version that lies sealed with a node is the caller's.

        Args: mid, public_key (of the node that holds it), key (KeyPair of a reader), node (id of the node that left it there, or None).
        Raises NotFound (nothing there for that key), BadBlock, BadManifest, Conflict, Forbidden, NoSource, QuotaReached, PeerError.
        """
        mid = info.check_id(mid)
        async with self._taking:
            taken, _ = await self._take(session, mid, public_key, key, node, progress)
        return taken

    async def take_own(self, session, mid, public_key, author=None, progress=None):
        """(taking.Taken, or None where nothing is new; bytes that came): as take, by this node's key, for who asks again and again.

        Args: author (public key; what his node left there goes before what others left, or None). Raises as take.
        """
        key = self._library.node_key
        async with self._taking:
            if author is not None:
                try:
                    return await self._take(session, mid, public_key, key, key_id(author), progress, True)
                except NotFound:
                    # His versions are signed, whoever left them there.
                    pass
            return await self._take(session, mid, public_key, key, None, progress, True)

    async def _take(self, session, mid, public_key, key, node, progress, is_new_alone=False):
        library = self._library
        await trio.to_thread.run_sync(library.check_taking, session, mid)
        user = library.user_of(session)
        known = self._taken.get((mid, user)) if is_new_alone else None
        came = await self._bringing.bring(public_key, key, user, scope=mid, node=node, known=known, progress=progress)
        if came is None:
            return None, 0
        size = came.work.state().bytes
        taken = await trio.to_thread.run_sync(one_mimei.take_mimei, library, session, came.unlocked.root, mid)
        await trio.to_thread.run_sync(came.work.finish)
        if len(self._taken) >= LEFT_MAX:
            self._taken.clear()
        self._taken[mid, user] = came.unlocked.root
        return taken, size

    async def run(self):
        """Renews what is left with others as versions come, until cancelled."""
        while True:
            with trio.move_on_after(AGAIN_S):
                await self._event.wait()
                await trio.sleep(SETTLE_S)
            due, self._due, self._event = self._due, set(), trio.Event()
            for left in await trio.to_thread.run_sync(self.all):
                if left.mid in due or left.error or left.number is None:
                    try:
                        await self._renew(left.mid, left.public_key, _nothing)
                    except FAILURES as error:
                        if self._log is not None:
                            self._log.warning("sealed-push", reason=str(error))
            if self._library.clock() - self._swept_at >= SWEEP_EVERY_S:
                self._swept_at = self._library.clock()
                await self._sweep()

    async def _sweep(self):
        """Takes away rows of what was sealed and belongs to no newest version any more."""
        for mid in {left.mid for left in await trio.to_thread.run_sync(self.all)}:
            async with self._sealing:
                with self._library.store.read() as tx:
                    root = one_mimei.sealed_root_of(tx, mid)
                if root is not None:
                    await each_step(self._sealed.sweep(mid, [root]))

    async def _renew(self, mid, public_key, progress):
        library, node_id = self._library, key_id(public_key)
        try:
            progress({"doing": "Sealing"})
            async with self._sealing:
                made, unknown = await trio.to_thread.run_sync(self._seal, mid)
            progress({"doing": "Connecting"})
            channel = await self._connect(public_key)
            size, _ = await pushed_to(channel, made.head, progress)
        except (PeerError, MimeiError, StorageError) as error:
            await self._note(mid, node_id, error=str(error))
            raise
        left = await self._note(mid, node_id, number=made.number, time=int(library.clock()), bytes=size, error="")
        return Leave(left, unknown)

    def _seal(self, mid):
        readers, unknown = one_mimei.readers_of(self._library, mid, self._key_of)
        return one_mimei.seal_mimei(self._library, self._sealed, mid, readers), unknown

    def _changed(self, mid, number):
        def tell():
            self._due.add(mid)
            self._event.set()

        try:
            self._token.run_sync_soon(tell)
        except trio.RunFinishedError:
            pass

    async def _note(self, mid, node_id, **changed):
        def put(tx):
            row = tx.get(LEFT_WITH, mid + node_id)
            if row is None:
                return None
            left = _left(mid + node_id, row)._replace(**changed)
            _put(tx, left)
            return left

        return await self._library.held.commit(put)


def _may(library, tx, session, mid):
    try:
        library.permitted(tx, session, mid, "set-right")
    except MimeiError:
        return False
    return True


def _left(key, row):
    return Left(key[:20], key[20:], *row)


def _put(tx, left):
    tx.put(LEFT_WITH, left.mid + left.node_id, list(left[2:]))


def _nothing(facts):
    pass
