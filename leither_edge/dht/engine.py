"""One family's side of a DHT node, without sockets or clock: datagrams and time in, datagrams and answers out.

Whoever runs it hands every datagram to `receive`, calls `wake` when `next_wake` has come, and sends what lies in `outgoing`.
Times are seconds of one monotonic clock. Addresses are packed (compact.py).
"""

from collections import deque

from leither_edge.dht import compact, krpc, node_id
from leither_edge.dht.joining import Check, Join, Refresh
from leither_edge.dht.reachability import Reachability
from leither_edge.dht.round_trip import RoundTrip
from leither_edge.dht.routing_table import RoutingTable
from leither_edge.dht.server import PROVE, Server
from leither_edge.dht.size_estimate import SizeEstimate
from leither_edge.dht.verified import Verified

# Four bytes: who cannot see our requests needs two thousand million guesses, not 32,768, to slip in a reply (BEP 5 leaves the size to us).
TRANSACTION_BYTES = 4
# Requests on their way, of all operations; an operation has some three.
PENDING_MAX = 256
# Queries that wait until their sender has shown that it hears us.
WAITING_MAX = 32
# A stranger who does not show that by then gets what fits into the size of his question.
PROVE_S = 0.4
OUTGOING_MAX = 512
MAINTENANCE_S = 10
# A client that only asks now and then keeps its table by some 0.4 MB a day; a server, whom others rely on, by some 2.
CHECK_S = {True: 10, False: 60}
REFRESH_S = {True: 900, False: 3600}
# After entering, the far parts of the table are filled at once.
FIRST_REFRESHES = 3
# A question of ours is made as long as a usual answer and a ping together, where the other cannot know yet that our address is ours.
PADDED_BYTES = 420
# A ping of ours with everything that can be in it.
PING_BYTES = 96
# As many as a turn of the loop may hear; the rest waits in the kernel's queue or is lost there.
TURN_DATAGRAMS = 64


class Pending:
    """A request on its way. listener: has answered, refused, slow and failed; node_id: 20 bytes, None where it is not known yet;
    size: bytes of the request, and of its reply once that is there.
    """

    __slots__ = ("address", "node_id", "method", "sent", "soft", "hard", "is_slow", "listener", "size")

    def __init__(self, address, expected, method, sent, soft, hard, listener, size):
        self.address = address
        self.node_id = expected
        self.method = method
        self.sent = sent
        self.soft = soft
        self.hard = hard
        self.is_slow = False
        self.listener = listener
        self.size = size

    @property
    def due(self):
        """When something is to be done about it if no reply comes."""
        return self.hard if self.is_slow else self.soft


