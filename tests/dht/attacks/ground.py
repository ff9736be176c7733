"""Where attacks take place: honest engines, foes that answer as they like, a meter of bytes, and what an honest user does meanwhile."""

import math
from collections import namedtuple

from leither_edge.crypto import sodium
from leither_edge.dht import compact, krpc
from leither_edge.dht.item import make_mutable, mutable_target
from leither_edge.dht.joining import Refresh
from leither_edge.dht.operations import Search, Write
from leither_edge.dht.takers import Newest
from tests.dht.network import Network

# The usual limits of a profile; the network of the tests allows more.
LIMITS = {"requests_per_s": 50, "checks_per_s": 30, "contacts_max": 512, "items_max": 1000, "items_max_kib": 1024, "announced_max": 2000}
SEED = bytes(range(32))
KEY, SECRET = sodium.keypair_from_seed(SEED)

# attack: its name; sent: requests (or replies) that foes sent; changed: what of it stayed where it should not, in words of `what`;
# allowed: how much of that the rules grant to anyone; amplified: largest ratio of bytes sent to, and got from, an address that has not
# proved itself (None where nothing went to any); honest: share of what honest users did meanwhile that worked; wanted: the least of it;
# note: what else was measured.
Row = namedtuple("Row", "attack sent what changed allowed amplified honest wanted note")


def is_held(row):
    """Whether the defence held."""
    return row.changed <= row.allowed and (row.amplified or 0) <= 1.0 and row.honest >= row.wanted


def grown(seed, count, family=4, **settings):
    """(network, hosts): so many honest ones that have joined, with the usual limits."""
    network = Network(seed, verify=sodium.verify)
    settings = {"network": None, **LIMITS, **settings}
    if family == 4:
        hosts = network.build(count, **settings)
    else:
        hosts = [network.host(compact.pack(f"2001:db8:{number + 1:x}::1", 6881), **settings) for number in range(count)]
        for host in hosts[1:]:
            host.engine.join([hosts[0].address], lambda contacts: None, network.now)
            network.run(0.5)
    # A network of a day's age: everybody is known to more than to his entrance.
    for _ in range(3):
        for host in hosts:
            for target in (host.engine.own_id, network.rand.randbytes(20)):
                host.engine.run(Refresh(host.engine, target), network.now)
            host.send()
            network.run(0.5)
    network.run(120)
    return network, hosts


def sized(scale, full, least):
    """``full`` of something for an attack at full scale, fewer for a smaller one, at least ``least``."""
    return max(round(full * scale), least)


class Foe:
    """A machine that answers as its ``answer`` (foe, message, source -> bytes or None) likes; put in place of an honest host."""

    next_wake = math.inf

    def __init__(self, network, address, node_id, answer=None):
        self.network = network
        self.address = address
        self.node_id = node_id
        self.is_up = True
        self.engine = self
        self.heard = []
        self.said = 0
        self._answer = answer or pong
        network.hosts[address] = self

    @property
    def contact(self):
        """Id and address."""
        return self.node_id + self.address

    def receive(self, data, source, now):
        """A datagram came."""
        message = krpc.parse(data)
        if message.kind == krpc.QUERY:
            answer = self._answer(self, message, source)
            if answer is not None:
                self.network.carry(self.address, answer, source)
        else:
            self.heard.append((message, len(data)))

    def say(self, data, to, source=None):
        """Send a datagram, from an address of somebody else if it is given."""
        self.network.carry(source or self.address, data, to)

    def wake(self, now):
        """Foes have no clock."""

    def send(self):
        """What they say is on its way already."""


def pong(foe, message, source):
    """Answers whatever it is asked with its id alone: enough to enter a table."""
    return krpc.reply(message.tid, {b"id": foe.node_id})


