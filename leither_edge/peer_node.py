"""Puts a node's channels together over an open content store: peers, discovery, what flows between nodes, and the calls on all of it."""

import contextlib
import os
import time

import trio

from leither_edge.core.ids import id_to_text, key_id, public_key_to_text
from leither_edge.crypto import sodium
from leither_edge.discovery.find import Discovery
from leither_edge.discovery.interfaces import ANY_4, addresses_4, served
from leither_edge.discovery.node_records import Relay, address_text
from leither_edge.flow.backup.backup import Backup
from leither_edge.flow.calls import FlowCalls
from leither_edge.flow.flow import Flow
from leither_edge.flow.jobs import Jobs
from leither_edge.flow.tables import FOLLOWS
from leither_edge.mimei.sealed.sealing import SealedBlocks
from leither_edge.peer.channel.credential import FILE_NAME, load_or_create
from leither_edge.peer.invite.dht_place import DhtPlace
from leither_edge.peer.invite.invitations import Invitations
from leither_edge.peer.peers import Peers
from leither_edge.peer.services import Services

PORT = 8042
# How often it is looked whether others still reach this node.
REACHABLE_LOOK_S = 10
MICROSECONDS = 1_000_000


class PeerNode:
    """A node among others; made by open_peer_node.

    Attributes: library, services (Services; more may be added), peers (Peers), discovery (Discovery), flow (Flow), backup (Backup), calls
    (FlowCalls: what programs and people ask), hosts and port (what is listened on; none and None where it does not), clock (-> s since
    1970), mapping (PortMapping, or None).
    """

    def __init__(self, library, services, peers, name, clock, hosts):
        self.library, self.services, self.peers = library, services, peers
        self.port = self.mapping = self.discovery = self.flow = self.backup = self.calls = None
        self.clock, self.hosts, self._name = clock, hosts, name
        self._uses_tunnels = False

    @property
    def name(self):
        """What its owner calls it; text."""
        return self._name() if callable(self._name) else self._name

    @property
    def id_text(self):
        """Its id as people see it."""
        return id_to_text(self.library.node_key.id)

    @property
    def key_text(self):
        """Its public key as people see it."""
        return public_key_to_text(self.library.node_key.public_key)

    @property
    def address(self):
        """The best address of its own under which others may reach it, None where it does not listen and has no relay."""
        return next(iter(self.addresses()), None)

    def addresses(self):
        """[address text] under which others may reach it: its own, then through relays."""
        own = [address_text(host, self.port) for host in served(self.hosts)] if self.port else []
        mapped = self.mapping.mapped if self.mapping is not None else None
        if mapped is not None:
            own.append(address_text(*mapped))
        return own + (self.peers.tunnels.addresses() if self._uses_tunnels else [])

    async def find_addresses(self, public_key, told=None):
        """[address text] of a node, as discovery finds them; at last through the relays of this one, which may be its relays, too.

        told: called with each list as a source has answered.
        """
        found = await self.discovery.find_addresses(public_key, told)
        for relay in self.relays():
            via = f"via:{id_to_text(key_id(relay.public_key))}"
            found += [f"{via}@{place}" for place in relay.addresses[:1]] or [via]
        return list(dict.fromkeys(found))

    def relays(self):
        """[Relay] through which this node is reached."""
        if not self._uses_tunnels:
            return []
        return [Relay(public_key, tuple(addresses)) for public_key, addresses in self.peers.tunnels.relays()]

    def use_tunnels(self, is_wanted):
        """Be reached through friends who offer a tunnel, or through nobody."""
        if is_wanted != self._uses_tunnels:
            self._uses_tunnels = is_wanted
            self.peers.tunnels.use(None if is_wanted else ())

    def set_bandwidth(self, up_kib_per_s, down_kib_per_s):
        """What may pass to and from other networks, KiB/s; 0: as much as the profile says."""
        self.peers.set_bandwidth(up_kib_per_s or None, down_kib_per_s or None)

    def offer_tunnels(self, is_offered):
        """Carry connections of friends' nodes that nobody reaches, or do so no more."""
        if is_offered or self.peers.stat()["tunnels"] is not None:
            self.peers.tunnels.offer(is_offered)

    def has_company(self):
        """Whether there is anybody to come back to after a restart: friends, or nodes whose content is followed."""
        with self.library.store.read() as tx:
            return tx.count(FOLLOWS) > 0 or any(row.is_friend for row in self.peers.book.rows())


