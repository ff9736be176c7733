"""Fetches what labels reach from several providers at once: missing blocks only, each checked by its hash before it is kept.

What is missing is found in a worker thread (missing.py), who is asked for what is planned here (assignment.py), and each provider's
connection runs beside (providers). Bytes that came are kept across cuts, and rows across the end of the process.
"""

from collections import namedtuple

import trio

from leither_edge.mimei.blocks.digest_set import new_key
from leither_edge.mimei.errors import MimeiError
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.ipld.block_hash import digest_of
from leither_edge.mimei.quota import Writing
from leither_edge.storage import StorageError

from . import fetch_rows
from .arriving import Arriving
from .assignment import ACTIVE, GONE, Assignment
from .desk import WAITING_MAX_BYTES, Desk
from .errors import NoSource
from .missing import Missing
from .providers import Lost, Wrong

# Labels that wait to be asked for; more are looked for when there are fewer.
WAITING_LABELS = 256
# What a power cut may cost, in time: then what came is made durable, with the charge for it.
DURABLE_S = 5
LOOK_S, TELL_S = 0.25, 0.5
RATE_S = 3.0
# Who was not reached, or has no block: others are looked for so often, so many times for nothing.
MORE_S, MORE_TRIES = 5, 3
# Connections at a time: each holds a block of up to 2 MiB, and a window. Others wait for their turn.
ACTIVE_MAX, BYTES_OF_ONE = 8, 128
# One at work this long, an eighth as fast as the best, gives its place to one that waits.
TRIED_S, SLOW_TIMES = 10, 8

# bytes, blocks: that came and are kept. twice_bytes: came and were of no use. by_provider: {name: bytes kept}. shunned: [name] of those who
# sent wrong bytes, now or a short while ago.
Fetched = namedtuple("Fetched", "bytes blocks twice_bytes by_provider shunned")
# What is told of a provider on the way. rate: bytes/s. state: active, resting or gone.
Told = namedtuple("Told", "name state rate bytes")


class Fetcher:
    """Fetches into one library. Args: library, counters (of leither_edge.observe, or None), log, clock (-> s since 1970)."""

    def __init__(self, library, *, counters=None, log=None):
        self.library, self.counters, self.log = library, counters, log
        library.keepers.append(fetch_rows.keeper(library.clock))

    async def fetch(self, roots, providers, user, progress=None, more=None, whole=()):
        """Fetched, once all that the labels reach is here and durable.

        Until `fetch_rows.end_fetch` in the transaction that records what keeps them, a row holds them (two weeks at most). Cancelled or
        failed, what came stays, and the next call goes on from there.
        Args: roots ([label]), providers (of providers.py), user (20 bytes, who is charged), progress ((bytes done, bytes in all or None,
        bytes/s, [Told]) -> None), more (async function that gives other providers when these do not suffice), whole (labels of which all
        is here, such as the last version's root: what they share is not walked).
        Raises NoSource, QuotaReached, TooLarge, BadBlock (the author's own block has no good form), StorageError.
        """
        run = _Run(self, list(dict.fromkeys(roots)), user, progress, more)
        return await run.run(list(providers), list(whole))


