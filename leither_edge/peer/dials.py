"""Channels that this node begins: each peer dialled once however many wait for it, left alone for a while when it cannot be reached."""

from collections import OrderedDict

import trio

from leither_edge.core.ids import key_id

from .addresses import Address, is_near, parse, parse_all
from .back_off import BackOff
from .book import BLOCKED
from .channel.errors import CallTimedOut, ChannelClosed
from .channel.handshake import Initiator
from .dialing import ADDRESSES_MAX, first_of, open_tcp
from .errors import Blocked, PeerError, Unreachable, WrongPeer
from .meeting import shake_hands

# Channel keys of nodes that are not in the address book, and nodes that could not be reached.
STATICS_MAX, BACK_OFFS_MAX = 64, 256
# Of a node that is to be kept connected.
RETRY_MIN_S, RETRY_BLOCKED_S = 1.0, 60.0
# A channel that ends sooner is not followed by the next at once: each costs both sides a handshake.
STEADY_S = 10.0
# Who asks for a channel himself is kept waiting so long at most after a failure; what goes on beside waits as long as it must.
REST_MAX_S = 2.0
# To reach the relay of a node.
RELAY_S = 20.0

_NO_BACK_OFF = BackOff()


class Dial:
    """An attempt that several may wait for. id: of the node that is meant, or None. channel or error is there once it is done."""

    __slots__ = ("id", "scope", "done", "channel", "error", "waiting")

    def __init__(self, id20):
        self.id = id20
        self.scope, self.done = trio.CancelScope(), trio.Event()
        self.channel = self.error = None
        self.waiting = 0


