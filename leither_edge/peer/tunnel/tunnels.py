"""The one face of tunnels, in whatever part this node has: carrying, being reached, reaching."""

import trio

from leither_edge.peer.channel.limits import NORMAL
from leither_edge.peer.errors import Unreachable

from .carried import Carried

# The services that a relay offers, and the one that it asks of who registered.
REGISTER, CONNECT, ARRIVE = "tunnel.register", "tunnel.connect", "tunnel.arrive"


class Tunnels:
    """Args: peers (Peers)."""

    def __init__(self, peers):
        self._peers = peers
        self._relay = self._registrations = None

    def offer(self, is_offered=True, *, to_strangers=False):
        """Carry connections for others, or do so no more: then those that are carried end.

        to_strangers: any node may register, not only friends with the role `tunnel`.
        """
        if is_offered and self._relay is None:
            from .relay import Relay

            self._relay = Relay(self._peers)
        if self._relay is not None:
            self._relay.offer(is_offered and self._peers.limits.tunnels_max > 0, to_strangers)

    def use(self, public_keys=None):
        """Be reached through these nodes, the best first, as many at a time as is of use. None: through whichever friend offers it.

        An empty list: through nobody any more. Addresses are those of the address book, or are looked for.
        """
        if self._registrations is None:
            if public_keys is not None and not public_keys:
                return
            from .registrations import Registrations

            self._registrations = Registrations(self._peers)
        self._registrations.use(public_keys)

    def relays(self):
        """[(public key, addresses)] of the nodes through which this one is reached now; addresses: texts of host and port."""
        return [] if self._registrations is None else self._registrations.active()

    def addresses(self):
        """[address text] of this node, through relays."""
        return [] if self._registrations is None else self._registrations.addresses()

    @property
    def is_offered(self):
        """Whether this node carries connections for others."""
        return self._relay is not None and self._relay.is_offered

    def stat(self):
        """{name: figure}."""
        found = {"offered": self.is_offered, "relays": len(self.relays())}
        if self._relay is not None:
            found |= self._relay.stat()
        return found

    async def carried(self, relay, id20):
        """A trio stream to a node (20-byte id) through a relay (Channel). Raises Refused, ChannelClosed, Unreachable."""
        holder = _Holder()
        self._peers.start_soon(self._hold, relay, id20, holder)
        try:
            await holder.ready.wait()
        except trio.Cancelled:
            holder.scope.cancel()
            raise
        if holder.error is not None:
            raise holder.error
        return holder.stream

    async def _hold(self, relay, id20, holder):
        """Keep a stream through a relay open for as long as it is used."""
        try:
            with holder.scope:
                async with relay.open(CONNECT, {"to": id20}, priority=NORMAL) as stream:
                    holder.stream = Carried(stream)
                    holder.ready.set()
                    await holder.stream.closed.wait()
        except Exception as error:
            if holder.stream is not None:
                # Whoever uses it learns of its end by using it.
                return
            holder.error = error
        finally:
            if holder.stream is None and holder.error is None:
                holder.error = Unreachable("The way through the relay was given up.", "given-up")
            holder.ready.set()


class _Holder:
    __slots__ = ("scope", "ready", "stream", "error")

    def __init__(self):
        self.scope, self.ready = trio.CancelScope(), trio.Event()
        self.stream = self.error = None
