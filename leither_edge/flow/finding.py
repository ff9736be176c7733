"""Who may have a MiMei: those who are named, those whom its author's pointer names, those who announced themselves, friends who know.

Sources as texts: a peer's name or id in the address book, a node's public key, an address, a gateway's URL.
"""

from collections import namedtuple

import trio

from leither_edge.core.ids import IdError, key_id, public_key_from_text, public_key_to_text
from leither_edge.dht.errors import DhtError
from leither_edge.mimei.errors import BadInput, MimeiError
from leither_edge.peer.addresses import parse as parse_address
from leither_edge.peer.errors import PeerError

from . import pointer as pointers
from .sources import PeerSource

SOURCES_MAX = 16
ASK_S = 15.0
FRIENDS_MAX = 16
WEB = ("http://", "https://")

# How somebody came to be known as a provider.
NAMED, BY_AUTHOR, ANNOUNCED, BY_FRIEND, NEARBY = "named", "author", "dht", "friend", "lan"
# One who may have it. key: public key or None; name, address: texts or None; how: one of the words above; number: of the newest version
# that he told of, None where he was not asked or does not let us; answered: whether he was reached.
Provider = namedtuple("Provider", ("key", "name", "address", "how", "number", "answered"))


class Finding:
    """Args: peers (peer.peers.Peers), discovery (with find_providers and nearby, or None), dht (function of nothing: the DHT node, or None
    where there is none).
    """

    def __init__(self, peers, discovery=None, dht=None):
        self._peers, self._discovery = peers, discovery
        self._dht = dht or _no_dht

    def key_of(self, text):
        """The public key that a source's text means, None where it means none."""
        try:
            return public_key_from_text(text)
        except IdError:
            known = self._peers.book.find(text)
            return known.public_key or None if known is not None else None

    def source(self, text, author=None):
        """The source of a text. Args: author (public key of whose it is, if known: a gateway may have blocks alone). Raises BadInput."""
        if text.startswith(WEB):
            from .web_source import WebSource

            return WebSource(text, lambda mid: self._pointed(mid, author))
        key = self.key_of(text)
        if key is not None:
            return self._of_key(key)
        try:
            parse_address(text)
        except PeerError:
            raise BadInput(f"\"{text[:100]}\" is no peer that is known here, no public key, no address and no gateway's URL.") from None
        return PeerSource(lambda: self._peers.connect(address=text), text)

    def _of_key(self, key):
        known = self._peers.book.get(key_id(key))
        name = known.name if known is not None and known.name else public_key_to_text(key)[:12]
        return PeerSource(lambda: self._peers.connect(key), name, key, self._of_key)

    async def pointer(self, mid, author):
        """(pointers.Pointer or None, item) that the DHT has under an author's key. Raises DhtError."""
        dht = self._dht()
        if dht is None or author is None:
            return None, None
        found = await dht.get_mutable(author, mid)
        if found.value is None:
            return None, None
        try:
            return pointers.read_value(found.value.value), found.value
        except MimeiError:
            return None, found.value

    async def _pointed(self, mid, author):
        """The label of the newest manifest, as the DHT has it; None where it does not."""
        try:
            found, _ = await self.pointer(mid, author)
        except DhtError:
            return None
        return None if found is None else found.manifest

    async def sources(self, mid, author=None, named=()):
        """[source] to ask: those that are named; where none is, all that can be found. Raises BadInput."""
        found = [self.source(text, author) for text in dict.fromkeys(named)]
        if found:
            return found
        return [self._source_of(provider) for provider in await self.candidates(mid, author)][:SOURCES_MAX]

    async def others(self, mid, author, known):
        """[source] that can be found beside some sources, for when these do not suffice."""
        keys, names = {source.key for source in known}, {source.name for source in known}
        found = [self._source_of(provider) for provider in await self.candidates(mid, author)]
        return [source for source in found if source.key is None or source.key not in keys if source.name not in names][:SOURCES_MAX]

    async def candidates(self, mid, author=None, within_s=ASK_S, tell=None):
        """[Provider] that are worth asking, the likeliest first; nobody of them was asked for it yet. Never raises for want of a network.

        tell: called with each, as it is found.
        """
        found, ways = [], (self._from_author, self._from_dht, self._from_friends, self._from_lan)

        async def look(way):
            try:
                for provider in await way(mid, author):
                    names = {(each.key, each.address) for each in found} | {each.key for each in found}
                    if (provider.key or (None, provider.address)) not in names:
                        found.append(provider)
                        if tell is not None:
                            tell(provider)
            except (DhtError, MimeiError, PeerError):
                # One way less.
                pass

        with trio.move_on_after(within_s):
            async with trio.open_nursery() as nursery:
                for way in ways:
                    nursery.start_soon(look, way)
        order = (NAMED, BY_AUTHOR, BY_FRIEND, NEARBY, ANNOUNCED)
        return sorted(found, key=lambda provider: order.index(provider.how))

    async def asked(self, mid, provider):
        """A Provider once it was asked for its newest version."""
        source = self._source_of(provider)
        with trio.move_on_after(ASK_S):
            try:
                channel = await source.channel()
                # Nobody listens where a channel that the other side began comes from.
                address = channel.peer.address if channel.is_initiator else None
                provider = provider._replace(key=source.key, name=source.name, answered=True, address=address or provider.address)
                return provider._replace(number=(await source.head(mid)).manifest.number)
            except MimeiError:
                return provider
        return provider

    def _source_of(self, provider):
        if provider.key is not None:
            return self._of_key(provider.key)
        return PeerSource(lambda: self._peers.connect(address=provider.address), provider.address)

    async def _from_author(self, mid, author):
        found, _ = await self.pointer(mid, author)
        keys = [] if found is None else [key for key in found.nodes if key != self._peers.key.public_key]
        # An author's own node often has his key.
        if author is not None and author != self._peers.key.public_key:
            known = self._peers.book.get(key_id(author))
            keys += [author] if known is not None else []
        return [self._provider(key, BY_AUTHOR) for key in dict.fromkeys(keys)]

    async def _from_dht(self, mid, author):
        if self._discovery is None:
            return []
        return [Provider(None, None, address, ANNOUNCED, None, False) for address in await self._discovery.find_providers(mid)]

    async def _from_friends(self, mid, author):
        """Friends with whom a channel is open, and whom these know."""
        found = []

        async def ask(channel):
            try:
                keys = await PeerSource.of(channel).provider_keys(mid)
            except MimeiError:
                return
            for key in keys:
                if key != self._peers.key.public_key and all(each.key != key for each in found):
                    found.append(self._provider(key, BY_FRIEND))

        async with trio.open_nursery() as nursery:
            for channel in [each for each in self._peers.channels() if each.peer.is_friend][:FRIENDS_MAX]:
                nursery.start_soon(ask, channel)
        return found

    async def _from_lan(self, mid, author):
        # A node of the own network that is a friend: it costs a moment to ask.
        if self._discovery is None:
            return []
        found = []
        for near in await self._discovery.nearby(0):
            known = self._peers.book.get(key_id(near.public_key))
            if known is not None and known.is_friend and known.public_key:
                found.append(self._provider(known.public_key, NEARBY))
        return found

    def _provider(self, key, how):
        known = self._peers.book.get(key_id(key))
        address = known.addresses[0] if known is not None and known.addresses else None
        return Provider(key, known.name or None if known is not None else None, address, how, None, False)


def _no_dht():
    return None
