"""A network of engines on a made-up clock: every datagram takes its time, nothing sleeps, a seed tells everything."""

import heapq
import random

from leither_edge.dht import compact
from leither_edge.dht.engine import Engine
from leither_edge.dht.kept import Sequences
from leither_edge.dht.settings import Settings
from leither_edge.dht.shared import Shared
from leither_edge.observe.counters import Counters

NETWORK = b"\x01simtest"


class Host:
    """One engine at an address. ``is_up`` False: it neither hears nor speaks."""

    def __init__(self, network, address, settings):
        self.network = network
        self.address = address
        self.is_up = True
        self.counters = Counters()
        rand = network.rand
        self.shared = Shared(settings, rand.randbytes(20), Sequences(1000), self.counters, rand.randbytes, network.now, network.verify)
        self.engine = Engine(compact.family(address), rand.randbytes(20), self.shared, network.now)
        self.engine.is_own = lambda seen: seen == address

    def send(self):
        """Put what the engine has to send on its way."""
        while self.engine.outgoing:
            data, address = self.engine.outgoing.popleft()
            if self.is_up:
                self.network.carry(self.address, data, address)


class Network:
    """Hosts, and datagrams between them. delay_s: (lowest, highest); loss: share of datagrams lost."""

    def __init__(self, seed, *, delay_s=(0.01, 0.06), loss=0.0, verify=lambda signature, message, key: True):
        self.rand = random.Random(seed)
        self.now = 1000.0
        self.verify = verify
        self.hosts = {}
        self.carried = 0
        self.watch = None
        self._delay = delay_s
        self._loss = loss
        self._flying = []
        self._number = 0

    def host(self, address=None, **settings):
        """Add a host; settings as for Settings. address: packed, or None for a new one in a network of its own."""
        if address is None:
            number = len(self.hosts) + 1
            address = compact.pack(f"{20 + number // 250}.{number % 250}.7.1", 6881)
        host = Host(self, address, Settings(**{"network": NETWORK, "requests_per_s": 1000, "checks_per_s": 1000, **settings}))
        # What stands for having been tried from outside.
        host.engine.is_own = lambda seen: seen == address
        self.hosts[address] = host
        return host

    def carry(self, source, data, address):
        """A datagram leaves; a spoofer may say any source."""
        self.carried += 1
        if self.watch is not None:
            self.watch(source, data, address)
        if self.rand.random() >= self._loss:
            self._number += 1
            heapq.heappush(self._flying, (self.now + self.rand.uniform(*self._delay), self._number, source, data, address))

    def run(self, seconds, until=lambda: False):
        """Let time pass; ends early when ``until()``."""
        end = self.now + seconds
        for host in self.hosts.values():
            host.send()
        while not until():
            at = self._flying[0][0] if self._flying else end
            waking = min(self.hosts.values(), key=lambda host: host.engine.next_wake)
            if min(at, waking.engine.next_wake) > end or (not self._flying and waking.engine.next_wake >= end):
                self.now = end
                return
            if self._flying and at <= waking.engine.next_wake:
                self.now, _, source, data, address = heapq.heappop(self._flying)
                host = self.hosts.get(address)
                if host is not None and host.is_up:
                    host.engine.receive(data, source, self.now)
                    host.send()
            else:
                self.now = max(self.now, waking.engine.next_wake)
                waking.engine.wake(self.now)
                waking.send()

    def build(self, count, **settings):
        """Hosts that have joined through the first one; returns them."""
        first = self.host(**settings)
        hosts = [first]
        for _ in range(count - 1):
            host = self.host(bootstrap=(("first", 1),), **settings)
            host.engine.join([first.address], lambda contacts: None, self.now)
            hosts.append(host)
            self.run(0.5)
        self.run(60)
        return hosts

    def do(self, host, operation, within_s=60):
        """Run an operation on a host to its end; returns the operation."""
        host.engine.run(operation, self.now)
        host.send()
        self.run(within_s, lambda: operation.is_over)
        assert operation.is_over
        return operation
