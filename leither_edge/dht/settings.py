"""What a DHT node is told at its start: limits of the profile, the network it belongs to, where it listens."""

from leither_edge.dht.errors import DhtError

NETWORK_BYTES = 8
# Where the public network has been entered for years; asked only by a node told to join it, and with an empty table.
MAINLINE = (
    ("router.bittorrent.com", 6881),
    ("dht.transmissionbt.com", 6881),
    ("router.utorrent.com", 6881),
    ("dht.libtorrent.org", 25401),
)
# The closed network of whatever stands in one house: the first 8 bytes of the SHA-1 of "leither/lan".
LAN = bytes.fromhex("25c00a087c39ce6f")
_LIMITS = {
    "contacts_max": 512,
    "items_max": 1000,
    "items_max_kib": 1024,
    "announced_max": 2000,
    "sequences_max": 16384,
    "requests_per_s": 50,
    "checks_per_s": 50,
}


class Settings:
    """Limits, network and addresses of one node.

    Limits (see the section [dht] of a hardware profile): contacts_max, items_max, items_max_kib, announced_max, sequences_max,
    requests_per_s, checks_per_s.
    network: 8 bytes of a closed network, or None for the public one; bootstrap: ((host, port), ...) asked where no contact is known;
    read_only: never answer others (BEP 43), for tools that come and go; hosts: numeric addresses to listen on, one of each family
    at most; port: UDP, 0 takes a free one; local_only: talk to private and loopback addresses alone;
    discovery: look for nodes on the LAN by multicast.
    """

    __slots__ = (*_LIMITS, "network", "bootstrap", "read_only", "hosts", "port", "local_only", "discovery")

    def __init__(
        self, *, network=None, bootstrap=(), read_only=False, hosts=("127.0.0.1",), port=0, local_only=False, discovery=False, **limits
    ):
        if network is not None and (not isinstance(network, bytes) or len(network) != NETWORK_BYTES):
            raise DhtError("bad-network", f"A network id has {NETWORK_BYTES} bytes, or is left out for the public network.")
        unknown = set(limits) - set(_LIMITS)
        if unknown:
            raise TypeError(f"no such limit: {', '.join(sorted(unknown))}")
        for name, usual in _LIMITS.items():
            setattr(self, name, limits.get(name, usual))
        self.network = network
        self.bootstrap = tuple(bootstrap)
        self.read_only = read_only
        self.hosts = tuple(hosts)
        self.port = port
        self.local_only = local_only
        self.discovery = discovery

    @classmethod
    def from_profile(cls, profile, **rest):
        """The limits of a hardware profile, with what else is given."""
        limits = {name: getattr(profile.dht, name) for name in _LIMITS}
        return cls(**{**limits, **rest})
