"""The one behind a router: keeps channels to relays and is reached through them."""

import trio

from leither_edge.core.ids import ID_BYTES, key_id
from leither_edge.peer.addresses import Address, parse
from leither_edge.peer.back_off import BackOff
from leither_edge.peer.channel.errors import Refused
from leither_edge.peer.errors import BadAddress, PeerError

from .carried import Carried
from .tunnels import ARRIVE, REGISTER

# Relays at a time: when one is lost, the other is there meanwhile.
AT_ONCE = 2
# Who does not offer a tunnel is asked again after so long, who only does not know this node yet sooner.
REFUSED_S = 600.0
# How often friends are looked through.
LOOK_S = 30.0
# A registration that ends at once is no use.
STEADY_S = 10.0


class Registrations:
    """Args: peers (Peers)."""

    def __init__(self, peers):
        self._peers = peers
        # None: friends. {public key: Channel} where registered; {public key: BackOff} of those that failed.
        self._wanted, self._active, self._failed = (), {}, {}
        self._scope, self._changed = None, trio.Event()
        peers.book.changed.append(lambda id20, row: self._look_again())

    def use(self, public_keys):
        """See Tunnels.use."""
        self._wanted = None if public_keys is None else tuple(public_keys)
        self._failed = {}
        self._look_again()
        if self._wanted == ():
            if self._scope is not None:
                self._scope.cancel()
                self._scope = None
                # Those that end now clear the old one.
                self._active = {}
                self._peers.services.remove(ARRIVE)
        elif self._scope is None:
            self._scope = trio.CancelScope()
            self._peers.start_soon(self._stay_registered, self._scope)
            # Any relay may be a stranger to this node; which ones are, the handler knows.
            self._peers.services.add(ARRIVE, self._arrive, is_stream=True, for_strangers=True)

    def active(self):
        """[(public key, addresses)] of the relays where this node is registered; first those that were named first."""
        wanted = self._candidates()
        keys = sorted(self._active, key=lambda key: wanted.index(key) if key in wanted else len(wanted))
        return [(key, _reached_at(self._active[key])) for key in keys if self._active[key] is not None and self._active[key].is_open]

    def addresses(self):
        """[address text] of this node."""
        found = []
        for key, places in self.active():
            relay = key_id(key)
            found += [str(parse(place)._replace(relay=relay)) for place in places] or [str(Address(None, 0, relay))]
        return found

    def _candidates(self):
        if self._wanted is not None:
            return list(self._wanted)
        rows = [row for row in self._peers.book.rows() if row.is_friend and row.public_key]
        # One that is itself reached through others carries nobody; where one is that has no address here, others may know.
        return [row.public_key for row in rows if self._is_met(row.id) or any(not text.startswith("via:") for text in row.addresses)]

    def _is_met(self, id20):
        channel = self._peers.channel_of(id20)
        return channel is not None and not (channel.peer.address or "").startswith("via:")

    async def _stay_registered(self, scope):
        with scope:
            async with trio.open_nursery() as nursery:
                for _ in range(AT_ONCE):
                    nursery.start_soon(self._stay_at_one)

    async def _stay_at_one(self):
        while True:
            key = self._next()
            if key is not None:
                await self._register_at(key)
                continue
            with trio.move_on_after(self._rest_s()):
                await self._changed.wait()

    async def _register_at(self, key):
        registered_at, active, failed = None, self._active, self._failed
        active[key] = None
        self._peers.keep(key, reconnects=False)
        why = "the relay was lost"
        try:
            channel = await self._peers.connect_relay(key)
            if (channel.peer.address or "").startswith("via:"):
                raise Refused("relay", "This node is itself reached through another.")
            await channel.call(REGISTER, {})
            active[key], registered_at = channel, trio.current_time()
            self._peers.counters.add("tunnel_registrations")
            await channel.closed.wait()
        except PeerError as error:
            why = str(error)
            if error.code in ("unknown-service", "relay"):
                failed.setdefault(key, BackOff()).until = trio.current_time() + REFUSED_S
                return
        finally:
            self._peers.let_go(key)
            del active[key]
            self._look_again()
        if registered_at is not None and trio.current_time() - registered_at > STEADY_S:
            failed.pop(key, None)
        else:
            chance = self._peers.random_bytes(1)[0] / 255
            failed.setdefault(key, BackOff()).failed(trio.current_time(), chance, why)

    def _look_again(self):
        self._changed.set()
        self._changed = trio.Event()

    def _next(self):
        now = trio.current_time()
        for key in self._candidates():
            if key not in self._active and (key not in self._failed or self._failed[key].until <= now):
                return key
        return None

    def _rest_s(self):
        now = trio.current_time()
        waits = [self._failed[key].wait_s(now) for key in self._candidates() if key in self._failed and key not in self._active]
        return max(0.05, min([LOOK_S, *waits]))

    async def _arrive(self, call):
        """A relay leads somebody here."""
        if call.channel not in self._active.values():
            raise Refused("not-registered", "This node did not ask this relay to lead anybody to it.")
        line = Carried(call.stream)
        await call.stream.accept({})
        where = str(Address(None, 0, call.peer.node_id))
        # Who it is that comes, by the relay's word: so many from one as from one address.
        asker = call.arguments.get("from")
        group = asker if isinstance(asker, bytes) and len(asker) == ID_BYTES else call.peer.node_id
        channel = await self._peers.door.meet(line, group, where, None)
        if channel is not None:
            await channel.closed.wait()


def _reached_at(channel):
    """[text] of the address where a relay answered."""
    try:
        address = parse(channel.peer.address or "")
    except BadAddress:
        return []
    return [str(address)] if channel.is_initiator and address.relay is None else []