@contextlib.asynccontextmanager
async def open_peer_node(
    library, folder, profile, *, hosts=(), port=None, listeners=(), dht=None, lan=None, counters, log, name="", clock=time.time,
    random_bytes=sodium.random_bytes, own_key=None, may_run=None, may_keep=None, owners=None, publishes=False, is_public=False,
    maps_port=False,
):  # fmt: skip
    """The PeerNode of an open Library, for the length of the block; every peer is told at its end, and the Library stays open.

    Args: folder (path, where the channel key lies), profile (Profile or its like, with `peers`), hosts and port (IP addresses and TCP port
    to listen on; port 0 takes a free one, None: others are connected to, and nobody connects here), listeners (sockets that listen
    already, in place of these), dht (the DHT node, or a function that gives it or None), lan (a Lan that runs already; without one, a node
    makes its own), counters, log (of leither_edge.observe), name (what its owner calls it, text or a function), clock (-> s since 1970),
    own_key (public key of the user who gets what friends share; without it the node's), may_run (Session -> whether he runs this node;
    without it, who signs with the node's key), may_keep (public key -> whether that user may keep content here; without it everybody),
    owners (-> [public key] of who may bring a backup back, beside the node), publishes (keep the addresses of this node in the DHT, under
    its key), is_public (whether that DHT is the world's), maps_port (ask the home's router to let others in).
    Raises NotListening, KeyFileError, StorageError.
    """
    key = library.node_key
    channel_key = await trio.to_thread.run_sync(load_or_create, os.path.join(folder, FILE_NAME), key, random_bytes)
    services = Services()
    peers = Peers(library, channel_key, profile, services, counters=counters, log=log, clock=clock, random_bytes=random_bytes)
    if listeners:
        hosts = [sock.getsockname()[0] for sock in listeners]
    elif port is not None and hosts:
        from leither_edge.peer.listening import open_sockets

        listeners = open_sockets(hosts, port)
    node = PeerNode(library, services, peers, name, clock, tuple(hosts))
    node.port = listeners[0].getsockname()[1] if listeners else None
    dht_now = dht if callable(dht) else lambda: dht
    failure = None
    try:
        async with trio.open_nursery() as nursery:
            if lan is None:
                lan = _lan_of(node, counters, log)
                nursery.start_soon(lan.run)
            node.discovery = Discovery(counters, book=_book_of(peers), dht=dht_now, lan=lan)
            peers.find_addresses = node.find_addresses
            await nursery.start(peers.run)
            parts = _Parts(node, dht_now, counters, log, random_bytes)
            await parts.begin(nursery, own_key, may_run, may_keep, owners)
            peers.serve(listeners)
            if node.port:
                nursery.start_soon(_stay_reachable, node, dht_now)
            if maps_port and node.port:
                _begin_mapping(node, nursery, log)
            if publishes and dht is not None:
                nursery.start_soon(_own_packet(node, dht_now(), is_public, counters, log).run)
            try:
                yield node
            except Exception as error:
                # Not in a group with nothing else in it: who opens the node wants to catch what he himself raised.
                failure = error
            nursery.cancel_scope.cancel()
    finally:
        for sock in listeners:
            sock.close()
    if failure is not None:
        raise failure


