"""The node that is backed up: a snapshot soon after every change, pushed to every holder; pieces asked back; how all of it fares."""

from collections import namedtuple

import trio

from leither_edge.core.ids import key_id
from leither_edge.flow.errors import BadAnswer, Full
from leither_edge.flow.tables import BACKUPS
from leither_edge.mimei.errors import MimeiError, NotFound
from leither_edge.mimei.ipld.block_hash import digest_of
from leither_edge.mimei.sealed.head import open_head
from leither_edge.mimei.snapshot import making
from leither_edge.mimei.tables import VERSIONS
from leither_edge.peer.errors import PeerError
from leither_edge.storage import StorageError

from . import forms

HOLDERS_MAX = 16
# After a change so long is waited for more of them; a minute is promised.
SETTLE_S, LOOK_S = 10, 30
REST_TIMES, REST_MAX_S = 9, 600
# What databases and streams hold beyond their last version is frozen so often.
CUR_EVERY_S = 3600
CHECK_EVERY_S = 86400
RETRY_MIN_S, RETRY_MAX_S = 60, 3600
# Rows of what is sealed and no longer reached are looked for so often.
SWEEP_EVERY_S, STEP_PAUSE_S = 7 * 86400, 0.02
PIECES = 16
CALL_S = 60.0
FAILURES = (PeerError, MimeiError, StorageError, BadAnswer)

# peer: node id. number, time, bytes: of what the holder had last (None and 0 before). versions: rows of versions then. checked: s, 0 for
# never; asked, same: pieces of the last check. error: sentence, "" where all is well.
Kept = namedtuple("Kept", "peer public_key name since number time bytes versions checked asked same error")
# What came of a push. sent: bytes that went out for it, 0 where all was there.
Pushed = namedtuple("Pushed", "snapshot bytes sent")