class _Run:
    """One fetch."""

    def __init__(self, fetcher, roots, user, progress, more):
        self._fetcher, self._library = fetcher, fetcher.library
        self._roots, self._user, self._progress, self._more = roots, user, progress, more
        self.plan, self.arriving = Assignment(), Arriving()
        self._came, self._came_bytes = [], 0
        self._event, self._room = trio.Event(), trio.Event()
        self._work, self._limiter = trio.Event(), trio.CapacityLimiter(1)
        self._scopes, self._began = {}, {}
        self._shunned, self._to_shun, self._by_key, self._tried = [], [], {}, {}
        self._bytes = self._blocks = 0
        self._rate, self._new_bytes, self._told_at = 0.0, 0, 0.0
        self._error, self._is_kept = None, False
        window_kib = self._library.limits.peers.window_kib
        self._places = trio.Semaphore(max(2, min(ACTIVE_MAX, window_kib // BYTES_OF_ONE)))
        self.now = trio.current_time

    # -- what desks use

    def wake(self):
        """Something to ask may be there for somebody."""
        event, self._event = self._event, trio.Event()
        event.set()

    async def changed(self):
        """Waits until there may be something to ask."""
        await self._event.wait()

    def is_shunned(self, source):
        """Whether a provider has sent wrong bytes."""
        return source.name in self._shunned

    def received(self, source, count):
        """Bytes of blocks came from a provider."""
        self._new_bytes += count

    async def came(self, block, source):
        """A block is whole, and to be checked and kept; waits while much is."""
        self._came.append((block, source))
        self._came_bytes += len(block.data)
        self._work.set()
        self.wake()
        while self._came_bytes > WAITING_MAX_BYTES:
            self._room = trio.Event() if self._room.is_set() else self._room
            await self._room.wait()

    # -- the whole

    async def run(self, providers, whole):
        library, now = self._library, int(self._library.clock())
        await self._thread(library.held.call, lambda tx: fetch_rows.begin_fetch(tx, self._user, self._roots, now))
        with library.blocks.hold([*self._roots, *whole]):
            writing = Writing(library, self._user)
            await self._thread(writing.__enter__)
            try:
                key = new_key(library.random_bytes)
                sized = _Sized(library.blocks, writing)
                self._missing = await self._thread(Missing, sized, self._roots, key, whole)
                await self._with_providers(writing, providers)
            finally:
                with trio.CancelScope(shield=True):
                    if not self._is_kept:
                        await self._save(writing)
                    await self._thread(writing.__exit__, None, None, None)
        self._tell(True)
        named = {}
        for key, count in self._by_key.items():
            name = self.plan.source(key).name
            named[name] = named.get(name, 0) + count
        return Fetched(self._bytes, self._blocks, self.arriving.dropped_bytes, named, list(self._shunned))

    async def _with_providers(self, writing, providers):
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                self._new_work(await self._step(writing, ()))
                if not self._missing.is_done:
                    await self._add(providers)
                    nursery.start_soon(self._watch)
                    await self._keep(writing)
                await self._thread(writing.finish)
                self._is_kept = True
            except (MimeiError, StorageError) as error:
                self._error = error
            nursery.cancel_scope.cancel()
        if self._error is not None:
            raise self._error

    async def _keep(self, writing):
        durable_at = self.now() + DURABLE_S
        while not self._missing.is_done or self._came:
            if self._error is not None:
                raise self._error
            wants_more = self.plan.waiting < WAITING_LABELS and self._missing.has_more
            if not self._came and not wants_more:
                self._work = trio.Event()
                await self._work.wait()
                continue
            came, self._came = self._came, []
            size = sum(len(block.data) for block, _ in came)
            done = await self._step(writing, [block for block, _ in came])
            self._came_bytes -= size
            self._room.set()
            self._judge(came, done)
            self._new_work(done)
            if self._to_shun:
                await self._thread(_shun, self._library, self._to_shun)
                self._to_shun = []
            came = done = None
            if self.now() > durable_at:
                await self._thread(writing.finish)
                durable_at = self.now() + DURABLE_S

    async def _save(self, writing):
        # What came until now is worth keeping, and whoever pays for it is charged.
        try:
            await self._thread(writing.finish)
        except (MimeiError, StorageError):
            pass

    async def _step(self, writing, blocks):
        count = max(0, WAITING_LABELS - self.plan.waiting)
        return await self._thread(_check_and_keep, writing, self._missing, blocks, count)

    def _new_work(self, done):
        self.plan.need(done[1])
        if done[1]:
            self.wake()

    def _judge(self, came, done):
        for (block, source), is_right in zip(came, done[0], strict=True):
            if is_right:
                self.plan.good(block.label, source, len(block.data))
                self._bytes += len(block.data)
                self._blocks += 1
                start = 0
                for key, end in block.parts:
                    self._by_key[key] = self._by_key.get(key, 0) + end - start
                    start = end
                wrong = self.arriving.right(block)
            else:
                key = self.arriving.wrong(block)
                self.plan.again(block.label, is_doubted=key is None)
                wrong = [] if key is None else [key]
            for key in wrong:
                self._shun(key, block.label)
        if came:
            self.wake()

    def _shun(self, key, label):
        """A provider sent bytes that are not what their label says: it is not asked again for a day, here or in other fetches."""
        source = self.plan.source(key)
        if source.name not in self._shunned:
            self._shunned.append(source.name)
            fetcher = self._fetcher
            if fetcher.counters is not None:
                fetcher.counters.add("fetch_wrong_blocks")
            if fetcher.log is not None:
                fetcher.log.warning("fetch-wrong-block", provider=source.name, label=cids.to_text(label))
            self._to_shun.append((key, source.name))
        self._tried[source.name] = "sent wrong bytes"
        self.arriving.distrust(key)
        source.state = GONE
        self._stop(source)

    # -- providers

    async def _add(self, providers):
        """Begins with those that are new, and were not shunned a short while ago; returns how many."""
        now = int(self._library.clock())
        known = {source.key for source in self.plan.sources}
        found = [provider for provider in providers if provider.key not in known]
        shunned = await self._thread(_shunned, self._library, [provider.key for provider in found], now)
        count = 0
        for provider in found:
            if provider.key in shunned:
                self._tried[provider.name] = "sent wrong bytes a short while ago"
                if provider.name not in self._shunned:
                    self._shunned.append(provider.name)
            elif provider.key not in known:
                known.add(provider.key)
                count += 1
                self._nursery.start_soon(self._attend, provider, self.plan.add(provider.key, provider.name))
        return count

    async def _attend(self, provider, source):
        """Keeps a provider's connection, as long as it is of use."""
        while source.state != GONE:
            async with self._places:
                desk, is_gone = Desk(self, source), False
                try:
                    with trio.CancelScope() as scope:
                        self._scopes[source.key], self._began[source.key] = scope, self.now()
                        others = await provider.serve(desk)
                        if others:
                            await self._add(others)
                except Lost as error:
                    self._tried[source.name] = str(error)
                    is_gone = error.for_good
                except Wrong as error:
                    self._tried[source.name], is_gone = str(error), True
                    if self._fetcher.counters is not None:
                        self._fetcher.counters.add("fetch_bad_answers")
                finally:
                    self._scopes.pop(source.key, None)
                    desk.end(is_gone or source.state == GONE)
            self._work.set()
            if source.state != GONE:
                await trio.sleep_until(source.until)

    def _stop(self, source):
        scope = self._scopes.get(source.key)
        if scope is not None:
            scope.cancel()

    async def _watch(self):
        """Cuts those who stopped, looks for others where these do not suffice, tells how far it is."""
        more_at, tries = self.now() + MORE_S, 0
        while True:
            await trio.sleep(LOOK_S)
            now = self.now()
            for source in self.plan.check(now):
                self._tried[source.name] = "stopped sending"
                self._stop(source)
            self._give_place(now)
            self._tell(False)
            states = [source.state for source in self.plan.sources]
            lacking = self.plan.nobody_has()
            is_hopeless = lacking is not None or all(state == GONE for state in states)
            if not is_hopeless and ACTIVE in states:
                more_at, tries = now + MORE_S, 0
            elif now >= more_at or is_hopeless and not tries:
                tries += 1
                if self._more is not None and await self._add(await self._more()):
                    tries = 0
                elif is_hopeless and (self._more is None or tries >= MORE_TRIES):
                    self._fail(lacking)
                    return
                more_at = self.now() + MORE_S

    def _give_place(self, now):
        """The slowest by far gives its connection to one that waits."""
        if not self._places.statistics().tasks_waiting:
            return
        active = [source for source in self.plan.sources if source.state == ACTIVE and not source.must_stop]
        best = max((source.rate for source in active), default=0)
        tried = [source for source in active if now - self._began[source.key] > TRIED_S and source.rate * SLOW_TIMES < best]
        if tried:
            self._stop(min(tried, key=_rate_of))

    def _fail(self, lacking):
        tried = [[name, why] for name, why in self._tried.items()]
        told = "; ".join(f"{name}: {why}" for name, why in tried[:5])
        if lacking is not None:
            sentence = f"Nobody who could be asked has the block {cids.to_text(lacking)}."
        else:
            sentence = f"Nobody could be reached who gives it{f' ({told})' if told else ''}."
        self._error = NoSource(f"{sentence} What came is kept: try again later, or name another provider.", tried)
        self._work.set()

    def _tell(self, is_end):
        past = self.now() - self._told_at
        if past < TELL_S and not is_end:
            return
        if self._told_at:
            weight = min(1.0, past / RATE_S)
            self._rate += (self._new_bytes / past - self._rate) * weight if past else 0
        self._told_at, self._new_bytes = self.now(), 0
        if self._progress is not None:
            told = [Told(source.name, source.state, source.rate, self._by_key.get(source.key, 0)) for source in self.plan.sources]
            self._progress(self._missing.here_bytes + self._bytes, self._missing.total_bytes, self._rate, told)

    async def _thread(self, fn, *args):
        return await trio.to_thread.run_sync(fn, *args, limiter=self._limiter)


class _Sized:
    """A Writing whose blocks have sizes, too."""

    __slots__ = ("get", "has", "size")

    def __init__(self, blocks, writing):
        self.get, self.has, self.size = writing.get, writing.has, blocks.size


def _check_and_keep(writing, missing, blocks, count):
    """([whether a block is what its label says], [label] that are missing, too); in a worker thread."""
    verdicts = []
    for block in blocks:
        is_right = digest_of(block.data) == cids.digest(block.label)
        verdicts.append(is_right)
        if is_right:
            writing.put(block.label, block.data)
            missing.arrived(block.label, block.data)
    return verdicts, missing.some(count) if count else []


def _shunned(library, keys, now):
    with library.store.read() as tx:
        return {key for key in keys if fetch_rows.is_shunned(tx, key, now)}


def _shun(library, found):
    now = int(library.clock())
    library.held.call(lambda tx: [fetch_rows.shun(tx, key, name, now) for key, name in found])


def _rate_of(source):
    return source.rate
