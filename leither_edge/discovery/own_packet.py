"""Keeps the signed packet of this node's key up to date with the way to its channel; what else is published under the key stays in it.

For a node that publishes nothing else. A device, whose name says more, puts service_records among the records of that.
"""


from leither_edge.dht import DhtError, compact
from leither_edge.discovery.node_records import address_records, is_ours, service_records
from leither_edge.names import packet
from leither_edge.names.changes import publish_changes
from leither_edge.names.errors import PacketError
from leither_edge.names.publisher import Publisher

LOOK_S = 10
JOIN_S = 30


def told_hosts(hosts, dht, is_public):
    """The IP literals to publish: in the public network those alone by which the world reaches this host.

    Args: hosts (of its interfaces), dht (which knows how others see this host), is_public (whether it is the public network).
    """
    facts = dht.stat()
    seen = [facts[family]["external"] for family in ("ipv4", "ipv6") if family in facts]
    told = list(dict.fromkeys([*hosts, *[host for host, _ in filter(None, seen)]]))
    return [host for host in told if compact.is_global(compact.pack(host, 0))] if is_public else told


class OwnPacket:
    """Args: dht, key (KeyPair), way (() -> (IP literals, port or None, [Relay])), clock_us (-> microseconds since 1970), counters, log."""

    def __init__(self, dht, key, way, clock_us, counters, log):
        self._dht, self._key, self._way, self._counters, self._log = dht, key, way, counters, log
        self._publisher = Publisher(dht, key, clock_us)

    async def run(self):
        """Until cancelled."""
        await self._dht.joined(JOIN_S)
        await publish_changes(self._records, self._publish, LOOK_S)

    def _records(self):
        hosts, port, relays = self._way()
        key = self._key.public_key
        direct = address_records(key, hosts) if port else []
        return direct + service_records(key, port if direct else None, relays)

    async def _publish(self, records):
        """Whether it was done."""
        try:
            found = await self._publisher.current()
            others = [] if found.value is None else self._others(found.value)
            try:
                done = await self._publisher.publish(others + records)
            except PacketError as error:
                if error.code != "size" or not others:
                    raise
                # The owner's own records fill the packet: they go first, the relays after them.
                done = await self._publisher.publish(others + records[:1])
        except (DhtError, PacketError) as error:
            self._counters.add("peer_address_published", result=error.code)
            return False
        self._counters.add("peer_address_published", result="stored")
        self._log.info("peer address", records=len(records), stored=done.report.stored)
        return True

    def _others(self, item):
        try:
            return [record for record in packet.read(item).records if not is_ours(self._key.public_key, record)]
        except PacketError:
            return []
