"""Brings a MiMei's newest version here: histories compared first, then what is missing fetched, then all of it entered at once."""

from collections import namedtuple

import trio

from leither_edge.core.ids import id_to_text, key_id
from leither_edge.mimei import history
from leither_edge.mimei.errors import Conflict, MimeiError, NotFound, QuotaReached
from leither_edge.mimei.info import mid_of
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.manifest import BadManifest
from leither_edge.mimei.quota import Writing
from leither_edge.peer.errors import PeerError

from . import fetch_rows
from .chain import AHEAD, BEHIND, FORK, SAME, Here, read_beside
from .errors import NoSource, SealedThere
from .fetch import Fetched

# How long sources have to tell their newest version, and how long others have once one has.
HEADS_S, HEADS_MORE_S = 30.0, 2.0
REACH_S = 10.0
# What happens where histories took different ways: nothing; the other one is taken, and what was here stays as a MiMei of its own; it is
# taken and what was here gives way.
REFUSE, KEEP_BOTH, REPLACE = "refuse", "fork", "replace"
LAST, ALL = "last", "all"

# state: of the source beside this node before (chain.py). number: the newest of the source. numbers: of the versions that came.
# kept_as: mid of the fork that holds what was here, or None. fetched: fetch.Fetched, or None where nothing was missing. source, key: of who
# told of it, name and public key (None of a gateway).
Synced = namedtuple("Synced", ("mid", "state", "number", "numbers", "is_new", "is_cur_moved", "kept_as", "fetched", "source", "key"))