class Dials:
    """Attempts on their way, and what is remembered of those before. Args: peers (Peers)."""

    def __init__(self, peers):
        self._peers = peers
        self._dials, self._kept = {}, {}
        self._hurried = trio.Event()
        self._back_offs, self._statics = OrderedDict(), OrderedDict()

    async def connect(self, public_key, node_id, texts, timeout_s, at_once, is_relay=False):
        """See Peers.connect. is_relay: a way to another node is sought, so no other relay is of use."""
        peers = self._peers
        id20 = node_id if public_key is None else key_id(public_key)
        given = [parse(text) for text in texts]
        if id20 is None and not given:
            raise PeerError("Name a node or an address.", "no-address")
        if id20 == peers.key.id:
            raise Blocked("This is the node itself.", "own-key")
        if id20 is None:
            return await self._at_address(given, timeout_s)
        known = peers.book.get(id20)
        if known is not None and known.state == BLOCKED:
            raise _blocked(known)
        found = peers.channel_of(id20)
        if found is not None:
            await trio.lowlevel.checkpoint()
            return found
        dial = self._dials.get(id20)
        if dial is None:
            if not at_once and not given and self._has_just_failed(id20):
                raise Unreachable(f"{self._back_offs[id20].why} That was a moment ago.")
            dial = self._begin(id20, id20, public_key or (known and known.public_key) or None, given, is_relay)
        return await self._outcome_of(dial, timeout_s)

    async def _at_address(self, given, timeout_s):
        """The Channel to whoever answers there."""
        where = str(given[0])
        for channel in self._peers.channels():
            if channel.is_initiator and channel.peer.address == where:
                await trio.lowlevel.checkpoint()
                return channel
        dial = self._dials.get(where) or self._begin(where, None, None, given, False)
        return await self._outcome_of(dial, timeout_s)

    def keep(self, public_key, reconnects=True):
        """See Peers.keep. reconnects: False where the caller himself sees to that."""
        count, scope = self._kept.get(public_key, (0, None))
        if scope is None and reconnects:
            scope = trio.CancelScope()
            self._peers.start_soon(self._keep, public_key, scope)
        self._kept[public_key] = count + 1, scope

    def let_go(self, public_key):
        """See Peers.keep."""
        count, scope = self._kept.pop(public_key, (0, None))
        if count > 1:
            self._kept[public_key] = count - 1, scope
        elif scope is not None:
            scope.cancel()

    def is_kept(self, public_key):
        """Whether somebody wants a channel to stay."""
        return public_key in self._kept

    def _has_just_failed(self, id20):
        back_off, now = self._back_offs.get(id20, _NO_BACK_OFF), trio.current_time()
        return back_off.wait_s(now) > 0 and now - back_off.since < REST_MAX_S

    def wait_s(self, id20):
        """How long a node is still left alone, 0 for not at all."""
        return self._back_offs.get(id20, _NO_BACK_OFF).wait_s(trio.current_time())

    def forget_failures(self, id20=None):
        """Whoever could not be reached (one, or all) is worth another try."""
        if id20 is None:
            self._back_offs.clear()
            self._hurried.set()
            self._hurried = trio.Event()
        else:
            self._back_offs.pop(id20, None)

    def came(self, channel):
        """A peer has come by itself: who waits for an attempt to reach it has what he waits for."""
        dial = self._dials.get(channel.peer.node_id)
        if dial is not None and not dial.done.is_set():
            # The attempt goes on: the peer may be using what it leads to already.
            dial.channel = channel
            dial.done.set()

    def met(self, public_key, static):
        """Remember a peer's channel key for the next time."""
        self._statics[public_key] = static
        self._statics.move_to_end(public_key)
        if len(self._statics) > STATICS_MAX:
            self._statics.popitem(last=False)
        self.forget_failures(key_id(public_key))

    def _begin(self, name, *wanted):
        dial = self._dials[name] = Dial(wanted[0])
        self._peers.start_soon(self._dial, dial, name, *wanted)
        return dial

    async def _outcome_of(self, dial, timeout_s):
        dial.waiting += 1
        try:
            with trio.fail_after(timeout_s):
                await dial.done.wait()
        except trio.TooSlowError:
            error = Unreachable(f"The node could not be reached within {timeout_s:g} seconds.", "timeout")
            self._note_failure(dial.id, error)
            raise error from None
        finally:
            dial.waiting -= 1
            if not dial.waiting and not dial.done.is_set():
                dial.scope.cancel()
        if dial.error is not None:
            raise dial.error
        return dial.channel

    async def _dial(self, dial, name, id20, public_key, given, is_relay):
        error = Unreachable("The attempt to reach the node was given up.", "given-up")
        try:
            with dial.scope:
                dial.channel = await self._reach(id20, public_key, given, is_relay)
        except PeerError as failure:
            error = failure
        finally:
            if self._dials.get(name) is dial:
                del self._dials[name]
            if dial.channel is None:
                dial.error = error
                if not dial.scope.cancelled_caught:
                    self._note_failure(id20, error)
            self._peers.counters.add("peer_dials", result="done" if dial.channel is not None else error.code)
            dial.done.set()

    def _note_failure(self, id20, error):
        if id20 is None:
            return
        if id20 not in self._back_offs:
            self._back_offs[id20] = BackOff()
            if len(self._back_offs) > BACK_OFFS_MAX:
                self._back_offs.popitem(last=False)
        chance = self._peers.random_bytes(1)[0] / 255
        self._back_offs[id20].failed(trio.current_time(), chance, str(error))

    async def _reach(self, id20, public_key, given, is_relay):
        """A Channel that has shown a sign of life. Raises PeerError."""
        peers = self._peers
        known = None if id20 is None else peers.book.get(id20)

        def usable(addresses):
            return [address for address in addresses if address.relay is None or not is_relay]

        addresses = usable([*given, *parse_all(known.addresses if known else (), ADDRESSES_MAX)])
        static = ((known and known.static) or self._statics.get(public_key) or None) if public_key else None

        async def more(told):
            found = await peers.find_addresses(public_key, lambda texts: told(usable(parse_all(texts, ADDRESSES_MAX))))
            return usable(parse_all(found, ADDRESSES_MAX))

        async def attempt(address):
            stream, group, near = await self._connected(address, id20)
            side = Initiator(peers.channel_key, peers.random_bytes, network=peers.network, expected=public_key, static=static)
            met, leftover = await shake_hands(side, stream)
            if id20 is not None and key_id(met.public_key) != id20:
                await trio.aclose_forcefully(stream)
                raise WrongPeer("Another node answers at this address than the one that is meant.")
            return stream, met, leftover, address, group, near

        is_sought = public_key is not None and peers.find_addresses is not None
        stream, met, leftover, address, group, near = await first_of(addresses, attempt, more if is_sought else None)
        where = str(address)
        with trio.CancelScope(shield=True):
            channel = await peers.adopt(stream, met, leftover, is_initiator=True, group=group, where=where, near=near)
        if channel is None:
            known = peers.book.get(key_id(met.public_key))
            if known is not None and known.state == BLOCKED:
                raise _blocked(known)
            raise Unreachable("This node has as many channels open as its profile allows. Try again later.", "too-many")
        try:
            # Who has no room, or does not take us, says so now.
            await channel.ping()
        except (ChannelClosed, CallTimedOut) as error:
            raise Unreachable(f"{where}: {error}", error.code, {"tried": [[where, str(error)]]}) from None
        return peers.channel_of(channel.peer.node_id) or channel

    async def _connected(self, address, id20):
        """(trio stream, group, whether near) of an Address. Raises OSError, PeerError."""
        peers = self._peers
        if address.relay is not None:
            if id20 is None or address.relay in (id20, peers.key.id):
                raise WrongPeer("An address through a relay leads to a node that is named, and that is not the relay itself.")
            at = [str(Address(address.host, address.port, None))] if address.host else []
            relay = await self.connect(None, address.relay, at, RELAY_S, False, True)
            return await peers.tunnels.carried(relay, id20), address.relay, None
        stream = await open_tcp(address)
        return stream, None, is_near(stream.socket.getpeername()[0])

    async def _keep(self, public_key, scope):
        with scope:
            while True:
                try:
                    channel = await self._peers.connect(public_key)
                except PeerError as error:
                    least_s = RETRY_BLOCKED_S if isinstance(error, Blocked) else RETRY_MIN_S
                    with trio.move_on_after(max(least_s, self.wait_s(key_id(public_key)))):
                        await self._hurried.wait()
                    continue
                since = trio.current_time()
                await channel.closed.wait()
                if trio.current_time() - since < STEADY_S:
                    await trio.sleep(RETRY_MIN_S)


def _blocked(known):
    return Blocked(f"{known.name or 'The node'} is blocked here. Unblock it first.")
