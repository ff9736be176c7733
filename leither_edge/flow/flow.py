"""What flows between this node and others: the one face of it, put together from its parts.

Names of things, `what`: a MiMei's id (20 bytes or text) or its link (link.py). Sources: texts as of finding.py, or sources of sources.py.
"""

import trio

from leither_edge.core.ids import ID_BYTES, public_key_to_text
from leither_edge.mimei.errors import BadInput, MimeiError, NotFound

from . import link as links
from . import told
from .blocks_service import BlocksService
from .comparing import compare
from .errors import NoSource
from .fetch import Fetcher
from .finding import Finding
from .follow_rows import Follow, change_follow, drop_follow, put_follow, scan_follows
from .following import Following
from .heads import Heads, read
from .load import Load
from .news import News
from .publishing import Publishing
from .search import Search
from .sharing import Sharing
from .syncing import LAST, REFUSE, Syncing

# Of the channels that the profile lets be, one in so many may be kept open to hear what is new.
WATCHED_SHARE = 2


class Flow:
    """Made inside trio; `run` carries it. Calls are for the trio thread.

    Attributes: fetcher, load (Load), blocks (BlocksService), heads, news, finding, syncing, following, publishing, sharing, search: the
    parts, for what is not offered here.
    """

    def __init__(
        self, library, peers, *, discovery=None, dht=None, port=None, own_key=None, may_keep=None, load=None, sealed=None,
        counters, log=None,
    ):  # fmt: skip
        """Args: library, peers (peer.peers.Peers, whose services get those of this), discovery (discovery.find.Discovery), dht (function
        of nothing: the DHT node or None), port (function of nothing: the TCP port of channels, 0 for none), own_key (public key of the
        user who gets what friends share; None: the node's), may_keep (function of a public key: whether that user may keep content
        here; None: everybody), load (Load in place of one by the profile), sealed (as BlocksService), counters, log.
        """
        self.library, self.peers, self.counters, self.log = library, peers, counters, log
        self._dht, self._may_keep = dht or _none, may_keep or _everybody
        # A node that is there for one command, and is reached by nobody, begins nothing on its own.
        self._stays = port is None or bool(port())
        self.limits = library.limits.peers
        self.fetcher = Fetcher(library, counters=counters, log=log)
        self.load = load or Load(self.limits.streams_max, peers.up, self._providers)
        self.blocks = BlocksService(library, load=self.load, sealed=sealed, counters=counters, log=log, streams_max=self.limits.streams_max)
        self.heads = Heads(library, counters)
        self.news = News(library, self.heads, peers, counters, self.limits.followed_max)
        self.finding = Finding(peers, discovery, self._dht)
        self.syncing = Syncing(library, self.fetcher, counters, own_key)
        watched_max = max(1, self.limits.connections_max // WATCHED_SHARE)
        self.following = Following(library, self.syncing, self.finding, peers, counters, log, watched_max, self._may_keep)
        node_key = library.node_key.public_key
        self.publishing = Publishing(library, self._dht, discovery, self.news, node_key, port or _zero, counters)
        self.sharing = Sharing(library, peers, self.following, own_key or node_key, self.limits.followed_max, counters, log)
        self.search = Search(library, peers, counters, self.syncing.named)
        for part in (self.blocks, self.heads, self.news, self.following, self.sharing, self.search):
            part.add_to(peers.services)
        peers.services.add(told.PROVIDERS, self._on_providers)

    def add_sealed(self, holds, take):
        """Has content count that lies sealed with nodes that cannot read it. Args: holds (as Heads.holds_sealed), take (as
        Syncing.take_sealed).
        """
        self.heads.holds_sealed, self.syncing.take_sealed = holds, take

    async def run(self, task_status=trio.TASK_STATUS_IGNORED):
        """Until cancelled."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self.news.run)
            if self._stays:
                await nursery.start(self.following.run)
                nursery.start_soon(self.publishing.run)
                nursery.start_soon(self.sharing.run)
            task_status.started()

    # Names

    def link(self, session, mid):
        """The link of a MiMei (text), this node among its sources. Raises NotFound, Forbidden."""
        with self.library.store.read() as tx:
            mid, identity = self.library.permitted(tx, session, mid, "info")
        return links.to_text(mid, identity.public_key, [public_key_to_text(self.library.node_key.public_key)])

    def meant(self, what):
        """The link.Link of a name; of one that is known here, or followed, with its author. Raises BadInput."""
        if isinstance(what, links.Link):
            found = what
        elif isinstance(what, bytes) and len(what) == ID_BYTES:
            found = links.Link(what, None, ())
        else:
            found = links.parse(what)
        if found.author is None:
            found = found._replace(author=self._author_of(found.mid))
        return found

    def _author_of(self, mid):
        with self.library.store.read() as tx:
            try:
                return self.library.identity(tx, mid).public_key
            except NotFound:
                return next((each.author for each in scan_follows(tx, mid) if each.author), None)

    def _followed_sources(self, mid):
        with self.library.store.read() as tx:
            return [source for follow in scan_follows(tx, mid) for source in follow.sources]

    async def sources(self, meant, named=()):
        """[source] for a Link: those that are named, else those of the link, else those that are followed, else whoever can be found."""
        ready = [each for each in named if not isinstance(each, str)]
        texts = [each for each in named if isinstance(each, str)]
        if not ready and not texts:
            texts = meant.sources or self._followed_sources(meant.mid)
        return ready + (await self.finding.sources(meant.mid, meant.author, texts) if texts or not ready else [])

    # Publishing, finding

    async def publish(self, session, mid, *, is_kept=True, progress=None):
        """publishing.Published; those who follow hear of it at once."""
        return await self.publishing.publish(session, mid, is_kept=is_kept, progress=progress)

    async def publish_prepare(self, session, mid):
        """(ticket, bytes that the author's key signs)."""
        return await self.publishing.prepare(session, mid)

    async def publish_finish(self, session, ticket, signature):
        """publishing.Published."""
        return await self.publishing.finish(session, ticket, signature)

    async def provide(self, session, mid, is_on=True):
        """The DHT's Report of the announcement; None where there is none."""
        return await self.publishing.provide(session, mid, is_on)

    async def findprovs(self, what, within_s=20.0, tell=None):
        """[finding.Provider] of who may have it, those who were reached first; each was asked for its newest version.

        Args: tell (called with each as it was asked).
        """
        meant, found = self.meant(what), {}

        async def ask(place, provider):
            found[place] = provider
            found[place] = await self.finding.asked(meant.mid, provider)
            if tell is not None:
                tell(found[place])

        with trio.move_on_after(within_s):
            async with trio.open_nursery() as nursery:
                count = iter(range(1 << 30))
                await self.finding.candidates(
                    meant.mid, meant.author, within_s, lambda provider: nursery.start_soon(ask, next(count), provider)
                )
        by_key = {}
        for provider in found.values():
            key = provider.key or provider.address
            if key not in by_key or provider.answered > by_key[key].answered:
                by_key[key] = provider
        return sorted(by_key.values(), key=lambda each: (not each.answered, -1 if each.number is None else -each.number))

    # Bringing it here

    async def sync(self, session, what, sources=(), *, which=LAST, on_fork=REFUSE, progress=None):
        """syncing.Synced: the newest version that can be had is here. Raises as Syncing.sync, BadInput."""
        meant = self.meant(what)
        found = await self.sources(meant, sources)

        async def more():
            return await self.finding.others(meant.mid, meant.author, found)

        async def sync(sources):
            return await self.syncing.sync(
                session, meant.mid, sources, author=meant.author, which=which, on_fork=on_fork, progress=progress, more=more
            )

        try:
            return await sync(found)
        except NoSource:
            # Those that are known may be away; whoever was named is meant.
            others = [] if sources else await more()
            if not others:
                raise
        return await sync(others)

    async def compare(self, session, what, sources=()):
        """comparing.Comparison with the source that has the newest version; nothing is changed. Raises NoSource, Forbidden."""
        meant = self.meant(what)
        await trio.to_thread.run_sync(self._may_compare, session, meant.mid)
        found = await self.sources(meant, sources)
        source, beside, _ = await self.syncing.beside(session, meant.mid, found, author=meant.author)
        return await trio.to_thread.run_sync(compare, self.library, meant.mid, beside, source.name)

    def _may_compare(self, session, mid):
        with self.library.store.read() as tx:
            try:
                self.library.permitted(tx, session, mid, "versions")
            except NotFound:
                # What is not here is nobody's secret.
                self.library.user_of(session)

    async def follow(self, session, what, sources=(), *, number=None):
        """The Follow: from now on new versions come by themselves, the present one first. Raises BadInput, Full, Forbidden.

        Args: sources (texts), number (of the newest version that is here, if it was just synced).
        """
        meant = self.meant(what)
        texts = [source for source in (sources or meant.sources) if isinstance(source, str)]
        keys = [self.finding.key_of(text) for text in texts]
        for text in texts:
            self.finding.source(text)
        kept = tuple(text if key is None else public_key_to_text(key) for text, key in zip(texts, keys, strict=True))
        follow = await trio.to_thread.run_sync(self._put_follow, session, meant, kept, number)
        self.following.look()
        return follow

    def _put_follow(self, session, meant, sources, number):
        library = self.library
        library.check_taking(session, meant.mid)
        row = Follow(meant.mid, session.user_id, session.public_key, meant.author or b"", sources, library.now(), 0, number, None)
        return library.held.call(lambda tx: put_follow(tx, row, self.limits.followed_max))

    async def unfollow(self, session, what):
        """Follows no longer; what came stays. Raises NotFound."""
        mid, user = self.meant(what).mid, self.library.user_of(session)
        await trio.to_thread.run_sync(self.library.held.call, lambda tx: drop_follow(tx, mid, user))
        self.following.look()

    def follows(self, session):
        """[Follow] of who asks."""
        user = self.library.user_of(session)
        with self.library.store.read() as tx:
            return [follow for follow in scan_follows(tx) if follow.user == user]

    def forgive(self, session, what):
        """A follow's last problem is forgotten, so that it is tried again."""
        mid, user = self.meant(what).mid, self.library.user_of(session)
        self.library.held.call(lambda tx: change_follow(tx, mid, user, problem=None))
        self.following.look()

    # Sharing

    async def share(self, session, mid, key, user=None, right=None):
        """sharing.Share with a friend's node. Args: key (its public key)."""
        return await self.sharing.share(session, mid, key, user, right)

    async def unshare(self, session, mid, key):
        """The sharing.Share that was."""
        return await self.sharing.unshare(session, mid, key)

    def shares(self, session):
        """[sharing.Share]."""
        return self.sharing.shares(session)

    def offers(self):
        """[sharing.Offered] that wait."""
        return self.sharing.offers()

    async def accept(self, session, what, key=None):
        """The Follow of what was offered."""
        return await self.sharing.accept(session, self.meant(what).mid, key)

    async def decline(self, what, key=None):
        """An offer is dropped."""
        await self.sharing.decline(self.meant(what).mid, key)

    async def tell(self, mid):
        """Has those who follow hear of the newest version, and waits for it; how many heard."""
        return await self.news.tell(mid)

    # Asked by friends

    async def _on_providers(self, call):
        mid = read(told.read_mid, call.arguments)
        return {"keys": await trio.to_thread.run_sync(self._providers, call.peer, mid)}

    def _providers(self, peer, mid):
        """Public keys of nodes that have what the asker may read, this one first."""
        try:
            self.heads.number(self.heads.session_of(peer), mid)
        except MimeiError:
            return [self.library.node_key.public_key] if self.heads.has_sealed(peer, mid) else []
        keys = [self.finding.key_of(source) for source in self._followed_sources(mid)]
        keys = dict.fromkeys([self.library.node_key.public_key, *keys, *self.news.followers(mid)])
        return [key for key in keys if key is not None and key != peer.public_key][: told.KEYS_MAX]


def friend_key(peers, text):
    """The public key of a peer that a text names: its name, id, or key. Raises BadInput."""
    from leither_edge.core.ids import IdError, public_key_from_text

    try:
        return public_key_from_text(text)
    except IdError:
        known = peers.book.find(text)
    if known is None or not known.public_key:
        raise BadInput(f"No node of the address book is called \"{text[:80]}\".")
    return known.public_key


def _none():
    return None


def _zero():
    return 0


def _everybody(key):
    return True