class Meter:
    """Bytes between one host and everybody; `worst` ratio of those sent to, and got from, an address where no host is.

    unasked: {address: bytes} of those that sent nothing; packets: {address: datagrams sent there}.
    """

    def __init__(self, network, host):
        self.worst = None
        self.unasked = {}
        self.packets = {}
        self._in, self._out = {}, {}
        self._network, self._host = network, host
        network.watch = self._watch

    def _watch(self, source, data, address):
        here = self._host.address
        if address == here:
            self._in[source] = self._in.get(source, 0) + len(data)
        elif source == here and address not in self._network.hosts:
            self._out[address] = sent = self._out.get(address, 0) + len(data)
            self.packets[address] = self.packets.get(address, 0) + 1
            if address in self._in:
                self.worst = max(self.worst or 0.0, sent / self._in[address])
            else:
                self.unasked[address] = sent

    @property
    def totals(self):
        """(bytes in, bytes out) of all addresses where no host is."""
        return sum(size for address, size in self._in.items() if address not in self._network.hosts), sum(self._out.values())


def address_of(first, number, port=6881, family=4):
    """One address in a network (/24, /48) of its own: ``first`` is its first byte, or the end of its first 32 bits."""
    if family == 6:
        return compact.pack(f"2001:{first:x}:{number:x}::5", port)
    return compact.pack(f"{first}.{number >> 8 & 255}.{number & 255}.5", port)


def near(node_id, bits, rand):
    """An id that shares so many bits with another."""
    space = (1 << 160 - bits) - 1
    return (int.from_bytes(node_id, "big") & ~space | int.from_bytes(rand.randbytes(20), "big") & space).to_bytes(20, "big")


def signed(seq, salt=b"", value=b"5:hello", seed=SEED):
    """An item of a key."""
    key, secret = sodium.keypair_from_seed(seed)
    return make_mutable(value, key, salt, seq, lambda message: sodium.sign(message, secret))


def put(network, host, item):
    """An honest write; the operation."""
    target = mutable_target(item.key, item.salt)
    arguments = {b"v": item.value, b"k": item.key, b"seq": item.seq, b"sig": item.signature}
    if item.salt:
        arguments[b"salt"] = item.salt
    write = Write(host.engine, b"get", target, {b"target": target}, b"put", lambda address: arguments, _done, paths=2, careful=True)
    return network.do(host, write)


def get(network, host, key, salt=b""):
    """An honest read: the Item, or None."""
    target = mutable_target(key, salt)
    newest = Newest(target, salt, None, sodium.verify)
    network.do(host, Search(host.engine, b"get", target, {b"target": target}, _done, take=newest.take, careful=True))
    return newest.item


def recall(network, hosts, asker, targets, nearest=8):
    """Share of the true nearest hosts that a search from ``asker`` finds."""
    found = 0
    others = [host for host in hosts if host is not asker]
    for target in targets:
        search = network.do(asker, Search(asker.engine, b"find_node", target, {b"target": target}, _done, careful=True))
        true = sorted(others, key=lambda host: int.from_bytes(host.engine.own_id, "big") ^ int.from_bytes(target, "big"))[:nearest]
        known = {contact[:20] for contact in search.lookup.closest(20)}
        found += sum(host.engine.own_id in known for host in true)
    return found / nearest / len(targets)


class One:
    """One request of an honest engine to one node, and whether its answer came."""

    def __init__(self):
        self.body = None
        self.code = None

    def ask(self, network, host, other, method, arguments):
        """Ask it; returns itself."""
        host.engine.ask(other.address, other.engine.own_id, method, arguments, self, network.now)
        host.send()
        return self

    def answered(self, pending, message, now):
        """A reply."""
        self.body = message.body

    def refused(self, pending, message, now):
        """An error: an answer, too."""
        self.code = message.code

    def slow(self, pending, now):
        """Waits on."""

    def failed(self, pending, reason, now):
        """No answer."""

    @property
    def came(self):
        """True if anything came back."""
        return self.body is not None or self.code is not None


def _done(search):
    pass
