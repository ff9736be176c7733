"""Under which addresses people reach this device, as its network interfaces have them now."""

from leither_edge.discovery.interfaces import interface_addresses, is_loopback

LOOPBACK = "127.0.0.1"
# Interfaces come and go with the Wi-Fi; asking the kernel at every request would be work for nothing.
KEPT_S = 5


class Addresses:
    """The device's own IP literals, the best one for another machine first. Called, it gives the list.

    hosts: what the server listens on; clock: monotonic seconds.
    """

    __slots__ = ("_asked", "_clock", "_hosts", "_known")

    def __init__(self, hosts, clock):
        self._hosts = hosts
        self._clock = clock
        self._asked = None
        self._known = []

    def __call__(self):
        now = self._clock()
        if self._asked is None or now - self._asked >= KEPT_S:
            self._asked = now
            self._known = reachable(self._hosts, interface_addresses() if "0.0.0.0" in self._hosts else [])
        return self._known

    @property
    def is_local_only(self):
        """Whether no other machine can reach the device."""
        return all(host in (LOOPBACK, "::1") for host in self._hosts)


def reachable(hosts, found):
    """The addresses served, from what is listened on and what the interfaces have (IPv4); loopback last."""
    served = list(found) if "0.0.0.0" in hosts else []
    served += [host for host in hosts if host not in ("0.0.0.0", "::") and host not in served]
    if "0.0.0.0" in hosts and LOOPBACK not in served:
        served.append(LOOPBACK)
    if "::" in hosts and "::1" not in served:
        served.append("::1")
    return sorted(served, key=lambda host: (is_loopback(host), ":" in host))
