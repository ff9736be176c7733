"""The device's name: its addresses under its key, signed and renewed; and the DNS server of its network, where it was given a port.

A service of the DHT node (kept_dht.py): it runs while that is open. Nothing of names is loaded before.
"""

import trio

from appliance.commands.verbs import VerbFailed
from appliance.wifi.subnet import SUBNETS, device_address
from leither_edge.discovery.interfaces import is_loopback
from leither_edge.storage import StorageError

TTL_S = 300
LOOK_S = 10
JOIN_S = 30
ADDRESSES_MAX = 8
SERVICE = b"_leither"
PORT_PARAMETER = 3
STORE_MAX_S = 20
# BEP 44: the sequence number is less than current.
REFUSED_OLD = "refused-302"
MICROSECONDS = 1_000_000
# There every name leads to the setup page, by a server of its own.
ACCESS_POINTS = frozenset(device_address(subnet) for subnet in SUBNETS)


def names_service(node, executor, options, addresses, port, more=tuple):
    """The service: async (dht, wish).

    node: Node; executor: Executor, whose verbs for others' names it serves; options: Options; addresses: () -> the device's IP literals,
    loopback last; port: of its page and commands; more: () -> [Record] of what else its packet says.
    """

    async def keep_names(dht, wish):
        from leither_edge.names.resolver import Resolver

        async with trio.open_nursery() as nursery:
            resolver = Resolver(dht, nursery, node.counters, packets_max=node.profile.names.packets_max)
            if options.dns_port is not None:
                nursery.start_soon(_answer, node, resolver, options.dns_port, addresses)
            executor.names = OthersNames(node, dht)
            try:
                await OwnName(node, dht, wish.reach, resolver, addresses, port, more).run()
            finally:
                executor.names = None

    return keep_names


# The name


class OwnName:
    """Publishes the device's addresses, and anew when they have changed; the DHT node renews them every hour."""

    __slots__ = ("_addresses", "_dht", "_more", "_node", "_port", "_reach", "_resolver")

    def __init__(self, node, dht, reach, resolver, addresses, port, more=tuple):
        self._node = node
        self._dht = dht
        self._reach = reach
        self._resolver = resolver
        self._addresses = addresses
        self._port = port
        self._more = more

    async def run(self):
        """Until cancelled."""
        from leither_edge.dht.item import mutable_target
        from leither_edge.names.changes import publish_changes
        from leither_edge.names.publisher import Publisher

        kept = self._dht.kept_item(mutable_target(self._node.key.public_key))
        publisher = Publisher(self._dht, self._node.key, self._clock_us, last=kept)
        await self._take_back(kept)
        await self._dht.joined(JOIN_S)
        await publish_changes(self._records, lambda records: self._publish(publisher, records), LOOK_S)

    async def _take_back(self, kept):
        """What was told in one network is not for the next one: it is renewed only if it still holds. Answer DNS from here on."""
        from leither_edge.dht.item import target_of
        from leither_edge.names import packet

        records, key = self._records(), self._node.key
        if kept is not None and (not records or kept.value != packet.write_value(key.public_key, records)):
            try:
                await self._dht.forget(target_of(kept))
            except StorageError as error:
                self._node.log.error("name not taken back", why=error)
        if records:
            self._resolver.keep_own(packet.make(key.public_key, records, self._clock_us(), key.sign))

    async def _publish(self, publisher, records):
        """Whether it was done."""
        from leither_edge.dht import DhtError
        from leither_edge.names.errors import PacketError

        counters = self._node.counters
        try:
            done = await publisher.publish(records)
        except (DhtError, PacketError) as error:
            counters.add("names_published", result=error.code)
            return False
        except StorageError as error:
            counters.add("names_published", result="storage")
            self._node.log.error("name not kept", why=error)
            return False
        self._resolver.keep_own(done.item)
        counters.add("names_published", result="stored")
        self._node.log.info("name", records=len(records), stored=done.report.stored)
        return True

    def _records(self):
        told = told_addresses(self._reach, self._addresses(), external_addresses(self._dht))
        return [*own_records(self._node.key.public_key, told, self._port), *self._more()]

    def _clock_us(self):
        return int(self._node.clock() * MICROSECONDS)


