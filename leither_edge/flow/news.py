"""Tells other nodes of new versions: within a second of their being recorded, and again until they were heard.

Who follows is written down for friends, whose nodes are called for it; a stranger hears of it as long as his channel is open.
"""

import trio

from leither_edge.core.ids import ID_BYTES, key_id
from leither_edge.mimei.errors import MimeiError
from leither_edge.peer.channel.errors import Refused
from leither_edge.peer.errors import PeerError
from leither_edge.storage import StorageError

from . import told
from .heads import read
from .tables import FOLLOWERS

# Nodes told at a time: each waits for an answer, and some are gone.
AT_ONCE = 8
TELL_S = 15.0
# Those who did not hear it are called again.
AGAIN_S = 300.0
# What strangers follow, all together: some hundred bytes each.
STRANGERS_MAX = 1024


class News:
    """Args: library, heads (heads.Heads), peers (peer.peers.Peers), counters, followers_max (rows of friends)."""

    def __init__(self, library, heads, peers, counters, followers_max):
        self._library, self._heads, self._peers, self._counters = library, heads, peers, counters
        self._most = followers_max
        # {mid: {channel}} of strangers.
        self._strangers = {}
        self._pending, self._wanted, self._look, self._token = set(), trio.Event(), trio.Event(), None
        # {(mid, public key): what it heard of since the start}; {the same: an Event for its end}.
        self._heard = {}
        self._limiter, self._under_way, self._once_more = trio.CapacityLimiter(AT_ONCE), {}, set()

    def add_to(self, services):
        """Have peers follow."""
        services.add(told.FOLLOW, self._on_follow, for_strangers=True)
        services.add(told.UNFOLLOW, self._on_unfollow, for_strangers=True)

    def heard(self, mid, number):
        """A version was recorded or released; from any thread, as library.listeners are called."""
        token = self._token
        if token is not None:
            try:
                token.run_sync_soon(self._note, mid)
            except trio.RunFinishedError:
                pass

    async def run(self, task_status=trio.TASK_STATUS_IGNORED):
        """Until cancelled."""
        self._token = trio.lowlevel.current_trio_token()
        self._library.listeners.append(self.heard)
        self._peers.listeners.append(self._met)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._again)
                task_status.started()
                while True:
                    await self._wanted.wait()
                    self._wanted = trio.Event()
                    pending, self._pending = self._pending, set()
                    for mid in pending:
                        for task in await self._tasks(mid):
                            nursery.start_soon(*task)
        finally:
            self._token = None
            self._library.listeners.remove(self.heard)
            self._peers.listeners.remove(self._met)

    async def tell(self, mid):
        """Tell all who follow now, and wait until they heard or could not be reached; returns how many friends' nodes know."""
        async with trio.open_nursery() as nursery:
            for task in await self._tasks(mid):
                nursery.start_soon(*task)
        for name, over in list(self._under_way.items()):
            if name[0] == mid:
                await over.wait()
        return await trio.to_thread.run_sync(self._knowing, mid)

    def _knowing(self, mid):
        count = 0
        for key, number in self._read_rows(mid):
            try:
                newest = self._heads.number(self._session(bytes(key)), mid)
            except (MimeiError, StorageError):
                continue
            count += newest in (number, self._heard.get((mid, bytes(key))))
        return count

    def followers(self, mid):
        """[public key] of the friends' nodes that follow a MiMei."""
        with self._library.store.read() as tx:
            return [bytes(row[0]) for _, row in _rows(tx, mid)]

    def forget(self, tx, mid, node_id):
        """A node follows no more, in a change's transaction."""
        row = tx.get(FOLLOWERS, mid + node_id)
        if row is not None:
            self._heard.pop((mid, bytes(row[0])), None)
            tx.delete(FOLLOWERS, mid + node_id)

    def _note(self, mid):
        self._pending.add(mid)
        self._wanted.set()

    async def _tasks(self, mid):
        rows = await trio.to_thread.run_sync(self._read_rows, mid)
        found = [(self._tell_friend, mid, bytes(key)) for key, _ in rows]
        return found + [(self._tell_stranger, mid, channel) for channel in list(self._strangers.get(mid, ())) if channel.is_open]

    def _read_rows(self, mid):
        with self._library.store.read() as tx:
            return [row for _, row in _rows(tx, mid)]

    def _met(self, channel):
        """A channel has begun: what could not be told before is told now."""
        if channel.peer.is_friend:
            self._look.set()

    async def _again(self):
        # At once, too: versions may have been made while this node was not among others.
        while True:
            self._look = trio.Event()
            friends = {known.id for known in self._peers.book.rows() if known.is_friend}
            try:
                for mid in await trio.to_thread.run_sync(self._behind, friends):
                    self._note(mid)
            except StorageError:
                self._counters.add("mimei_news", result="not-looked")
            with trio.move_on_after(AGAIN_S):
                await self._look.wait()

    def _behind(self, friends):
        """Mids of which a friend's node was told nothing yet, or an older version; rows of those who are friends no more go."""
        with self._library.store.read() as tx:
            rows = [(bytes(key), row) for key, row in tx.scan(FOLLOWERS)]
        found, gone = set(), [name for name, _ in rows if name[ID_BYTES:] not in friends]
        if gone:
            self._library.held.call(lambda tx: [self.forget(tx, name[:ID_BYTES], name[ID_BYTES:]) for name in gone])
        for name, (key, number) in rows:
            mid = name[:ID_BYTES]
            if name in gone or mid in found:
                continue
            try:
                newest = self._heads.number(self._session(bytes(key)), mid)
            except (MimeiError, StorageError):
                continue
            if newest not in (number, self._heard.get((mid, bytes(key)))):
                found.add(mid)
        return found

    def _session(self, key):
        return self._library.acting_for(key, may_keep=True)

    async def _tell_friend(self, mid, key):
        # One call to a node for a MiMei at a time: what is newer by the end of it is told behind it.
        name = (mid, key)
        if name in self._under_way:
            self._once_more.add(name)
            return
        over = self._under_way[name] = trio.Event()
        try:
            async with self._limiter:
                head = await self._newest(key, mid)
                if head is None:
                    return
                with trio.move_on_after(TELL_S):
                    try:
                        channel = await self._peers.connect(key)
                    except PeerError:
                        self._counters.add("mimei_news", result="unreachable")
                        return
                    if await self._say(channel, mid, head):
                        number = head.manifest.number
                        # A power cut costs telling it once more; a flush of the medium for each would cost more.
                        self._heard[name] = number
                        try:
                            await trio.to_thread.run_sync(self._library.held.call, lambda tx: _heard(tx, mid, key, number), False)
                        except StorageError:
                            self._counters.add("mimei_news", result="not-noted")
        finally:
            del self._under_way[name]
            over.set()
            if name in self._once_more:
                self._once_more.discard(name)
                self._note(mid)

    async def _tell_stranger(self, mid, channel):
        async with self._limiter:
            head = await self._newest(channel.peer.public_key, mid)
            if head is not None:
                with trio.move_on_after(TELL_S):
                    await self._say(channel, mid, head)

    async def _newest(self, key, mid):
        try:
            return await trio.to_thread.run_sync(self._heads.newest, self._session(key), mid)
        except (MimeiError, StorageError):
            # Deleted, or he may not read it any more.
            return None

    async def _say(self, channel, mid, head):
        try:
            await channel.call(told.NEW, {"mid": mid, "head": told.head_answer(head.data, head.release, head.guest)}, timeout_s=TELL_S)
        except PeerError as error:
            self._counters.add("mimei_news", result="refused" if isinstance(error, Refused) else "lost")
            return False
        self._counters.add("mimei_news", result="heard")
        return True

    # What followers ask

    async def _on_follow(self, call):
        mids = read(told.read_mids, call.arguments)
        numbers = await trio.to_thread.run_sync(self._numbers, call.peer, mids)
        for mid, number in zip(mids, numbers, strict=True):
            if number is not None and not call.peer.is_friend:
                self._let_in(mid, call.channel)
        return {"numbers": numbers}

    def _numbers(self, peer, mids):
        found, session = [], self._heads.session_of(peer)
        for mid in mids:
            try:
                found.append(self._heads.number(session, mid))
            except (MimeiError, StorageError):
                found.append(None)
        if peer.is_friend and self._are_news(peer, mids, found):
            self._library.held.call(lambda tx: self._write_rows(tx, peer.public_key, mids, found))
        return found

    def _are_news(self, peer, mids, numbers):
        """Whether the rows say otherwise: every follower asks again now and then."""
        with self._library.store.read() as tx:
            rows = [tx.get(FOLLOWERS, mid + peer.node_id) for mid in mids]
        return any(number is not None and (row is None or row[1] != number) for row, number in zip(rows, numbers, strict=True))

    def _write_rows(self, tx, key, mids, numbers):
        for mid, number in zip(mids, numbers, strict=True):
            if number is not None and (tx.get(FOLLOWERS, mid + key_id(key)) is not None or tx.count(FOLLOWERS) < self._most):
                # What it asks for now it hears of now.
                tx.put(FOLLOWERS, mid + key_id(key), [key, number])

    def _let_in(self, mid, channel):
        for each in list(self._strangers):
            self._strangers[each] = {one for one in self._strangers[each] if one.is_open}
            if not self._strangers[each]:
                del self._strangers[each]
        if sum(map(len, self._strangers.values())) < STRANGERS_MAX:
            self._strangers.setdefault(mid, set()).add(channel)

    async def _on_unfollow(self, call):
        mids, node_id = read(told.read_mids, call.arguments), call.peer.node_id
        for mid in mids:
            self._strangers.get(mid, set()).discard(call.channel)
        await trio.to_thread.run_sync(self._library.held.call, lambda tx: [self.forget(tx, mid, node_id) for mid in mids])
        return {}


def _rows(tx, mid):
    for key, row in tx.scan(FOLLOWERS, start=mid):
        if key[:ID_BYTES] != mid:
            return
        yield key, row


def _heard(tx, mid, key, number):
    if tx.get(FOLLOWERS, mid + key_id(key)) is not None:
        tx.put(FOLLOWERS, mid + key_id(key), [key, number])