class Syncing:
    """Args: library, fetcher (of fetch.py), counters, own_key (public key of the user for whom this node asks as for itself; any other user
    is named where something is asked for him).
    Attribute take_sealed: async function (session, mid, public key of a node that holds it sealed, author, progress) -> (Taken, or None
    where nothing is new; bytes); or None.
    """

    def __init__(self, library, fetcher, counters, own_key=None):
        self._library, self._fetcher, self._counters = library, fetcher, counters
        self._own_ids = {library.node_key.id, key_id(own_key or library.node_key.public_key)}
        self._locks = {}
        self.take_sealed = None

    def named(self, session):
        """The id of a session's user, as it is told to sources; None where the node asks for itself."""
        return None if session.user_id in self._own_ids else session.user_id

    async def sync(self, session, mid, sources, *, author=None, which=LAST, on_fork=REFUSE, heads=(), progress=None, more=None):
        """Synced. One at a time of a MiMei; another waits.

        Args: sources (as of sources.py), author (public key that must be the author's; None: whose ever it is), which (LAST, ALL: every
        version between, too), heads ({source: told.Head} that are known already), progress (function of a dict of plain things), more
        (async function that gives more sources). Raises NoSource, NotFound, Conflict ("fork"), Forbidden, QuotaReached, BadManifest.
        """
        lock, users = self._locks.setdefault(mid, [trio.Lock(), 0])
        self._locks[mid][1] = users + 1
        try:
            async with lock:
                sealed, progress = [], progress or _nobody
                try:
                    found = await self._sync(session, mid, sources, author, which, on_fork, dict(heads), progress, more, sealed)
                except NoSource as error:
                    found = await self._from_sealed(session, mid, sealed, author, progress)
                    if found is None:
                        raise error
                    return found
                if found.state in (SAME, BEHIND):
                    # Who can read it may have less than lies sealed with others.
                    other = await self._from_sealed(session, mid, sealed, author, progress)
                    return found if other is None or other.state == SAME else other
                return found
        finally:
            self._locks[mid][1] -= 1
            if not self._locks[mid][1]:
                del self._locks[mid]

    async def _from_sealed(self, session, mid, sealed, author, progress):
        """The Synced of what those give who hold it sealed for this node, the first that has something new; None where none gives it."""
        same = None
        if self.take_sealed is None or session.user_id != self._library.node_key.id:
            # What is sealed is opened by the node's own key, and so is its own user's alone.
            return None
        for source in sealed:

            def tell(facts, name=source.name):
                done, total = facts.get("done", 0), facts.get("total")
                progress({"stage": "fetching", "source": name, "versions": 1, "done": done, "total": total, "rate": 0})

            try:
                taken, size = await self.take_sealed(session, mid, source.key, author, tell)
            except (Conflict, QuotaReached):
                raise
            except (MimeiError, PeerError) as error:
                self._counters.add("mimei_sealed_failed", code=getattr(error, "code", "failed"))
                continue
            if taken is None or not taken.numbers:
                number = (await trio.to_thread.run_sync(Here, self._library, mid)).newest
                same = same or Synced(mid, SAME, number, [], False, False, None, None, source.name, source.key)
                continue
            self._counters.add("mimei_synced")
            fetched = Fetched(size, 0, 0, {source.name: size}, [])
            return Synced(
                mid, AHEAD, taken.numbers[-1], taken.numbers, taken.is_new, taken.is_cur_moved, None, fetched, source.name, source.key
            )  # fmt: skip
        return same

    async def beside(self, session, mid, sources, *, author=None, heads=(), here=None, sealed=None):
        """(source with the newest version, its chain.Beside, the others that answered). Raises NoSource.

        Args: sealed (list that gets those sources that hold it sealed for this node, and cannot read it).
        """
        here, user = here or await trio.to_thread.run_sync(Here, self._library, mid), self.named(session)
        # What a node was told for itself is not for everybody on it.
        found, tried = await self._heads(mid, sources, author, dict(heads) if user is None else {}, user, sealed)
        answered = {source for source, _ in found}
        blocks_alone = [each for each in sources if each not in answered and getattr(each, "has_blocks_alone", False)]
        found.sort(key=lambda each: -each[1].manifest.number)
        for place, (source, head) in enumerate(found):
            try:
                beside = await read_beside(source, mid, here, head, user)
            except MimeiError as error:
                tried.append([source.name, str(error), error])
                continue
            return source, beside, [each for each, _ in found[:place] + found[place + 1 :]] + blocks_alone
        raise _nobody_has(tried)

    async def _sync(self, session, mid, sources, author, which, on_fork, heads, progress, more, sealed):
        library = self._library
        await trio.to_thread.run_sync(library.check_taking, session, mid)
        progress({"stage": "asking", "sources": len(sources)})
        here = await trio.to_thread.run_sync(Here, library, mid)
        source, beside, others = await self.beside(session, mid, sources, author=author, heads=heads, here=here, sealed=sealed)
        await trio.to_thread.run_sync(library.check_taking, session, mid, beside.head.manifest.data_type)
        newest, kept_as = beside.head.manifest.number, None
        chain = await trio.to_thread.run_sync(_to_enter, library, mid, beside)
        if beside.state == FORK and on_fork == REFUSE:
            self._counters.add("mimei_forks_met")
            raise Conflict(
                f"{source.name} has another version {beside.common + 1} than this node: the history took two ways. Compare them; "
                "then take theirs and keep yours as a fork, or leave it.", "fork",
            )  # fmt: skip
        if not chain:
            return Synced(mid, beside.state, newest, [], False, False, None, None, source.name, source.key)
        wanted = [found.number for _, found, _ in chain if found.number not in beside.dropped] if which == ALL else [newest]
        roots = _roots_of(chain, wanted)
        whole = await trio.to_thread.run_sync(_whole_roots, library, mid)
        progress({"stage": "fetching", "source": source.name, "versions": len(chain), "done": 0, "total": None, "rate": 0})

        def tell(done, total, rate, providers):
            progress({
                "stage": "fetching", "source": source.name, "versions": len(chain), "done": done, "total": total, "rate": int(rate),
                "providers": [{"name": each.name, "state": each.state, "rate": int(each.rate), "bytes": each.bytes} for each in providers],
            })  # fmt: skip

        with library.blocks.hold(roots):
            fetched = await self._fetcher.fetch(
                roots, [each.provider(mid) for each in (source, *others)], session.user_id, progress=tell, whole=whole,
                more=None if more is None else lambda: _reached(mid, more),
            )  # fmt: skip
            progress({"stage": "entering", "source": source.name})
            if beside.state == FORK and on_fork == KEEP_BOTH:
                kept_as = await trio.to_thread.run_sync(_keep_ours, library, session, mid, beside.common)
            taken = await trio.to_thread.run_sync(_enter, library, session, chain, wanted, roots, beside)
        self._counters.add("mimei_synced")
        return Synced(mid, beside.state, newest, taken.numbers, taken.is_new, taken.is_cur_moved, kept_as, fetched, source.name, source.key)

    async def _heads(self, mid, sources, author, heads, user, sealed):
        """([(source, told.Head)], [[name, why, error]]) of those who answered in time."""
        found, tried, left, over = [], [], len(sources), trio.Event()

        async def ask(source):
            nonlocal left
            try:
                head = heads.get(source) or await source.head(mid, user)
                if head.manifest.mid != mid or author not in (None, head.manifest.public_key):
                    raise BadManifest("It tells of another author's.")
                found.append((source, head))
            except MimeiError as error:
                tried.append([source.name, str(error), error])
                if sealed is not None and isinstance(error, SealedThere):
                    sealed.append(source)
            left -= 1
            if found and scope.deadline > trio.current_time() + HEADS_MORE_S:
                scope.deadline = trio.current_time() + HEADS_MORE_S
            if not left:
                over.set()

        if not sources:
            raise NoSource("Nobody is known who has it. Name a node, an address or a gateway to take it from.")
        with trio.move_on_after(HEADS_S) as scope:
            async with trio.open_nursery() as nursery:
                for source in sources:
                    nursery.start_soon(ask, source)
                await over.wait()
        if not found:
            raise _nobody_has(tried)
        return found, tried


