"""What the fuzzer throws its bytes at: every parser that bytes of strangers reach, and the engine behind them.

A target takes bytes and returns a short word for what came of it; new words make the fuzzer go on from those bytes. Only an exception
that the parser does not promise ends a target.
"""

import random

from leither_edge.dht import bencode, compact, krpc, local_discovery
from leither_edge.dht.engine import Engine
from leither_edge.dht.item_store import Sequences
from leither_edge.dht.operations import Search, Write
from leither_edge.dht.routing_table import RoutingTable
from leither_edge.dht.settings import Settings
from leither_edge.dht.shared import Shared
from leither_edge.dht.takers import Newest, Peers
from leither_edge.observe.counters import Counters
from tests.mailbox import fuzz_targets as mailbox
from tests.names import fuzz_targets as names

from .packets import recorded

OWN = bytes(range(20))
TARGET = bytes(range(20, 40))
KEY = bytes(32)
NETWORK = b"\0fuzzing"


def queries():
    """One query of every method, and its fuller forms."""
    bodies = (
        (b"ping", {}),
        (b"find_node", {b"target": TARGET, b"want": [b"n4", b"n6"]}),
        (b"get_peers", {b"info_hash": TARGET, b"token": bytes(8)}),
        (b"announce_peer", {b"info_hash": TARGET, b"token": bytes(8), b"port": 6881, b"implied_port": 1}),
        (b"get", {b"target": TARGET, b"seq": 4}),
        (b"put", {b"token": bytes(8), b"v": b"d1:al1:b1:cee"}),
        (b"put", {b"token": bytes(8), b"v": b"5:hello", b"k": KEY, b"sig": bytes(64), b"seq": 5, b"salt": b"salt", b"cas": 4}),
        (b"sample_infohashes", {b"target": TARGET}),
        (b"vote", {b"target": TARGET}),
    )
    return [krpc.query(b"abcd", method, {b"id": TARGET, **body}, network=network) for method, body in bodies for network in (None, NETWORK)]


def replies():
    """Replies of every kind, and an error."""
    nodes = b"".join(bytes((number,)) * 20 + compact.pack(f"30.{number}.1.1", 6881) for number in range(8))
    bodies = (
        {},
        {b"nodes": nodes, b"token": bytes(8)},
        {b"nodes": nodes, b"token": bytes(8), b"values": [compact.pack("30.1.1.1", 80), compact.pack("2001:db8::1", 80)]},
        {b"nodes": nodes, b"token": bytes(8), b"seq": 7, b"k": KEY, b"sig": bytes(64), b"v": b"5:hello"},
        {b"nodes": nodes, b"token": bytes(8), b"seq": 9},
        {b"nodes": b"", b"nodes6": nodes[:38], b"samples": TARGET * 3, b"num": 3, b"interval": 60},
        {b"token": bytes(8), b"more": 1},
    )
    whole = [krpc.reply(b"abcd", {b"id": TARGET, **body}, ip=compact.pack("20.0.0.1", 6881), network=NETWORK) for body in bodies]
    return [*whole, krpc.error(b"abcd", 302, "sequence number too small", network=NETWORK)]


def read_bencode(data):
    try:
        value = bencode.decode(data)
    except bencode.BencodeError as error:
        return error.code
    # Sorting may bring no byte more or less.
    assert len(bencode.encode(value)) == len(data)
    return type(value).__name__


def read_packet(data):
    try:
        message = krpc.parse(data)
    except krpc.PacketError as error:
        return error.code
    if message.kind == krpc.REPLY:
        for family, name in ((4, b"nodes"), (6, b"nodes6")):
            for contact in compact.split_nodes(message.body.get(name, b""), family):
                compact.unpack(contact[20:])
    return f"{message.kind} {message.method} {' '.join(sorted(map(str, message.body)))}"


def read_address(data):
    kinds = []
    for text in (data.decode("latin-1"), data.decode("utf-8", "replace")):
        try:
            address = compact.pack(text, len(data))
        except compact.AddressError as error:
            kinds.append(error.code)
            continue
        assert compact.pack(*compact.unpack(address)) == address
        kinds.append(f"{compact.is_global(address)} {compact.is_private(address)} {compact.is_usable(address)}")
    return " ".join(kinds)


def read_discovery(data):
    return str(local_discovery.port_of(data, NETWORK, "cookie") is None)


def load_table(data):
    table = RoutingTable(OWN, 4, 64)
    table.load(data, 100.0)
    assert all(len(contact) == 26 for contact in table)
    return str(len(table))


