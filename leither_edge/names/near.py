"""Who is let ask: machines of the device's own network, so that it never becomes an open resolver, and none of them too often."""

from leither_edge.dht import compact

# Of each address: a page of a browser asks for a dozen names at once.
BURST_S = 4
ADDRESSES_MAX = 128


def is_near(peer, own):
    """Whether a machine is on the network of the address that it asked: this machine, the same site, the same /24 or /64.

    peer, own: packed addresses of one family, with ports.
    """
    if compact.is_loopback(peer) or compact.is_private(peer):
        return True
    size = 3 if len(peer) == 6 else 8
    return peer[:size] == own[:size]


class Rate:
    """Lets each IP address (IPv6: /64) do ``per_s`` things a second, and BURST_S seconds' worth at once. Knows ADDRESSES_MAX of them."""

    __slots__ = ("_full_at", "_per_s")

    def __init__(self, per_s):
        self._per_s = per_s
        self._full_at = {}

    def allows(self, peer, now):
        """Whether one more is in order now, which then counts."""
        who = peer[:4] if len(peer) == 6 else peer[:8]
        # When its bucket will be full again says all about it; most are full long ago, and forgotten first.
        full_at = max(self._full_at.pop(who, now), now)
        # Half a step of room for the rounding of sums.
        is_allowed = full_at - now < BURST_S - 0.5 / self._per_s
        while len(self._full_at) >= ADDRESSES_MAX:
            del self._full_at[next(iter(self._full_at))]
        self._full_at[who] = full_at + 1 / self._per_s if is_allowed else full_at
        return is_allowed
