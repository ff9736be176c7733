"""Where a node is, and who has something: the address book, the own network and the DHT, asked at once.

Whatever is found is a hint. Only the handshake shows who answers at an address.
"""

import trio

from leither_edge.core.ids import id_to_text, key_id
from leither_edge.dht import DhtError
from leither_edge.discovery.node_records import NOWHERE, address_text, read_reach

FOUND_MAX = 24
PROVIDERS_MAX = 50
REACHES_MAX = 32
BELIEVED_S = 10.0
# The DHT's own time-outs are shorter.
FIND_MAX_S = 12.0
VIA = "via:"


class Discovery:
    """Finds nodes. For the trio thread.

    Args: counters, book (public key -> [address text] known from before), dht (() -> the DHT node, or None while there is none),
    lan (Lan that runs by itself, or None).
    """

    def __init__(self, counters, *, book=None, dht=None, lan=None):
        self._counters, self._book, self._lan = counters, book or (lambda key: ()), lan
        self._dht_now = dht or (lambda: None)
        # {public key: (when it was looked up, Reach)}, the oldest first; {public key: trio.Event of the search under way}.
        self._reaches, self._under_way = {}, {}

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
        """What the packet of a key says: looked up once for all who ask at a time, and believed for a moment only.

        Who comes here could not reach the node where it was: that a name holds for minutes is of no use to him.
        """
        dht = self._dht_now()
        if dht is None:
            return NOWHERE
        now = trio.current_time()
        at, reach = self._reaches.get(public_key, (-BELIEVED_S, NOWHERE))
        if now - at < BELIEVED_S:
            return reach
        under_way = self._under_way.get(public_key)
        if under_way is not None:
            await under_way.wait()
            return self._reaches.get(public_key, (at, reach))[1]
        self._under_way[public_key] = trio.Event()
        try:
            reach = await self._looked_up(dht, public_key, reach)
            self._reaches.pop(public_key, None)
            while len(self._reaches) >= REACHES_MAX:
                del self._reaches[next(iter(self._reaches))]
            self._reaches[public_key] = (trio.current_time(), reach)
        finally:
            self._under_way.pop(public_key).set()
        return reach

    async def _looked_up(self, dht, public_key, before):
        """The Reach of a key as the network has it; before, where nobody there knows better."""
        from leither_edge.names import packet
        from leither_edge.names.errors import PacketError

        try:
            found = (await dht.get_mutable(public_key)).value
            return before if found is None else read_reach(public_key, packet.read(found).records)
        except DhtError:
            return before
        except PacketError as error:
            # Signed by the key, yet no packet of records: something else is kept there.
            self._counters.add("names_unreadable", reason=error.code)
            return NOWHERE