class Keeping:
    """Args: library, sealed (SealedBlocks of it, which this node's blocks.get serves), connect (async (public key) -> Channel; raises
    PeerError), owners (-> [public key] of who may restore; the node's own key may, too), more_tables (rows of others that belong to the
    backup), log.
    Attribute before: function called in a worker thread before each snapshot is made, or None.
    """

    def __init__(self, library, sealed, connect, owners, *, more_tables=(), log=None):
        self._library, self._sealed, self._connect, self._owners = library, sealed, connect, owners
        self._more_tables, self._log, self.before = more_tables, log, None
        self._lock = trio.Lock()
        self._wake = None
        self._retry = {}
        self._cur_at = self._swept_at = self._making_s = 0
        library.keepers.append(making.keeper)
        library.listeners.append(self._changed)

    # -- whom

    def holders(self):
        """[Kept]."""
        with self._library.store.read() as tx:
            return [_kept(key, row) for key, row in tx.scan(BACKUPS)]

    def behind(self, kept):
        """How many versions a holder does not have yet."""
        with self._library.store.read() as tx:
            return max(0, tx.count(VERSIONS) - kept.versions)

    async def add(self, public_key, name):
        """Has a node hold this one's backup from now on; what there is goes with the next push. Raises Full."""
        peer, now = key_id(public_key), int(self._library.clock())

        def put(tx):
            if tx.get(BACKUPS, peer) is None:
                if tx.count(BACKUPS) >= HOLDERS_MAX:
                    raise Full(f"{HOLDERS_MAX} nodes hold backups of this one already. Stop one of them first.")
                _put(tx, Kept(peer, public_key, name, now, None, 0, 0, 0, 0, 0, 0, ""))

        await self._library.held.commit(put)

    async def remove(self, public_key):
        """Ends it, and asks the node to forget what it holds, if it can be reached. Raises NotFound."""
        peer = key_id(public_key)
        if not await self._library.held.commit(lambda tx: tx.delete(BACKUPS, peer)):
            raise NotFound("No backup of this node is kept there.")
        if not await trio.to_thread.run_sync(self.holders):
            async with self._lock:
                await self._let_go()
        try:
            with trio.fail_after(CALL_S):
                await (await self._connect(public_key)).call(forms.DROP, {"scope": None})
        except (PeerError, trio.TooSlowError):
            # It keeps what it has, which nobody but the owner can read, until its owner forgets this node.
            pass

    # -- pushing

    async def push(self, public_key, progress=None, with_cur=True):
        """Pushed: brings a holder up to now. Args: progress (dict of facts -> None). Raises Refused and others of FAILURES."""
        peer = key_id(public_key)
        async with self._lock:
            try:
                found = await self._push(public_key, progress or _nothing, with_cur)
            except FAILURES as error:
                await self._note(peer, error=str(error))
                raise
        return found

    async def check(self, public_key):
        """(pieces asked for, how many the holder proved to have): drawn at random, compared with what they must be. Raises as push."""
        peer, library = key_id(public_key), self._library
        scope = library.node_key.id
        with library.store.read() as tx:
            row, snapshot = tx.get(BACKUPS, peer), making.read_snapshot(tx, scope)
        if row is not None and snapshot is not None and snapshot.head and _kept(peer, row).number != open_head(snapshot.head).number:
            # What it never had is not missing there.
            snapshot = (await self.push(public_key, with_cur=False)).snapshot
        channel = await self._connect(public_key)
        labels = [] if snapshot is None else await trio.to_thread.run_sync(self._sealed.some, scope, snapshot.root, PIECES)
        same = 0
        if labels:
            salt = library.random_bytes(forms.SALT_BYTES)
            answer = await channel.call(forms.PROVE, {"labels": labels, "salt": salt}, timeout_s=CALL_S)
            proofs = forms.read_proofs(answer, len(labels))
            same = await trio.to_thread.run_sync(self._compared, labels, salt, proofs)
        error = "" if same == len(labels) else f"{len(labels) - same} of {len(labels)} pieces were missing or spoilt."
        await self._note(peer, checked=int(library.clock()), asked=len(labels), same=same, error=error)
        return len(labels), same

    async def stat_of(self, public_key):
        """The forms.HeldOf that a holder tells of. Raises as push."""
        return forms.read_stat(await (await self._connect(public_key)).call(forms.STAT, timeout_s=CALL_S))

    async def run(self):
        """Keeps all holders up to date, until cancelled."""
        token, self._event = trio.lowlevel.current_trio_token(), trio.Event()

        def wake():
            try:
                token.run_sync_soon(lambda: self._event.set())
            except trio.RunFinishedError:
                pass

        self._wake, mark = wake, None
        try:
            while True:
                with trio.move_on_after(LOOK_S):
                    await self._event.wait()
                if self._event.is_set() or self._mark() != mark:
                    # Sealing takes a tenth of a slow CPU at most, however often something changes.
                    await trio.sleep(max(SETTLE_S, min(REST_MAX_S, REST_TIMES * self._making_s)))
                    self._event, mark = trio.Event(), self._mark()
                    await self._push_all(True)
                else:
                    # Pins and names change nothing that is told of; and a holder that is gone is noticed.
                    await self._push_all(self._library.clock() - self._cur_at > CUR_EVERY_S)
                await self._check_some()
                await self._sweep()
        finally:
            self._wake = None

    def _mark(self):
        return self._library.changes, self._library.epoch, tuple(self._owners())

    def _changed(self, mid, number):
        if self._wake is not None:
            self._wake()

    async def _push_all(self, is_changed):
        for kept in await trio.to_thread.run_sync(self.holders):
            now, retry = trio.current_time(), self._retry.get(kept.peer)
            if now < retry[0] if retry is not None else not (is_changed or kept.number is None):
                continue
            with_cur = self._library.clock() - self._cur_at > CUR_EVERY_S
            try:
                await self.push(kept.public_key, with_cur=with_cur)
                self._retry.pop(kept.peer, None)
            except FAILURES as error:
                wait = RETRY_MIN_S if retry is None else min(RETRY_MAX_S, 2 * retry[1])
                self._retry[kept.peer] = now + wait, wait
                if self._log is not None:
                    self._log.warning("backup-push", holder=kept.name, reason=str(error))

    async def _check_some(self):
        for kept in await trio.to_thread.run_sync(self.holders):
            if kept.number is not None and self._library.clock() - max(kept.checked, kept.since) > CHECK_EVERY_S:
                try:
                    asked, same = await self.check(kept.public_key)
                    if same < asked:
                        await self.push(kept.public_key, with_cur=False)
                except FAILURES as error:
                    await self._note(kept.peer, checked=int(self._library.clock()), error=str(error))

    async def _let_go(self):
        """Nobody holds this node's backup: what it names that was deleted since then may go, and rows of what was sealed."""
        library = self._library
        scope = library.node_key.id
        await library.held.commit(lambda tx: tx.delete(making.SNAPSHOTS, scope))
        await each_step(self._sealed.sweep(scope, []))

    async def _sweep(self):
        library, now = self._library, self._library.clock()
        if not self._swept_at:
            self._swept_at = now
        if now - self._swept_at < SWEEP_EVERY_S:
            return
        self._swept_at = now
        async with self._lock:
            with library.store.read() as tx:
                found = making.read_snapshot(tx, library.node_key.id)
            if found is not None:
                await each_step(self._sealed.sweep(library.node_key.id, [found.root]))

    async def _push(self, public_key, progress, with_cur):
        library, peer = self._library, key_id(public_key)
        progress({"doing": "Sealing"})
        # Before anything is read: what changes from here on is not in it, perhaps.
        with library.store.read() as tx:
            versions = tx.count(VERSIONS)
        began = trio.current_time()
        snapshot = await trio.to_thread.run_sync(self._make, with_cur)
        self._making_s = trio.current_time() - began
        if with_cur:
            self._cur_at = library.clock()
        progress({"doing": "Connecting"})
        channel = await self._connect(public_key)
        with library.store.read() as tx:
            row = tx.get(BACKUPS, peer)
        known = row and _kept(peer, row)
        size, sent = await pushed_to(channel, snapshot.head, progress, bool(known and known.same < known.asked))
        number = open_head(snapshot.head).number
        await self._note(peer, number=number, time=snapshot.time, bytes=size, versions=versions, asked=0, same=0, error="")
        return Pushed(snapshot, size, sent)

    def _make(self, with_cur):
        if self.before is not None:
            self.before()
        readers = [self._library.node_key.public_key, *self._owners()]
        return making.make_snapshot(self._library, self._sealed, readers, self._more_tables, with_cur)

    def _compared(self, labels, salt, proofs):
        same = 0
        for label, proof in zip(labels, proofs, strict=True):
            same += proof == digest_of(salt + self._sealed.get(label))
        return same

    async def _note(self, peer, **changed):
        def put(tx):
            row = tx.get(BACKUPS, peer)
            if row is not None:
                _put(tx, _kept(peer, row)._replace(**changed))

        await self._library.held.commit(put)


async def each_step(steps):
    """Has a generator do its steps in worker threads, with pauses."""
    while await trio.to_thread.run_sync(next, steps, steps) is not steps:
        await trio.sleep(STEP_PAUSE_S)


async def pushed_to(channel, head, progress, is_anew=False):
    """The forms.Whole once a holder has all that a head names. Raises PeerError, BadAnswer.

    Args: is_anew (it lacked something of what it should have: it looks for what is missing in all of it).
    """
    async with channel.open(forms.PUSH, {"head": head, "anew": is_anew}) as stream:
        while True:
            size = forms.message_bytes(await stream.receive_exactly(2))
            found = forms.read_message(await stream.receive_exactly(size))
            if isinstance(found, forms.Whole):
                return found
            progress({"doing": "Backing up", "done": found.done, "total": found.total})


def _kept(peer, row):
    return Kept(peer, *row)


def _put(tx, kept):
    tx.put(BACKUPS, kept.peer, list(kept[1:]))


def _nothing(facts):
    pass
