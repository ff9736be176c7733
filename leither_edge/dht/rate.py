"""How often others are served: budgets for all, for one network and for one address."""

from leither_edge.dht import compact
from leither_edge.dht.flat_table import FlatTable

# Of the budget for all, what one network (/24, /48) and one address (IPv4, /64) may take.
PREFIX_SHARE = 0.5
ADDRESS_SHARE = 0.25
# Below that a small network, in which everybody asks everybody, would refuse its own.
EACH_MIN_PER_S = 10
# Whoever has proved his address, and whose network asks no more than so much, comes first: a flood, from forged addresses or from many
# networks, then finds the node busy, and they do not.
LITTLE_PER_S = 0.5
LITTLE_BURST = 10
# Of a budget's burst, what is kept for those.
KEPT_SHARE = 0.25
# A lookup or an announcement to many comes in a burst: seconds of the budget that may be used at once.
BURST_S = 2.0
# Of a second, in the numbers kept beside the stamps.
_TICKS = 10


class Budget:
    """So many a second, and at most a burst of some seconds' worth at once.

    Args: per_s, burst_s. One number is kept (the generic cell rate algorithm): when the budget would be whole again.
    """

    __slots__ = ("_interval", "_slack", "_whole_at", "_slack_last")

    def __init__(self, per_s, burst_s=1.0):
        self._interval = 1.0 / per_s
        self._slack = max(burst_s - self._interval, 0.0)
        self._slack_last = self._slack * (1 - KEPT_SHARE)
        self._whole_at = 0.0

    def has_room(self, now, is_first=True):
        """True if one more may be had now, by those who come first or by the others."""
        return self._whole_at - now <= (self._slack if is_first else self._slack_last)

    def take(self, now, is_first=True):
        """Take one; False if the budget is used up."""
        if not self.has_room(now, is_first):
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

    def is_busy(self, now):
        """True if nobody is served now but those who come first."""
        return not self._all.has_room(now, False)

    def asks_little(self, address, now):
        """True if an address, or the network it is in, has asked little lately."""
        table, at = self._little(address, now)
        return table.value(at) <= now * _TICKS + (LITTLE_BURST - 1) * _TICKS / LITTLE_PER_S

    def take(self, address, now, is_proved=False):
        """Count a request from an address (packed). is_proved: it is known to be the sender's own.

        Returns None, or whose budget is used up: "address", "prefix" or "all"; then the request has cost nothing.
        """
        if not is_proved and self.is_busy(now):
            # The cheapest way out, since most of a flood takes it.
            return "all"
        is_first = is_proved and self.asks_little(address, now)
        self._count(address, now)
        table, at, whole_at = self._look(_key(address), now)
        if whole_at - now > BURST_S - self._address_interval:
            return "address"
        is_shared = _is_shared(address)
        if not is_shared:
            networks, network_at, network_whole_at = self._look(compact.prefix(address), now)
            if network_whole_at - now > BURST_S - self._prefix_interval:
                return "prefix"
        if not self._all.take(now, is_first):
            return "all"
        table.set_stamp(at, whole_at + self._address_interval)
        if not is_shared:
            networks.set_stamp(network_at, network_whole_at + self._prefix_interval)
        return None

    def _count(self, address, now):
        # What is refused counts, too: who asks much is not made to ask little by a busy node. Some seconds of quiet make good for all.
        table, at = self._little(address, now)
        until = max(table.value(at), now * _TICKS) + _TICKS / LITTLE_PER_S
        table.set_value(at, int(min(until, now * _TICKS + _TICKS * LITTLE_BURST / LITTLE_PER_S)))

    def _little(self, address, now):
        key = _key(address) if _is_shared(address) else compact.prefix(address)
        return self._look(key, now)[:2]

    def _look(self, key, now):
        table = self._tables.get(len(key))
        if table is None:
            table = self._tables[len(key)] = FlatTable(self._places, len(key), True, self._salt)
        at = table.take(key)
        return table, at, max(table.stamp(at), now)


def _key(address):
    return address[:4] if len(address) == 6 else address[:8]


def _is_shared(address):
    """All devices of a home share one network: there it tells nothing."""
    return compact.is_private(address) or address[0] == 127
