"""This node among others: whom it knows, who is let in, and one channel to each peer."""

import time

import trio

from leither_edge.core.ids import key_id
from leither_edge.crypto import sodium
from leither_edge.storage import StorageError

from .admission import HalfOpen, Place, Places
from .bandwidth import Gate, Shaped
from .book import BLOCKED, BY_HAND, KNOWN, Book
from .channel.greeting import PUBLIC_NETWORK
from .channel.limits import Limits
from .connection import Channel, Remote
from .dials import Dials
from .errors import PeerError
from .open_channels import Open, OpenChannels
from .services import Services
from .tally import Tally

CONNECT_S = 30.0
# A channel that this node began, or a stranger's, without streams for so long makes room.
IDLE_S = 600
# A retired channel's streams may go on for so long.
RETIRE_EVERY_S, RETIRE_MAX_S = 1.0, 600.0
# Told to every peer when the node ends.
CLOSE_S = 3.0
KIB = 1024

_TURNED_AWAY = {
    "blocked": "This node takes no channel from you.",
    "busy": "This node has as many channels as it can carry. Try again later, or ask another node.",
    "no-room": "This node needs the place of this channel for another peer.",
    "replaced": "Another channel between the two nodes has taken its place.",
    "bye": "The node is about to end.",
}


class Peers:
    """A node's peers. `run` carries it; all calls are for the trio thread while it runs.

    Attributes: key (KeyPair of the node), services (Services), book (Book), tally (Tally), tunnels (Tunnels), up and down (Gate: what
    passes to and from other networks), find_addresses (None, or async (public key, told) -> [address text], asked when no known address
    leads to a node soon; told is called with such lists sooner), listeners (functions of a Channel, called when one to a peer has begun).
    """

    def __init__(self, library, channel_key, profile, services, *, counters, log=None, clock=time.time, random_bytes=sodium.random_bytes,
                 network=PUBLIC_NETWORK):  # fmt: skip
        """Args: library (Library: its node_key and store), channel_key (ChannelKey), profile (Profile or its like, with `peers`), services
        (Services: what peers may ask), counters (Counters), log (Log), clock (-> s since 1970), network (8 bytes: peers of others are
        refused). Raises nothing; made inside trio.
        """
        self.key, self.services, self.limits = library.node_key, services, profile.peers
        self.book, self.tally = Book(library, self.limits.known_max, clock), Tally(library, self.limits.known_max, clock)
        self.book.changed.append(self._book_changed)
        self.find_addresses, self.listeners = None, []
        self._channel_key, self.network = channel_key, network
        self.counters, self.log, self.random_bytes = counters, log, random_bytes
        self.up, self.down = Gate(self.limits.bandwidth_up_kib_per_s * KIB), Gate(self.limits.bandwidth_down_kib_per_s * KIB)
        self._open, self._places = OpenChannels(self.key.id), Places(self.limits.connections_max)
        self.half_open = HalfOpen(self.limits.half_open_max)
        self._dials = Dials(self)
        self._nursery = self._door = self._tunnels = None

    @property
    def tunnels(self):
        """Tunnels: connections carried through this node for others, or through others for this node."""
        if self._tunnels is None:
            from .tunnel import Tunnels

            self._tunnels = Tunnels(self)
        return self._tunnels

    @property
    def channel_key(self):
        """The ChannelKey that this node shows."""
        return self._channel_key

    async def run(self, *, task_status=trio.TASK_STATUS_IGNORED):
        """Carry all channels until cancelled; then every peer is told, and what was counted is written."""
        try:
            async with trio.open_nursery() as nursery:
                await nursery.start(self._work)
                nursery.start_soon(self.tally.run, self._collect, self.log)
                task_status.started(self)
                try:
                    await trio.sleep_forever()
                finally:
                    with trio.CancelScope(shield=True):
                        await self._close_all()
        finally:
            with trio.CancelScope(shield=True):
                await self.tally.flush_at_last(self.log)

    async def _close_all(self):
        with trio.move_on_after(CLOSE_S):
            async with trio.open_nursery() as ends:
                for each in self._open:
                    ends.start_soon(each.channel.aclose, "bye", _TURNED_AWAY["bye"])
        self._nursery.cancel_scope.cancel()

    async def listen(self, hosts, port):
        """Let peers in at IP addresses; port 0 takes a free one. Gives [(host, port)]. Raises NotListening."""
        from .listening import open_sockets

        return self.serve(open_sockets(hosts, port))

    def serve(self, sockets):
        """Let peers in by listening sockets (not blocking), which are closed in the end. Gives [(host, port)]."""
        for sock in sockets:
            self._nursery.start_soon(self.door.accept, sock)
        return [sock.getsockname()[:2] for sock in sockets]

    @property
    def door(self):
        """Where connections of others come in."""
        if self._door is None:
            from .door import Door

            self._door = Door(self)
        return self._door

    # who is there

    def channels(self):
        """The Channel of each connected peer."""
        return [each.channel for each in self._open if not each.is_retired and each.channel.is_open]

    def channel_of(self, id20):
        """The open Channel of a node id, or None."""
        found = self._open.of(id20)
        return None if found is None else found.channel

    def stat(self):
        """{name: figure} of all this, and `channels`: one {name: figure} for each."""
        self._collect()
        now = trio.current_time()
        channels = [
            {
                "id": each.id, "name": each.channel.peer.name or "", "address": each.where, "friend": each.channel.peer.is_friend,
                "near": each.is_near, "began_here": each.channel.is_initiator, "open_s": int(now - each.since), "sent": each.sent,
                "received": each.received, "streams": sum(each.channel.streams), "round_trip_ms": _ms(each.channel.round_trip_s),
            }
            for each in self._open
        ]  # fmt: skip
        rates = [gate.bucket.bytes_per_s for gate in (self.up, self.down)]
        return {
            "channels": channels, "channels_max": self._places.most, "handshakes": len(self.half_open),
            "up_kib_per_s": rates[0] and rates[0] // KIB, "down_kib_per_s": rates[1] and rates[1] // KIB,
            "up_bytes": self.up.moved, "down_bytes": self.down.moved,
            "tunnels": None if self._tunnels is None else self._tunnels.stat(),
        }  # fmt: skip

    def set_bandwidth(self, up_kib_per_s=None, down_kib_per_s=None):
        """What may pass to and from other networks from now on, in KiB/s; None: as the profile says, 0: no limit."""
        up = self.limits.bandwidth_up_kib_per_s if up_kib_per_s is None else up_kib_per_s
        down = self.limits.bandwidth_down_kib_per_s if down_kib_per_s is None else down_kib_per_s
        self.up.set_rate(up * KIB or None)
        self.down.set_rate(down * KIB or None)

    async def block(self, id20):
        """Shut a node out: channels to it end at once, and it gets no new one. Gives its Known."""
        return await self.book.put(id20, state=BLOCKED, how=BY_HAND)

    async def unblock(self, id20):
        """Let a node in again, as one that is known. Gives its Known."""
        self._dials.forget_failures(id20)
        return await self.book.put(id20, state=KNOWN)

    # to a peer

    async def connect(self, public_key=None, *, node_id=None, address=None, addresses=(), timeout_s=CONNECT_S, at_once=False):
        """The Channel to a node, made if there is none. It lives on its own; nobody needs to close it.

        Args: public_key (32 bytes), or node_id (20 bytes) where no more is known, or neither: whoever answers at address; address and
        addresses (texts, tried before those that are known), at_once (even if the node could not be reached a moment ago).
        Raises Unreachable, Blocked, BadAddress, WrongPeer.
        """
        return await self._dials.connect(public_key, node_id, ([address] if address else []) + list(addresses), timeout_s, at_once)

    async def connect_relay(self, public_key):
        """The Channel to a node that this one reaches by itself. Raises as connect."""
        return await self._dials.connect(public_key, None, (), CONNECT_S, False, True)

    def keep(self, public_key, reconnects=True):
        """Stay connected with a node, through whatever happens, until let_go() was called as often.

        reconnects: False where the caller connects again by himself, and only wants channels not to end for want of work.
        """
        self._dials.keep(public_key, reconnects)

    def let_go(self, public_key):
        """See keep."""
        self._dials.let_go(public_key)

    def hurry(self):
        """The network has changed: whoever could not be reached is worth another try."""
        self._dials.forget_failures()

    # what the door and the tunnels use

    def start_soon(self, work, *arguments):
        """Have async work done beside; its errors are told and no more."""
        self._nursery.start_soon(self._told, work, arguments)

    async def adopt(self, stream, met, leftover, *, is_initiator, group, where, near):
        """The running Channel of a connection whose handshake is done, or None: turned away.

        Args: stream (trio Stream), met (Established), leftover (bytes), group (see admission.Half), where (address text), near (whether of
        the own network; None: carried by another channel).
        """
        id20 = key_id(met.public_key)
        known = self.book.get(id20)
        friend = known is not None and known.is_friend
        now = trio.current_time()
        place = Place(group, friend, now, None)
        refusal = None
        if len(self._places) >= self._places.most:
            # Who was at work since the last time must not be taken for quiet.
            self._collect()
        if known is not None and known.state == BLOCKED:
            refusal = "blocked"
        elif self._places.enter(place, now, is_initiator) is not None:
            refusal = "busy"
        is_kept = self._dials.is_kept(met.public_key) or friend and not is_initiator
        bounds = Limits(self.limits.streams_max, self.limits.window_kib * KIB, idle_s=0 if is_kept else IDLE_S)
        channel = Channel(
            stream if near in (True, None) else Shaped(stream, self.up, self.down), met.sending, met.receiving, is_initiator,
            Remote(met.public_key, id20, known.name or None if known else None, friend, where), Services() if refusal else self.services,
            bounds, hash=met.hash, counters=self.counters, log=self.log, random_bytes=self.random_bytes, leftover=leftover,
        )  # fmt: skip
        if refusal is not None:
            self.counters.add("peer_turned_away", reason=refusal)
            self.start_soon(_turn_away, channel, refusal)
            return None
        place.drop = lambda code: self.start_soon(channel.aclose, code, _TURNED_AWAY[code])
        new = Open(channel, place, where, bool(near), now)
        loser = self._open.enter(new, now)
        if loser is not None:
            self.start_soon(self._retire, loser)
            for old in self._open.beyond(id20):
                self.start_soon(old.channel.aclose, "replaced", _TURNED_AWAY["replaced"])
        self._dials.met(met.public_key, met.static)
        self.counters.set("peer_channels", len(self._open))
        await self._nursery.start(self._carry, new)
        self.counters.add("peer_channels_begun", by="here" if is_initiator else "peer")
        self.start_soon(self.book.met, met.public_key, met.static, where if is_initiator else None)
        if not is_initiator:
            self._dials.came(channel)
        for listener in tuple(self.listeners):
            listener(channel)
        return channel

    def shows_friend(self, static):
        """Whether a channel key is a friend's, as far as it was seen before."""
        return static in self.book.statics()

    # inside

    async def _carry(self, new, task_status=trio.TASK_STATUS_IGNORED):
        try:
            await new.channel.run(task_status)
        except Exception as error:
            self._failed(error)
        finally:
            self._places.leave(new.place)
            self._count_of(new)
            self._open.leave(new)
            self.counters.set("peer_channels", len(self._open))

    async def _work(self, task_status=trio.TASK_STATUS_IGNORED):
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as self._nursery:
                task_status.started()
                await trio.sleep_forever()

    async def _told(self, work, arguments):
        try:
            await work(*arguments)
        except (PeerError, StorageError) as error:
            if self.log is not None:
                self.log.warning("peer", reason=str(error))
        except Exception as error:
            self._failed(error)

    def _failed(self, error):
        self.counters.add("peer_faults")
        if self.log is not None:
            self.log.error("peer-fault", type=type(error).__name__)

    async def _retire(self, old):
        end = trio.current_time() + RETIRE_MAX_S
        await trio.sleep(RETIRE_EVERY_S)
        while old.is_retired and any(old.channel.streams) and trio.current_time() < end:
            with trio.move_on_after(RETIRE_EVERY_S):
                await old.channel.closed.wait()
        if not old.is_retired:
            return
        await old.channel.aclose("replaced", _TURNED_AWAY["replaced"])

    def _collect(self):
        for each in self._open:
            self._count_of(each)

    def _count_of(self, each):
        for service, (sent, received) in each.channel.take_traffic().items():
            self.tally.add(each.id, service, sent, received, each.place.is_friend)
            each.sent += sent
            each.received += received
            if service != "channel":
                each.place.used_at = trio.current_time()

    def _book_changed(self, id20, row):
        for each in self._open:
            if each.id == id20 and row is not None and row.state == BLOCKED:
                self.start_soon(each.channel.aclose, "blocked", _TURNED_AWAY["blocked"])
            elif each.id == id20:
                friend = row is not None and row.is_friend
                each.place.is_friend = friend
                each.channel.peer = each.channel.peer._replace(name=row.name or None if row else None, is_friend=friend)


async def _turn_away(channel, code):
    async with trio.open_nursery() as nursery:
        await nursery.start(channel.run)
        await channel.aclose(code, _TURNED_AWAY[code])


def _ms(seconds):
    return None if seconds is None else round(seconds * 1000, 1)
