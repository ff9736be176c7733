"""The one that carries: nodes register with their channel, others are led to them; bounded in number and bytes."""

import math

import trio

from leither_edge.core.ids import ID_BYTES
from leither_edge.peer.bandwidth import Gate
from leither_edge.peer.channel.errors import ChannelClosed, Refused, StreamAborted
from leither_edge.peer.channel.limits import NORMAL

from .tunnels import ARRIVE, CONNECT, REGISTER

# Connections carried at a time: in all for each node that may register, to one node, and for one who asks.
CARRIED_PER_TUNNEL, CARRIED_TO_ONE, CARRIED_FOR_ONE = 4, 12, 4
# Of the places in all and to one node, these are kept for friends: strangers can make up as many identities as they like.
FRIENDS_SHARE = 4
# Channels inside show signs of life far more often.
IDLE_S = 180.0
# For the node behind to take a connection.
ARRIVE_S = 15.0
KIB = 1024


class Relay:
    """Args: peers (Peers). Attribute: is_offered."""

    def __init__(self, peers):
        self._peers = peers
        self.is_offered = self._to_strangers = False
        self._most = peers.limits.tunnels_max
        rate = peers.limits.tunnel_kib_per_s * KIB
        self._there, self._back = Gate(rate), Gate(rate)
        # {node id: its Channel}; {scope of a carried connection: (who asked, to whom)}.
        self._registered, self._carried = {}, {}

    def offer(self, is_offered, to_strangers=False):
        """Begin, or end; what is carried ends, too."""
        services, counters = self._peers.services, self._peers.counters
        self._to_strangers = to_strangers
        if is_offered is self.is_offered:
            return
        self.is_offered = is_offered
        counters.set("tunnels_offered", int(is_offered))
        if is_offered:
            # Who may register is looked at there; being carried to a node is for whoever knows it.
            services.add(REGISTER, self._register, for_strangers=True)
            services.add(CONNECT, self._connect, is_stream=True, for_strangers=True)
            return
        services.remove(REGISTER)
        services.remove(CONNECT)
        self._registered.clear()
        for scope in tuple(self._carried):
            scope.cancel()

    def stat(self):
        """{name: figure}."""
        self._sweep()
        return {
            "registered": len(self._registered), "registered_max": self._most, "carried": len(self._carried),
            "carried_bytes": self._there.moved + self._back.moved,
        }  # fmt: skip

    async def _register(self, call):
        peer = call.peer
        if not self._may_register(peer.node_id):
            raise Refused("not-a-friend", "This node carries connections for friends only that its owner lets use its tunnel.")
        self._sweep()
        if peer.node_id not in self._registered and len(self._registered) >= self._most:
            raise Refused("too-many", f"This node carries connections for {self._most} nodes already. Use another relay.")
        self._registered[peer.node_id] = call.channel
        return {"carried_max": CARRIED_TO_ONE}

    def _may_register(self, id20):
        known = self._peers.book.get(id20)
        return self._to_strangers or known is not None and known.may("tunnel")

    async def _connect(self, call):
        asker = call.peer.node_id
        wanted = call.arguments.get("to")
        if not isinstance(wanted, bytes) or len(wanted) != ID_BYTES:
            raise Refused("bad-call", "Say to which node, by its id of 20 bytes.")
        self._sweep()
        target = self._registered.get(wanted)
        # The owner may have changed his mind since it registered.
        if target is None or not self._may_register(wanted):
            raise Refused("not-registered", "The node is not connected to this relay now.")
        pairs = self._carried.values()
        if (
            len(self._carried) >= _places(self._most * CARRIED_PER_TUNNEL, call.peer)
            or sum(to == wanted for _, to in pairs) >= _places(CARRIED_TO_ONE, call.peer)
            or sum(of == asker for of, _ in pairs) >= CARRIED_FOR_ONE
        ):
            self._peers.counters.add("tunnel_refusals", reason="too-many")
            raise Refused("too-many", "This relay carries as many connections as it may. Try again later, or another relay.")
        with trio.move_on_after(ARRIVE_S) as scope:
            self._carried[scope] = asker, wanted
            self._peers.counters.add("tunnel_connections")
            try:
                async with target.open(ARRIVE, {"from": asker}, priority=NORMAL) as onward:
                    scope.deadline = math.inf
                    await call.stream.accept({})
                    await self._carry(call.stream, onward)
            finally:
                del self._carried[scope]
        if scope.cancelled_caught:
            await call.stream.abort("ended", "The relay does not carry this connection any more, or the node did not take it.")

    async def _carry(self, asking, onward):
        """Bytes both ways until both sides have ended, one broke off, or nothing came for long."""
        try:
            async with trio.open_nursery() as nursery:
                idle = nursery.cancel_scope
                idle.deadline = trio.current_time() + IDLE_S
                nursery.start_soon(_pump, asking, onward, self._there, idle)
                nursery.start_soon(_pump, onward, asking, self._back, idle)
        except* (StreamAborted, ChannelClosed):
            await _break_off(asking, onward)
        if idle.cancelled_caught:
            # What is on its way to a side that takes nothing would be waited for without end.
            await _break_off(asking, onward)

    def _sweep(self):
        for id20 in [id20 for id20, channel in self._registered.items() if not channel.is_open]:
            del self._registered[id20]


def _places(most, peer):
    return most if peer.is_friend else most - most // FRIENDS_SHARE


async def _break_off(*streams):
    for stream in streams:
        await stream.abort("ended", "The other end of the tunnel is gone, or nothing came for long.")


async def _pump(source, target, gate, idle):
    while True:
        await gate.wait()
        data = await source.receive(gate.bucket.turn_bytes)
        idle.deadline = trio.current_time() + IDLE_S
        if not data:
            await target.finish()
            return
        gate.took(len(data))
        await target.send(bytes(data))