def _nobody_has(tried):
    told = "; ".join(f"{name}: {why}" if name not in why else why for name, why, _ in tried[:5]) or "no answer in time"
    rows = [[name, why] for name, why, _ in tried]
    if tried and all(isinstance(error, NotFound) and not isinstance(error, NoSource) for _, _, error in tried):
        return NoSource(f"Nobody who was asked has it, or lets this node read it ({told}).", rows)
    return NoSource(f"Nobody could be asked who has it ({told}). Try again later, or name another source.", rows)


def _to_enter(library, mid, beside):
    """[(label, Manifest, bytes)] that are to be entered: what is new.

    Where nothing is, the newest alone, if its content was dropped here or another version is the released one there.
    """
    if beside.state in (AHEAD, FORK):
        return beside.new
    if beside.state != SAME:
        return []
    with library.store.read() as tx:
        row = tx.get(history.VERSIONS, history.version_key(mid, beside.head.manifest.number))
        head = history.read_head(tx, mid)
    is_released = beside.head.release is not None and beside.head.release > (-1 if head.release is None else head.release)
    return [beside.head[:3]] if history.VersionRow(*row).dropped or is_released else []


def _roots_of(chain, wanted):
    found = []
    for _, manifest, _ in chain:
        if manifest.number in wanted:
            found += [manifest.root] if manifest.references is None else [manifest.root, manifest.references]
    return list(dict.fromkeys(found))


def _whole_roots(library, mid):
    """Labels of which all is here: what the last version holds."""
    with library.store.read() as tx:
        head = tx.get(history.HEADS, mid)
        last = None if head is None else history.Head(*head).last
        if last is None:
            return []
        row = history.read_version(tx, mid, last)
    return [label for label in (row.root, row.references) if label is not None]


def _keep_ours(library, session, mid, common):
    """The mid of a fork that holds the last version of this node, where it is behind the common one; None where there is none."""
    with library.store.read() as tx:
        head = history.read_head(tx, mid)
        if head.last is None or head.last <= common:
            return None
        row = history.read_version(tx, mid, head.last)
    # The same for the same version, so that a second try finds the first one's.
    mark = f"fork of {id_to_text(mid)} at {head.last} {cids.to_text(row.manifest)[-12:]}"
    identity = library.info(session, mid)
    made = _mid_of(session, identity, mark)
    with library.store.read() as tx:
        if tx.get(history.HEADS, made) is not None:
            return made
    return library.fork(session, mid, head.last, mark)


def _mid_of(session, identity, mark):
    """The mid of a session's MiMei with the words of another (MiMeiInfo) and a mark."""
    return mid_of(session.user_id, identity.app_type, identity.ext, mark)


def _enter(library, session, chain, wanted, roots, beside):
    with Writing(library, session.user_id) as writing:
        for label, _, data in chain:
            writing.put(label, data)
        return library.take_versions(
            session, writing, [each[:2] for each in chain], wanted, release=beside.head.release, guest=beside.head.guest,
            is_replacing=beside.state == FORK, also=lambda tx: fetch_rows.end_fetch(tx, session.user_id, roots),
        )  # fmt: skip


async def _reached(mid, more):
    """Providers of the sources that `more` gives, as far as they are there."""
    found = []

    async def reach(source):
        with trio.move_on_after(REACH_S):
            try:
                await source.reach()
            except MimeiError:
                return
            found.append(source.provider(mid))

    async with trio.open_nursery() as nursery:
        for source in await more():
            nursery.start_soon(reach, source)
    return found


def _nobody(facts):
    pass
