"""How often others are served: budgets for all, for one network and for one address."""

from leither_edge.dht import compact
from leither_edge.dht.flat_table import FlatTable

# Of the budget for all, what one network (/24, /48) and one address (IPv4, /64) may take.
PREFIX_SHARE = 0.5
ADDRESS_SHARE = 0.25
# Below that a small network, in which everybody asks everybody, would refuse its own.
EACH_MIN_PER_S = 10
# A lookup or an announcement to many comes in a burst: seconds of the budget that may be used at once.
BURST_S = 2.0


class Budget:
    """So many a second, and at most a burst of some seconds' worth at once.

    Args: per_s, burst_s. One number is kept (the generic cell rate algorithm): when the budget would be whole again.
    """

    __slots__ = ("_interval", "_slack", "_whole_at")

    def __init__(self, per_s, burst_s=1.0):
        self._interval = 1.0 / per_s
        self._slack = max(burst_s - self._interval, 0.0)
        self._whole_at = 0.0

    def has_room(self, now):
        """True if one more may be had now."""
        return self._whole_at - now <= self._slack

    def take(self, now):
        """Take one; False if the budget is used up."""
        if not self.has_room(now):
            return False
        self._whole_at = max(self._whole_at, now) + self._interval
        return True


class Rate:
    """Budgets of requests: for all, for each network and for each address.

    Args: per_s (requests of all), places (networks and addresses remembered; those that asked least are forgotten), salt (secret bytes).
    """

    __slots__ = ("_all", "_prefix_interval", "_address_interval", "_places", "_salt", "_tables")

    def __init__(self, per_s, *, places=256, salt=b""):
        self._all = Budget(per_s, BURST_S)
        self._prefix_interval = 1.0 / max(per_s * PREFIX_SHARE, EACH_MIN_PER_S)
        self._address_interval = 1.0 / max(per_s * ADDRESS_SHARE, EACH_MIN_PER_S)
        self._places = places
        self._salt = salt
        # {bytes of a key: FlatTable}; the four kinds of key have four lengths.
        self._tables = {}

    def take(self, address, now):
        """Count a request from an address (packed).

        Returns None, or whose budget is used up: "address", "prefix" or "all"; then the request has cost nothing.
        """
        key = address[:4] if len(address) == 6 else address[:8]
        table, at, whole_at = self._look(key, now)
        if whole_at - now > BURST_S - self._address_interval:
            return "address"
        # All devices of a home share one network: there it tells nothing.
        is_shared = compact.is_private(address) or address[0] == 127
        if not is_shared:
            networks, network_at, network_whole_at = self._look(compact.prefix(address), now)
            if network_whole_at - now > BURST_S - self._prefix_interval:
                return "prefix"
        if not self._all.take(now):
            return "all"
        table.set_stamp(at, whole_at + self._address_interval)
        if not is_shared:
            networks.set_stamp(network_at, network_whole_at + self._prefix_interval)
        return None

    def _look(self, key, now):
        table = self._tables.get(len(key))
        if table is None:
            table = self._tables[len(key)] = FlatTable(self._places, len(key), False, self._salt)
        at = table.take(key)
        return table, at, max(table.stamp(at), now)
