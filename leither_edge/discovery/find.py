"""Where a node is, and who has something: the address book, the own network and the DHT, asked at once.

Whatever is found is a hint. Only the handshake shows who answers at an address.
"""

import trio

from leither_edge.core.ids import id_to_text, key_id
from leither_edge.dht import DhtError
from leither_edge.discovery.node_records import NOWHERE, read_reach
from leither_edge.names.resolver import Resolver

FOUND_MAX = 24
PROVIDERS_MAX = 50
PACKETS_MAX = 32
# The DHT's own time-outs are shorter; a packet that was looked up once comes at once.
FIND_MAX_S = 12.0
VIA = "via:"


class Discovery:
    """Finds nodes; `run` goes on beside.

    Args: counters, book (public key -> [address text] known from before), dht (() -> the DHT node, or None while there is none),
    lan (Lan that runs by itself, or None).
    """

    def __init__(self, counters, *, book=None, dht=None, lan=None):
        self._counters, self._book, self._lan = counters, book or (lambda key: ()), lan
        self._dht_now = dht or (lambda: None)
        self._nursery = self._resolver = self._resolver_of = None

    async def run(self, *, task_status=trio.TASK_STATUS_IGNORED):
        """Until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                task_status.started()
                await trio.sleep_forever()
            finally:
                self._nursery = self._resolver = self._resolver_of = None

    async def find_addresses(self, public_key, told=None):
        """[address text] of a key's node, the likely best first: its own, then ways through relays. Never raises for want of a network.

        told: called with each list as a source has answered, sooner than the rest.
        """
        found = {}

        async def ask(place, source):
            with trio.move_on_after(FIND_MAX_S):
                found[place] = list(await source(public_key))
                if found[place] and told is not None:
                    told(found[place])

        async with trio.open_nursery() as nursery:
            for place, source in enumerate((self._in_lan, self._in_book, self._in_dht)):
                nursery.start_soon(ask, place, source)
        texts = list(dict.fromkeys([text for place in sorted(found) for text in found[place]]))
        self._counters.add("nodes_looked_for", result="found" if texts else "none")
        return sorted(texts, key=lambda text: text.startswith(VIA))[:FOUND_MAX]

    async def nearby(self, wait_s=None):
        """[Nearby] of the nodes of the own network; wait_s: how long they have to answer, 0 for those that were heard of."""
        if self._lan is None:
            return []
        return await (self._lan.nearby() if wait_s is None else self._lan.nearby(wait_s))

    async def find_providers(self, id20):
        """[address text] of nodes that announced to have something (20 bytes). Raises DhtError."""
        from leither_edge.discovery.node_records import address_text

        dht = self._dht_now()
        if dht is None:
            return []
        found = await dht.peers(id20)
        return list(dict.fromkeys([address_text(host, port) for host, port in found.value]))[:PROVIDERS_MAX]

    async def announce(self, id20, port):
        """Announce this host's peer port under an id; the DHT's Report, None where there is no DHT. Raises DhtError."""
        dht = self._dht_now()
        return None if dht is None else await dht.announce(id20, port)

    # Sources

    async def _in_book(self, public_key):
        return self._book(public_key)

    async def _in_lan(self, public_key):
        return () if self._lan is None else await self._lan.find(public_key)

    async def _in_dht(self, public_key):
        reach = await self._reach(public_key)
        found = list(reach.direct)
        for relay in reach.relays:
            via, places = VIA + id_to_text(key_id(relay.public_key)), relay.addresses
            if not places:
                places = (await self._reach(relay.public_key)).direct
            found += [f"{via}@{place}" for place in places] or [via]
        return found

    async def _reach(self, public_key):
        """What the packet of a key says."""
        resolver = self._resolver_now()
        if resolver is None:
            return NOWHERE
        from leither_edge.names import packet
        from leither_edge.names.errors import PacketError, ResolveError

        try:
            entry = await resolver.resolve(public_key, FIND_MAX_S)
            return NOWHERE if entry.item is None else read_reach(public_key, packet.read(entry.item).records)
        except (ResolveError, PacketError, DhtError):
            return NOWHERE

    def _resolver_now(self):
        dht = self._dht_now()
        if dht is None or self._nursery is None:
            return None
        if dht is not self._resolver_of:
            # The device opens its node anew when its owner chooses another network.
            self._resolver, self._resolver_of = Resolver(dht, self._nursery, self._counters, packets_max=PACKETS_MAX), dht
        return self._resolver
