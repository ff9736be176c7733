"""Follows MiMei of other nodes: a channel to who has them stays open, what is new is fetched as soon as it is told, lost news made good.

A node tells of a new version by itself (news.py). After every break, and now and then, it is asked for its newest; so nothing is missed.
"""

import trio

from leither_edge.core.ids import id_to_text, key_id, public_key_to_text
from leither_edge.mimei.errors import MimeiError
from leither_edge.mimei.rights import ALL as ALL_RIGHTS
from leither_edge.peer.channel.errors import Refused
from leither_edge.peer.errors import PeerError
from leither_edge.storage import StorageError

from . import told
from .chain import FORK
from .follow_rows import SOURCES_MAX, change_follow, problem_of, scan_follows
from .heads import read
from .sources import PeerSource

# Every source is asked so often though nothing was told.
ASK_EVERY_S = 300.0
# After a failure, twice as long each time.
AGAIN_S, AGAIN_MAX_S = 5.0, 300.0
CALL_S = 20.0
# MiMei fetched at a time.
FETCHED_AT_ONCE = 2


class Following:
    """Args: library, syncing (syncing.Syncing), finding (finding.Finding), peers (peer.peers.Peers), counters, log,
    watched_max (nodes whose channels are kept open), may_keep (function of a public key: whether that user may keep content here).
    """

    def __init__(self, library, syncing, finding, peers, counters, log, watched_max, may_keep):
        self._library, self._syncing, self._finding, self._peers = library, syncing, finding, peers
        self._counters, self._log, self._watched_max, self._may_keep = counters, log, watched_max, may_keep
        self._watched, self._changed = {}, trio.Event()
        # {(mid, user): {source: head}} waiting to be fetched; those under way.
        self._due, self._fetching = {}, set()
        self._nursery = None
        self._limiter = trio.CapacityLimiter(FETCHED_AT_ONCE)

    def add_to(self, services):
        """Have peers tell of new versions; who is no friend may be a provider all the same."""
        services.add(told.NEW, self._on_new, for_strangers=True)

    def look(self):
        """What is followed changed: see to it at once."""
        self._changed.set()

    async def run(self, task_status=trio.TASK_STATUS_IGNORED):
        """Until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                task_status.started()
                while True:
                    self._changed = trio.Event()
                    await self._tend()
                    with trio.move_on_after(ASK_EVERY_S):
                        await self._changed.wait()
            finally:
                self._nursery = None

    async def _tend(self):
        follows = await trio.to_thread.run_sync(self._read)
        by_key, keys_of = {}, []
        for follow in follows:
            keys = [key for key in map(self._finding.key_of, follow.sources) if key is not None]
            for key in keys:
                by_key.setdefault(key, set()).add(follow.mid)
            keys_of.append((follow, keys))
        for key, mids in by_key.items():
            watch = self._watched.get(key)
            if watch is not None:
                watch.set_mids(mids)
            elif len(self._watched) < self._watched_max:
                self._watched[key] = watch = _Watch(mids)
                self._nursery.start_soon(self._watch, key, watch)
        for key, watch in self._watched.items():
            if key not in by_key:
                watch.set_mids(set())
        # Of a gateway nothing is told; whoever is known by the DHT alone is looked for anew; more nodes may be followed than watched.
        for follow, keys in keys_of:
            is_watched = any(key in self._watched for key in keys)
            if not is_watched and self._library.clock() - follow.asked >= ASK_EVERY_S * 0.9:
                self._fetch_soon(follow.mid, follow.user, None, None)

    async def _watch(self, key, watch):
        wait_s = AGAIN_S
        # Its channel stays open, and is made anew after every break.
        self._peers.keep(key)
        try:
            while watch.mids:
                watch.changed = trio.Event()
                try:
                    channel = await self._peers.connect(key)
                    await self._ask(channel, watch)
                    wait_s = AGAIN_S
                except (PeerError, MimeiError) as error:
                    self._counters.add("mimei_watch", result=getattr(error, "code", "failed"))
                    with trio.move_on_after(wait_s):
                        await watch.changed.wait()
                    wait_s = min(AGAIN_MAX_S, wait_s * 2)
                    if wait_s == AGAIN_MAX_S:
                        # It may have gone for good, and others may have what is new.
                        for mid, user in await trio.to_thread.run_sync(self._users_of, watch.mids):
                            self._fetch_soon(mid, user, None, None)
                    continue
                with trio.move_on_after(ASK_EVERY_S):
                    await _first(channel.closed.wait, watch.changed.wait)
        finally:
            self._peers.let_go(key)
            self._watched.pop(key, None)

    async def _ask(self, channel, watch):
        """Asks a node for its newest versions; it tells of newer ones from then on."""
        mids = sorted(watch.mids)
        for at in range(0, len(mids), told.MIDS_MAX):
            part = mids[at : at + told.MIDS_MAX]
            answer = await channel.call(told.FOLLOW, {"mids": part}, timeout_s=CALL_S)
            numbers = told.read_numbers(answer, len(part))
            wanted = await trio.to_thread.run_sync(self._behind, dict(zip(part, numbers, strict=True)))
            for mid, user in wanted:
                self._fetch_soon(mid, user, PeerSource.of(channel, self._peers.connect), None)
        gone, watch.told = watch.told - watch.mids, set(watch.mids)
        if gone:
            await channel.call(told.UNFOLLOW, {"mids": sorted(gone)[: told.MIDS_MAX]}, timeout_s=CALL_S)

    def _users_of(self, mids):
        with self._library.store.read() as tx:
            return [(mid, follow.user) for mid in mids for follow in scan_follows(tx, mid)]

    def _behind(self, numbers):
        """[(mid, user)] of those whose newest version here is older than a node's."""
        found = []
        with self._library.store.read() as tx:
            for mid, number in numbers.items():
                if number is None:
                    continue
                for follow in scan_follows(tx, mid):
                    is_stuck = follow.problem is not None and follow.problem[0] == FORK and follow.number == number
                    if (follow.number is None or follow.number < number or follow.problem is not None) and not is_stuck:
                        found.append((mid, follow.user))
        return found

    async def _on_new(self, call):
        mid, peer = read(told.read_new_mid, call.arguments), call.peer
        follows = await trio.to_thread.run_sync(self._of, mid)
        if not peer.is_friend:
            # Strangers are asked to tell; to others it is no matter what is followed here.
            key = public_key_to_text(peer.public_key)
            follows = [follow for follow in follows if key in follow.sources]
        # The signature is looked at only where somebody wants it.
        if not follows:
            raise Refused("not-followed", "This is not followed here.")
        head = await trio.to_thread.run_sync(read, told.read_new, call.arguments)
        self._counters.add("mimei_told_new")
        source = PeerSource.of(call.channel, self._peers.connect)
        for follow in follows:
            # The same number may have become the released one.
            if follow.number is None or head.manifest.number >= follow.number:
                self._fetch_soon(mid, follow.user, source, head)
        return {}

    def _fetch_soon(self, mid, user, source, head):
        waiting = self._due.setdefault((mid, user), {})
        if source is not None and len(waiting) < 4:
            for each in [each for each in waiting if each.key == source.key]:
                del waiting[each]
            waiting[source] = head
        if (mid, user) not in self._fetching and self._nursery is not None:
            self._fetching.add((mid, user))
            self._nursery.start_soon(self._fetch, mid, user)

    async def _fetch(self, mid, user):
        try:
            while (mid, user) in self._due:
                async with self._limiter:
                    await self._fetch_now(mid, user, self._due.pop((mid, user)))
        finally:
            self._fetching.discard((mid, user))

    async def _fetch_now(self, mid, user, told_by):
        """One sync of what is followed, and its row."""
        library = self._library
        follow = next((each for each in await trio.to_thread.run_sync(self._of, mid) if each.user == user), None)
        if follow is None:
            return
        session = library.acting_for(follow.public_key, ALL_RIGHTS, self._may_keep(follow.public_key))
        changes = {"asked": int(library.clock()), "problem": None}
        try:
            others = [] if told_by else await self._all_sources(follow)
            heads = {source: head for source, head in told_by.items() if head is not None}

            async def more():
                return await self._finding.others(follow.mid, follow.author or None, [*told_by, *others])

            found = await self._syncing.sync(
                session, mid, [*told_by, *others], author=follow.author or None, heads=heads, more=more
            )
            changes["number"] = found.number
            if found.key is not None and not told_by:
                # An address may be another's tomorrow; and whoever has it can tell of what is new.
                text = public_key_to_text(found.key)
                changes["sources"] = follow.sources if text in follow.sources else (text, *follow.sources)[:SOURCES_MAX]
            if self._log is not None and found.numbers:
                self._log.info("mimei-followed", mid=id_to_text(mid), number=found.number, source=found.source)
        except (MimeiError, StorageError) as error:
            changes["problem"] = problem_of(error)
        except Exception as error:
            # A fault with one MiMei is not the end of all channels. Not the text of the exception: it may quote what somebody sent.
            changes["problem"] = ["internal", "It failed by an internal error. This node's log says more."]
            if self._log is not None:
                self._log.error("mimei-follow-fault", mid=id_to_text(mid), kind=type(error).__name__)
        if changes["problem"] is not None:
            self._counters.add("mimei_follow_failed", code=changes["problem"][0])
        try:
            # What is lost of it by a power cut is only asked once more.
            await trio.to_thread.run_sync(library.held.call, lambda tx: change_follow(tx, mid, user, **changes), False)
        except StorageError:
            # A full medium: it is asked again.
            self._counters.add("mimei_follow_failed", code="storage")
        if changes.get("sources", follow.sources) != follow.sources:
            self.look()

    async def _all_sources(self, follow):
        """[source]: those that are named, and whoever else can be found: the named ones may have gone."""
        author = follow.author or None
        named = await self._finding.sources(follow.mid, author, follow.sources)
        return named + await self._finding.others(follow.mid, author, named) if follow.sources else named

    def _read(self):
        with self._library.store.read() as tx:
            return list(scan_follows(tx))

    def _of(self, mid):
        with self._library.store.read() as tx:
            return list(scan_follows(tx, mid))

    def watched(self):
        """[node id] of those whose channels are kept open."""
        return [key_id(key) for key in self._watched]


class _Watch:
    """What is followed at one node. mids: set; told: what it knows of; changed: set when mids are."""

    __slots__ = ("changed", "mids", "told")

    def __init__(self, mids):
        self.mids, self.told, self.changed = mids, set(), trio.Event()

    def set_mids(self, mids):
        if mids != self.mids:
            self.mids = mids
            self.changed.set()


async def _first(*waits):
    """Returns when one of some waits is over."""
    async with trio.open_nursery() as nursery:

        async def one(wait):
            await wait()
            nursery.cancel_scope.cancel()

        for wait in waits:
            nursery.start_soon(one, wait)