class Engine:
    """A node in one address family.

    family: 4 or 6; own_id: 20 bytes; shared: Shared, what both families of a node have in common; now: seconds.

    Attributes: table; sizes: SizeEstimate; outgoing: deque of (datagram, address) to send; is_server: whether others are answered (BEP 43);
    traffic: [bytes in, bytes out, packets in, packets out]; is_own: to be set; (packed address) -> whether this machine has that
    address and it is a private one, so that nothing translates it on the way.
    """

    def __init__(self, family, own_id, shared, now):
        settings = shared.settings
        self.family = family
        self.own_id = own_id
        self.shared = shared
        # Members of a closed network often sit in one house; there one for each address is enough.
        self.table = RoutingTable(own_id, family, settings.contacts_max, one_per_prefix=settings.network is None)
        shared.tables[family] = self.table
        self.server = Server(
            settings, own_id, family, shared.tables, shared.items, shared.peers, shared.tokens, shared.verify, shared.rate,
            shared.verified, shared.counters, shared.rand,
        )  # fmt: skip
        self.reachability = Reachability(settings.read_only, bool(settings.bootstrap), now)
        self.outgoing = deque()
        self.traffic = [0, 0, 0, 0]
        self.sizes = SizeEstimate()
        self.round_trip = RoundTrip(int.from_bytes(shared.random_bytes(4), "big"))
        self.is_own = lambda address: False
        self._known_to = Verified(128, shared.random_bytes(8))
        self._pending = {}
        self._waiting = 0
        self._probes = set()
        self._maintenance = now + MAINTENANCE_S
        self._next = self._maintenance
        self._checked = self._refreshed = now
        self._first_refreshes = FIRST_REFRESHES

    @property
    def is_server(self):
        """Whether this node answers others: reachable, and not told to be read-only."""
        return self.reachability.is_server

    @property
    def network_size(self):
        """About how many nodes the network has, None without a clue."""
        return self.sizes.size(self.table)

    @property
    def next_wake(self):
        """When `wake` is to be called at the latest, seconds."""
        return self._next

    # In

    def receive(self, data, address, now):
        """A datagram from an address (packed)."""
        self.traffic[0] += len(data)
        self.traffic[2] += 1
        shared = self.shared
        if shared.settings.local_only and compact.is_global(address):
            return shared.drop("not-local")
        try:
            message = krpc.parse(data)
        except krpc.PacketError as error:
            shared.drop(error.code)
            is_ours = error.network == shared.settings.network and error.kind == krpc.QUERY
            if is_ours and error.tid is not None and error.method is not None and self.reachability.answers:
                self._send(self.server.refuse(error, address, len(data), now), address)
            return None
        if message.network != shared.settings.network:
            return shared.drop("other-network")
        if message.kind == b"q":
            self._query(message, address, len(data), now)
        else:
            self._reply(message, address, len(data), now)
        return None

    def _query(self, message, address, size, now):
        if message.tid in self._probes:
            self.reachability.probed(now)
        elif not self.reachability.answers:
            # On a LAN those come who have heard our shout: a client answers nothing, but would else know nobody.
            if self.shared.settings.discovery and self._is_wanted(message, address, now):
                self.shared.verified.earn(address, size, now)
                self._meet(message, address, now)
            return self.shared.drop("read-only")
        if not self.shared.verified.has(address, now):
            self.reachability.heard_stranger(now)
        is_wanted = self._is_wanted(message, address, now)
        answer = self.server.respond(message, address, size, now, self._waiting < WAITING_MAX, is_wanted)
        if answer is PROVE:
            if self.ask(address, None, b"ping", {}, Prove(self, message, size), now, soft_s=PROVE_S, hard_s=PROVE_S):
                self._waiting += 1
                return None
            answer = self.server.respond(message, address, 0, now, False)
        if answer is not None:
            self._known_to.add(address, now)
            self._send(answer, address)
        if is_wanted:
            self._meet(message, address, now)
        return None

    def _is_wanted(self, message, address, now):
        """Whether a querier would be of use in the table."""
        own = message.body.get(b"id")
        if own is None or message.is_read_only or len(self._pending) >= PENDING_MAX // 2 or self.shared.rate.is_busy(now):
            return False
        return self.table.wants(own + address, now)

    def _meet(self, message, address, now):
        """A querier that is no contact yet is pinged, since it enters the table only by a reply."""
        verified = self.shared.verified
        if verified.has(address, now) or verified.room(address, now) >= PING_BYTES:
            self.ask(address, message.body[b"id"], b"ping", {}, Check(self), now)

    def _reply(self, message, address, size, now):
        pending = self._pending.get(message.tid)
        # The transaction and the address together: a reply from elsewhere is somebody's guess.
        if pending is None or pending.address != address:
            return self.shared.drop("unasked")
        del self._pending[message.tid]
        pending.size += size
        rtt = now - pending.sent
        self.round_trip.measured(rtt, now, address)
        self.shared.verified.add(address, now)
        if message.kind == b"e":
            if pending.method == b"ping":
                # No node has a reason to refuse one; else it would be asked again and again, in place of those that wait to be asked.
                self.table.failed(address, now)
            if pending.listener is not None:
                pending.listener.refused(pending, message, now)
            return None
        answered = message.body[b"id"]
        is_other = pending.node_id is not None and answered != pending.node_id
        if is_other:
            # Whoever was there has gone for good, and a table of few would ask it for ever: it keeps its last ones, silent or not.
            self.table.gone(pending.address)
            self.shared.drop("other-id")
        else:
            self._vote(message, address, now)
        if not self.shared.settings.local_only or not compact.is_global(address):
            oldest = self.table.heard(answered + address, now, min(int(rtt * 1000), 65535))
            if oldest is not None:
                self.ask(oldest[20:], oldest[:20], b"ping", {}, Check(self), now)
        if pending.listener is not None and is_other:
            pending.listener.failed(pending, "other-id", now)
        elif pending.listener is not None:
            pending.listener.answered(pending, message, now)
        return None

    def _vote(self, message, address, now):
        # Who is inside with us does not see us from outside.
        if message.ip is not None and len(message.ip) == len(address) and (compact.is_global(address) or not compact.is_global(message.ip)):
            external = self.reachability.voted(message.ip, compact.prefix(address), now)
            if external is not None and self.is_own(external):
                self.reachability.no_translation(now)
            if external is not None and compact.is_global(external) and not node_id.is_valid_for(self.own_id, external):
                self._take_id(node_id.id_for(external, self.shared.random_bytes))

    def _take_id(self, own_id):
        """BEP 42: an id bound to the address that others see."""
        self.own_id = own_id
        self.table.rebase(own_id)
        self.server.own_id = own_id
        self.shared.items.rebase(own_id)

    # Out

    def ask(self, address, expected, method, arguments, listener, now, *, soft_s=None, hard_s=None, pad=False):
        """Send a request. expected: the id that must answer, or None; arguments: without the id; False where too many are on their way."""
        if len(self._pending) >= PENDING_MAX:
            return False
        tid = self.shared.random_bytes(TRANSACTION_BYTES)
        body = {b"id": self.own_id, **arguments}
        network = self.shared.settings.network
        # A client answers no ping that would prove its address, so unless its question is long it is told next to nothing.
        is_unproved = (network is not None or not self.is_server) and not self._known_to.has(address, now)
        pad_to = PADDED_BYTES if pad and is_unproved else 0
        data = krpc.query(tid, method, body, read_only=not self.is_server, network=network, pad_to=pad_to)
        soft = self.round_trip.soft_for(address) if soft_s is None else soft_s
        hard = self.round_trip.hard_s if hard_s is None else hard_s
        self._pending[tid] = Pending(address, expected, method, now, now + soft, now + hard, listener, len(data))
        self._next = min(self._next, now + soft)
        if not self.shared.verified.has(address, now):
            self.shared.verified.spend(address, len(data), now)
        self._send(data, address)
        return True

    def probe(self, tid):
        """Answer a ping with this transaction even as a client: it comes from ourselves, from outside. None: no more."""
        self._probes = set() if tid is None else {tid}

    def _send(self, data, address):
        if data is None:
            return
        if len(self.outgoing) >= OUTGOING_MAX:
            self.shared.drop("outgoing-full")
            return
        self.traffic[1] += len(data)
        self.traffic[3] += 1
        self.outgoing.append((data, address))

    # Time

    def wake(self, now):
        """Whatever is due by now."""
        # Whatever goes wrong below, the next call is not due at once.
        self._next = now + 1
        due = [(tid, pending) for tid, pending in self._pending.items() if pending.due <= now]
        for tid, pending in due:
            if not pending.is_slow and pending.hard > now:
                pending.is_slow = True
                if pending.listener is not None:
                    pending.listener.slow(pending, now)
            elif self._pending.pop(tid, None) is not None:
                self.table.failed(pending.address, now)
                if pending.listener is not None:
                    pending.listener.failed(pending, "silent", now)
        if now >= self._maintenance:
            self._maintenance = now + MAINTENANCE_S
            self._maintain(now)
        self._next = min((pending.due for pending in self._pending.values()), default=self._maintenance)
        self._next = min(self._next, self._maintenance)

    def _maintain(self, now):
        role = self.is_server
        if now - self._checked >= CHECK_S[role]:
            self._checked = now
            contact = self.table.to_check(now)
            if contact is not None:
                self.ask(contact[20:], contact[:20], b"ping", {}, Check(self), now)
        if now - self._refreshed >= REFRESH_S[role] or (self._first_refreshes and len(self.table)):
            self._refreshed = now
            if self._first_refreshes == FIRST_REFRESHES:
                # Neighbours that joined in the same moment have not heard of each other.
                self.introduce(now)
            elif (target := self.table.due(now)) is not None:
                self.run(Refresh(self, target), now)
            self._first_refreshes = max(self._first_refreshes - 1, 0)

    def introduce(self, now):
        """Look for our own neighbours, so that they learn of us: called when this node has begun to answer."""
        self.run(Refresh(self, self.own_id), now)

    # Operations

    def nodes_in(self, body):
        """The contacts of this family that a reply names; of a node that keeps to private addresses those alone."""
        nodes = compact.split_nodes(body.get(b"nodes" if self.family == 4 else b"nodes6", b""), self.family)
        if self.shared.settings.local_only:
            return [node for node in nodes if not compact.is_global(node[20:])]
        return nodes

    def run(self, operation, now):
        """Begin an operation; it tells its own end."""
        operation.begin(now)

    def join(self, addresses, on_done, now):
        """Enter the network through addresses (packed) and the contacts that the table has."""
        self.run(Join(self, addresses, on_done), now)


class Prove:
    """A query that waits for its sender's answer to a ping."""

    __slots__ = ("_engine", "_message", "_size")

    def __init__(self, engine, message, size):
        self._engine = engine
        self._message = message
        self._size = size

    def answered(self, pending, message, now):
        """The address is the querier's own: the full answer may go there."""
        self._respond(pending, now)

    refused = answered

    def slow(self, pending, now):
        """Waits on."""

    def failed(self, pending, reason, now):
        """What fits into the size of the question."""
        self._respond(pending, now)

    def _respond(self, pending, now):
        engine = self._engine
        engine._waiting -= 1
        answer = engine.server.respond(self._message, pending.address, 0, now, False)
        if answer is not None and answer is not PROVE:
            engine._known_to.add(pending.address, now)
            engine._send(answer, pending.address)