class _Parts:
    """What flows between nodes, over channels that are there."""

    def __init__(self, node, dht, counters, log, random_bytes):
        self._node, self._dht, self._counters, self._log, self._random = node, dht, counters, log, random_bytes

    async def begin(self, nursery, own_key, may_run, may_keep, owners):
        """Make them, run them in a nursery, and put them on the node."""
        node, counters, log = self._node, self._counters, self._log
        library, peers = node.library, node.peers
        sealed = SealedBlocks(library.blocks, library.store, library.held, self._random)
        node.flow = Flow(
            library, peers, discovery=node.discovery, dht=self._dht, port=lambda: node.port or 0, own_key=own_key, may_keep=may_keep,
            sealed=sealed, counters=counters, log=log,
        )  # fmt: skip
        node.backup = Backup(library, peers, node.flow.fetcher, sealed, owners=owners, load=node.flow.load, counters=counters, log=log)
        node.flow.add_sealed(node.backup.holder.holds, node.backup.leaving.take_own)
        invitations = Invitations(
            peers, name=lambda: node.name, addresses=node.addresses, places=(DhtPlace(self._dht, node.clock),),
            nearby=node.discovery.nearby, clock=node.clock,
        )  # fmt: skip
        jobs = Jobs(nursery, node.clock, self._random, log)
        own_id = library.node_key.id
        node.calls = FlowCalls(
            library, peers, node.flow, jobs, invitations=invitations, keeping=node.backup.keeping, holder=node.backup.holder,
            bringing=node.backup.bringing, leaving=node.backup.leaving, may_run=may_run or (lambda session: session.user_id == own_id),
            addresses=node.addresses, default_port=PORT, search=node.flow.search,
        )  # fmt: skip
        await nursery.start(node.flow.run)
        nursery.start_soon(node.backup.run)


async def _stay_reachable(node, dht_now):
    """Until cancelled: where no other way in was shown, be reached through friends who offer a tunnel; in another network, try all anew."""
    met, before = [trio.Event()], served(node.hosts)
    node.peers.book.changed.append(lambda id20, row: met[0].set())
    while True:
        dht = dht_now()
        facts = dht.stat() if dht is not None else {}
        is_open = any(facts[family]["is_server"] for family in ("ipv4", "ipv6") if family in facts)
        node.use_tunnels(not is_open and any(row.is_friend for row in node.peers.book.rows()))
        here = served(node.hosts)
        if here != before:
            before = here
            node.peers.hurry()
        with trio.move_on_after(REACHABLE_LOOK_S):
            await met[0].wait()
        met[0] = trio.Event()


def _lan_of(node, counters, log):
    """A Lan of this node's own: a node that listens says where it is, any other only looks."""
    from leither_edge.discovery.lan.edge import Lan, own_of

    hosts = node.hosts or (ANY_4,)

    def ways():
        return addresses_4() if ANY_4 in hosts else [host for host in hosts if ":" not in host]

    own = own_of(node.library.node_key.public_key, node.port, lambda: node.name, lambda: served(hosts)) if node.port else None
    return Lan(ways, counters, log, own)


def _book_of(peers):
    def addresses(public_key):
        known = peers.book.get(key_id(public_key))
        return known.addresses if known is not None else ()

    return addresses


def _begin_mapping(node, nursery, log):
    from leither_edge.discovery.port_mapping import PortMapping, is_available

    if is_available():
        node.mapping = PortMapping(node.port, log)
        nursery.start_soon(node.mapping.run)


def _own_packet(node, dht, is_public, counters, log):
    from leither_edge.discovery.own_packet import OwnPacket, told_hosts

    def way():
        mapped = node.mapping.mapped if node.mapping is not None else None
        hosts = told_hosts([*([mapped.host] if mapped else []), *served(node.hosts)], dht, is_public) if node.port else []
        return hosts, node.port, node.relays()

    return OwnPacket(dht, node.library.node_key, way, lambda: int(node.clock() * MICROSECONDS), counters, log)