def told_addresses(reach, own, external):
    """The addresses to publish: in the public network those alone by which the world may reach the device, elsewhere all there are.

    own: of its interfaces, loopback last; external: as other nodes see it; all IP literals.
    """
    from leither_edge.dht import compact

    told = [address for address in own if "%" not in address and not is_loopback(address)]
    if not told and reach != "mainline":
        # A device that only its own machine can reach, as on a laptop.
        told = [address for address in own if is_loopback(address)]
    told = [address for address in dict.fromkeys([*told, *external]) if address not in ACCESS_POINTS]
    if reach == "mainline":
        told = [address for address in told if compact.is_global(compact.pack(address, 0))]
    return told[:ADDRESSES_MAX]


def external_addresses(dht):
    """This device's addresses as other nodes see them."""
    facts = dht.stat()
    seen = [facts[family]["external"] for family in ("ipv4", "ipv6") if family in facts]
    return [host for host, _ in filter(None, seen)]


def own_records(key, addresses, port):
    """[Record]: an A or AAAA record for each address, and the port of the page as a service (RFC 9460); nothing without an address."""
    from leither_edge.dht import compact
    from leither_edge.names import dns_name, dns_records, packet
    from leither_edge.names.dns_records import AAAA, IN, SVCB, A, Record

    own = packet.origin(key)
    records = []
    for address in addresses:
        data = compact.ip(compact.pack(address, 0))
        records.append(Record(own, A if len(data) == 4 else AAAA, IN, TTL_S, data))
    if records:
        data = dns_records.service_data(1, own, ((PORT_PARAMETER, port.to_bytes(2, "big")),))
        records.append(Record(dns_name.join(SERVICE, own[1:-1]), SVCB, IN, TTL_S, data))
    return records


class OthersNames:
    """What the owner has the device renew beside its own name: signed packets of other keys, which it cannot change."""

    __slots__ = ("_dht", "_node")

    def __init__(self, node, dht):
        self._node = node
        self._dht = dht

    async def keep(self, data):
        """Store a packet now and every hour from now on; {stored: nodes that took it}. Raises VerbFailed."""
        from leither_edge.crypto.sodium import verify
        from leither_edge.dht import DhtError
        from leither_edge.names.errors import PacketError
        from leither_edge.names.packet import from_bytes

        try:
            item = from_bytes(data, verify)
        except PacketError as error:
            raise VerbFailed("bad-packet", f"This is no signed packet of records: {error}.") from None
        self._check_key(item.key)
        stored = 0
        with trio.move_on_after(STORE_MAX_S):
            try:
                stored = (await self._dht.put_mutable(item)).stored
            except DhtError as error:
                if error.code == REFUSED_OLD:
                    raise VerbFailed("superseded", "The network has a newer packet of this key. Renew that one.") from None
                # It is stored in an hour at the latest.
        try:
            await self._dht.keep(item)
        except DhtError as error:
            raise VerbFailed(error.code, str(error)) from None
        except StorageError as error:
            raise VerbFailed("storage", str(error)) from None
        return {"stored": stored}

    async def forget(self, key):
        """Renew the packet of a key no longer; {kept: whether there was one}. Raises VerbFailed."""
        from leither_edge.dht.item import mutable_target

        self._check_key(key)
        target = mutable_target(key)
        kept = self._dht.kept_item(target) is not None
        try:
            await self._dht.forget(target)
        except StorageError as error:
            raise VerbFailed("storage", str(error)) from None
        return {"kept": kept}

    def _check_key(self, key):
        if key == self._node.key.public_key:
            raise VerbFailed("own-name", "This is the device's own name, which it looks after itself.")


# The DNS server


async def _answer(node, resolver, port, addresses):
    """Answer DNS on each of the device's addresses, and open anew when these have changed."""
    from leither_edge.names.listening import ListenError
    from leither_edge.names.responder import Responder

    limits = node.profile.names
    responder = Responder(resolver, node.counters, node.log, requests_per_s=limits.requests_per_s, connections_max=limits.connections_max)
    complained = None
    while True:
        hosts = tuple(address for address in addresses() if address not in ACCESS_POINTS)
        async with trio.open_nursery() as nursery:
            try:
                taken = await nursery.start(responder.serve, hosts, port)
                node.log.info("dns", port=taken)
                complained = None
            except ListenError as error:
                if str(error) != complained:
                    complained = str(error)
                    node.log.warning("dns", sentence=complained)
            while tuple(address for address in addresses() if address not in ACCESS_POINTS) == hosts and complained is None:
                await trio.sleep(LOOK_S)
            if complained is not None:
                await trio.sleep(LOOK_S)
            nursery.cancel_scope.cancel()
