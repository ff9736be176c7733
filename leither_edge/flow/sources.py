"""Where versions come from: a node at the other end of a channel, a gateway of the web, each asked for heads and manifests in the same way.

What they tell is checked where it is read; nothing of it is believed.
"""

from functools import partial

import trio

from leither_edge.core.fields import is_hash
from leither_edge.core.ids import id_to_text
from leither_edge.mimei.errors import NotFound
from leither_edge.peer.channel.errors import Refused
from leither_edge.peer.errors import PeerError

from . import told
from .errors import NoSource, SealedThere
from .providers import ChannelProvider

CALL_S = 20.0


class PeerSource:
    """A node. Args: connect (async function of nothing -> Channel), name (text for people), key (public key; None until it is reached),
    of_key (function of a public key -> PeerSource, for nodes that this one names when it is busy; None: they are not asked).
    """

    def __init__(self, connect, name, key=None, of_key=None):
        self._connect, self.name, self.key, self._of_key = connect, name, key, of_key
        self._channel = None

    @classmethod
    def of(cls, channel, connect=None):
        """The source at the other end of an open channel; connect: async function of its public key: a Channel, once that one has ended."""

        async def reached():
            return channel if channel.is_open or connect is None else await connect(channel.peer.public_key)

        return cls(reached, name_of(channel.peer), channel.peer.public_key)

    async def channel(self):
        """Its Channel, open. Raises NoSource."""
        if self._channel is None or not self._channel.is_open:
            try:
                self._channel = await self._connect()
            except PeerError as error:
                raise NoSource(f"{self.name} was not reached: {error}", [[self.name, str(error)]]) from None
            self.key, self.name = self._channel.peer.public_key, name_of(self._channel.peer)
        return self._channel

    async def reach(self):
        """Have it there, so that its key is known. Raises NoSource."""
        await self.channel()

    def provider(self, mid):
        """What the fetcher asks for blocks; it has been reached. Args: mid (20 bytes: what is read)."""
        return ChannelProvider(self.key, self.name, self._connect, [mid], None if self._of_key is None else partial(self._named, mid))

    def _named(self, mid, keys):
        """Providers for what a busy node names instead of itself; whoever they are, what they give is checked."""
        return [self._of_key(key).provider(mid) for key in keys if is_hash(key) and key != self.key]

    async def head(self, mid, user=None):
        """The told.Head that it tells of. Args: user (20 bytes: for whom, None: for this node).

        Raises SealedThere (it holds it for this node, and cannot read it), NotFound, NoSource, BadAnswer.
        """
        answer = await self._ask(told.HEAD, told.question(mid, user))
        if told.is_sealed(answer):
            raise SealedThere(f"{self.name} has it sealed alone.")
        return await trio.to_thread.run_sync(told.read_head, answer, mid)

    async def page(self, mid, start, end, user=None):
        """The told.Page of manifests from a number on. Raises as head."""
        answer = await self._ask(told.CHAIN, told.question(mid, user, start=start, end=end))
        return await trio.to_thread.run_sync(told.read_page, answer, mid, start, end)

    async def provider_keys(self, mid):
        """[public key] of nodes that it knows to have a MiMei. Raises as head."""
        return told.read_keys(await self._ask(told.PROVIDERS, {"mid": mid}))

    async def _ask(self, method, arguments):
        channel = await self.channel()
        try:
            return await channel.call(method, arguments, timeout_s=CALL_S)
        except Refused as error:
            if error.code in ("not-found", "forbidden"):
                raise NotFound(f"{self.name}: {error}", error.code) from None
            raise NoSource(f"{self.name} refused: {error}", [[self.name, str(error)]]) from None
        except PeerError as error:
            raise NoSource(f"{self.name} did not answer: {error}", [[self.name, str(error)]]) from None


def name_of(peer):
    """What people know a peer by. Args: peer (Remote)."""
    return peer.name or id_to_text(peer.node_id)