class AsAsked:
    """An engine that strangers ask: nobody gets more bytes than came from there."""

    def __init__(self):
        self._number = 0
        self._begin()

    def _begin(self):
        self._now = 1000.0
        self._engine = engine_at(self._now)

    def __call__(self, data):
        self._number += 1
        if self._number % 5000 == 0:
            self._begin()
        self._now += 0.3
        engine = self._engine
        stranger = compact.pack(f"{40 + self._number % 50}.{self._number >> 8 & 255}.{self._number & 255}.9", 6881)
        if self._number % 3 == 0:
            data = data.replace(b"5:token8:%b" % bytes(8), b"5:token8:%b" % engine.shared.tokens.make(stranger, self._now))
        engine.receive(data, stranger, self._now)
        sent = [packet for packet, address in take(engine) if address == stranger]
        if not engine.shared.verified.has(stranger, self._now):
            assert sum(map(len, sent)) <= len(data), "amplified"
            if self._number % 2:
                self._answer(sent, stranger)
                sent += [packet for packet, address in take(engine) if address == stranger]
        engine.wake(self._now)
        take(engine)
        return " ".join(_kind(packet) for packet in sent)

    def _answer(self, sent, stranger):
        """The stranger is there: he answers what he is asked."""
        for packet in sent:
            message = krpc.parse(packet)
            if message.kind == krpc.QUERY:
                self._engine.receive(krpc.reply(message.tid, {b"id": TARGET}, network=NETWORK), stranger, self._now)


class AsAnswered:
    """An engine in the middle of searches and writes, whose requests get these bytes for replies."""

    def __init__(self):
        self._chance = random.Random(3)
        self._number = 0
        self._begin()

    def _begin(self):
        self._now = 1000.0
        self._engine = engine_at(self._now)
        self._open = []

    def __call__(self, data):
        self._number += 1
        if self._number % 3000 == 0:
            self._begin()
        if not self._open:
            self._ask()
        self._now += 0.1
        engine = self._engine
        if not self._open:
            engine.wake(self._now)
            return "idle"
        query, address = self._open.pop(self._chance.randrange(len(self._open)))
        tid = krpc.parse(query).tid
        # What the seeds say becomes what was asked for, wherever the mutation left it: the transaction, and the id that was named.
        named = bytes((address[1],)) * 20 if address[2] else address[:4] * 5
        engine.receive(data.replace(b"4:abcd", b"4:%b" % tid).replace(TARGET, named), address, self._now)
        self._open += [each for each in take(engine) if b"1:y1:q" in each[0]]
        del self._open[:-40]
        if self._number % 7 == 0:
            engine.wake(self._now)
        contacts = {len(contact) for contact in engine.table}
        assert contacts <= {26} and len(engine.table) <= 64
        return f"{len(engine.table)} {len(self._open) // 4}"

    def _ask(self):
        engine, kind = self._engine, self._chance.randrange(4)
        target = self._chance.randbytes(20)
        if not len(engine.table):
            engine.join([compact.pack("30.0.0.1", 6881), compact.pack("30.1.0.1", 6881)], lambda contacts: None, self._now)
        elif kind == 0:
            taker = Newest(TARGET, b"", None, lambda signature, message, key: True)
            engine.run(Search(engine, b"get", TARGET, {b"target": TARGET}, _done, take=taker.take, careful=True), self._now)
        elif kind == 1:
            asked = {b"info_hash": target}
            engine.run(Search(engine, b"get_peers", target, asked, _done, take=Peers(4, 20).take), self._now)
        elif kind == 2:
            engine.run(
                Write(engine, b"get", target, {b"target": target}, b"put", lambda address: {b"v": b"i1e"}, _done, paths=2), self._now
            )
        else:
            engine.run(Search(engine, b"find_node", target, {b"target": target}, _done), self._now)
        self._open += take(engine)


def engine_at(now):
    """An engine of a closed network that answers."""
    chance = random.Random(9)
    settings = Settings(network=NETWORK, contacts_max=64, items_max=64, items_max_kib=64, announced_max=64, requests_per_s=1000)
    shared = Shared(settings, OWN, Sequences(64), Counters(), chance.randbytes, now, lambda signature, message, key: key[0] & 1 == 0)
    return Engine(4, OWN, shared, now)


def take(engine):
    """What the engine has to send."""
    sent = list(engine.outgoing)
    engine.outgoing.clear()
    return sent


def _done(search):
    pass


def _kind(packet):
    message = krpc.parse(packet)
    return f"{message.kind}{message.code or ''}{' '.join(sorted(map(str, message.body)))}"


def a_dump():
    """A routing table with contacts, as it is saved."""
    table = RoutingTable(OWN, 4, 64)
    for number in range(40):
        table.heard(bytes((number * 6,)) * 20 + compact.pack(f"50.{number}.1.1", 6881), 100.0, 20)
    return table.dump()


def targets():
    """{name: (work, seeds)}"""
    packets = [*recorded().values(), *queries(), *replies()]
    addresses = [b"127.0.0.1", b"203.0.113.255", b"2001:db8::1", b"::ffff:1.2.3.4", b"1:2:3:4:5:6:7:8", b"fe80::1%eth0", b"::"]
    spoken = local_discovery.message(4, 6881, NETWORK, "other")
    return {
        "bencode": (read_bencode, packets),
        "packet": (read_packet, packets),
        "address": (read_address, addresses),
        "discovery": (read_discovery, [spoken]),
        "saved table": (load_table, [a_dump()]),
        "engine, asked": (AsAsked(), queries()),
        "engine, answered": (AsAnswered(), replies()),
        **names.targets(),
        **mailbox.targets(),
    }
