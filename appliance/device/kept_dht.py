"""The device's DHT node, opened once the device has an owner and opened anew when he changes who may find it.

`reach` of the configuration chooses the network: lan (a closed one of this house, found by multicast, that speaks to private addresses
alone), organization (closed: dht_network and dht_bootstrap name it) or mainline (BitTorrent's public one).
"""

from binascii import Error as HexError
from binascii import unhexlify

import trio

from leither_edge.dht import DhtError, Settings
from leither_edge.dht.settings import LAN, MAINLINE

LOOK_S = 2
AGAIN_S = 60
LOOPBACK = ("127.0.0.1", "::1")


class Wish:
    """What the configuration asks for. Raises DhtError where it cannot be fulfilled, with what is missing."""

    __slots__ = ("reach", "network", "bootstrap")

    def __init__(self, config):
        self.reach = config["reach"]
        self.bootstrap = parse_entrances(config["dht_bootstrap"])
        if self.reach == "lan":
            self.network = LAN
        elif self.reach == "mainline":
            self.network = None
            self.bootstrap = self.bootstrap or MAINLINE
        else:
            self.network = parse_network(config["dht_network"])
            if self.network is None:
                raise DhtError(
                    "no-network", "Reach is “organization”, but which network that is has not been said: set dht_network and dht_bootstrap."
                )

    def __eq__(self, other):
        return isinstance(other, Wish) and all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None


def parse_entrances(text):
    """((host, port), ...) of "host:port, [v6]:port". Raises DhtError."""
    entrances = []
    for word in text.replace(",", " ").split():
        host, colon, port = word.rpartition(":")
        host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        if not colon or not host or not port.isascii() or not port.isdecimal() or not 0 < int(port) < 65536:
            raise DhtError("bad-bootstrap", f"“{word}” is not an entrance to a network: write host:port.")
        entrances.append((host, int(port)))
    return tuple(entrances)


def parse_network(text):
    """The 8 bytes of 16 hexadecimal digits, None for no text. Raises DhtError."""
    if not text:
        return None
    try:
        network = unhexlify(text)
    except (HexError, ValueError):
        network = b""
    if len(network) != 8:
        raise DhtError("bad-network", "A network id is written with 16 hexadecimal digits.")
    return network


class KeptDht:
    """Runs the node while the device runs.

    node: Node; executor, claim: of the device; options: Options; services: async (dht, wish) functions that run beside it.

    Attributes: dht, the open Dht or None.
    """

    def __init__(self, node, executor, claim, options, services):
        self.dht = None
        self._wished = None
        self._node = node
        self._executor = executor
        self._claim = claim
        self._options = options
        self._services = services
        self._changed = trio.Event()

    def config_changed(self, config):
        """Called after each change of the configuration."""
        self._changed.set()

    def facts(self):
        """For `status`: network (the wish's reach), nodes known, size of the network, port, whether others reach this device; or None."""
        if self.dht is None:
            return None
        said = self.dht.stat()
        families = [said[family] for family in ("ipv4", "ipv6") if family in said]
        return {
            "network": self._wished.reach,
            "nodes": said["contacts"],
            "size": max((family["network_size"] or 0 for family in families), default=0),
            "port": self.dht.addresses[0][1],
            "is_server": any(family["is_server"] for family in families),
            "published": said["published"],
        }

    async def run(self):
        """Until cancelled."""
        while not self._claim.claimed:
            await trio.sleep(LOOK_S)
        while True:
            self._changed = trio.Event()
            try:
                wish = Wish(self._executor.config)
            except DhtError as error:
                self._node.log.warning("dht", sentence=str(error))
                await self._changed.wait()
                continue
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._serve, wish)
                while self._wish() == wish:
                    await self._changed.wait()
                    self._changed = trio.Event()
                # The command that changed it may have come this way, and is answered this way.
                if self._executor.answers_left is not None:
                    await self._executor.answers_left()
                nursery.cancel_scope.cancel()

    def _wish(self):
        try:
            return Wish(self._executor.config)
        except DhtError:
            return None

    async def _serve(self, wish):
        port = self._options.dht_port
        while True:
            try:
                await self._open(wish, port)
            except DhtError as error:
                self._node.log.error("dht", sentence=str(error))
                if error.code == "listen" and port:
                    # Another node on this machine has the usual port: any other does, but for those who know it as an entrance.
                    port = 0
                    continue
            await trio.sleep(AGAIN_S)

    async def _open(self, wish, port):
        # Only now: a device without an owner does without the code.
        from leither_edge.dht import open_dht

        node, hosts = self._node, self._options.hosts
        settings = Settings.from_profile(
            node.profile, network=wish.network, bootstrap=wish.bootstrap, hosts=hosts, port=port, local_only=wish.reach == "lan",
            discovery=wish.reach != "mainline" and not set(hosts) <= set(LOOPBACK),
        )  # fmt: skip
        async with open_dht(settings, store=node.store, counters=node.counters, log=node.log) as dht:
            self.dht, self._wished = dht, wish
            node.log.info("dht", reach=wish.reach, port=dht.addresses[0][1])
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._count, dht)
                    for service in self._services:
                        nursery.start_soon(service, dht, wish)
                    await trio.sleep_forever()
            finally:
                self.dht = None

    async def _count(self, dht):
        while True:
            facts = dht.stat()
            for name in ("contacts", "items", "announced", "published"):
                self._node.counters.set(f"dht_{name}", facts[name])
            await trio.sleep(AGAIN_S)
