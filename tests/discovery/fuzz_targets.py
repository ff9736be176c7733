"""What the fuzzer throws its bytes at, of discovery: datagrams at the LAN's engine, records at the reader of a node's way."""

import random

from leither_edge.discovery.lan import service
from leither_edge.discovery.lan.engine import KNOWN_MAX, PORT, LanEngine
from leither_edge.discovery.lan.service import Own
from leither_edge.discovery.node_records import Relay, address_records, read_reach, service_records
from leither_edge.names import dns_message, packet
from leither_edge.names.dns_message import Message, Question
from leither_edge.names.dns_records import ANY, IN, PTR
from leither_edge.names.errors import PacketError
from leither_edge.observe.counters import Counters
from tests.names.fakes import key_pair, signed

PAIR, OTHER = key_pair(1), key_pair(2)
KEY = PAIR.public_key
AWAY = Own(OTHER.public_key, 8042, "Away", ("192.168.1.9", "fd00::9"))


class Engine:
    """One engine for all datagrams: what one leaves behind, the next one meets."""

    def __init__(self):
        self._engine = LanEngine(random.Random(1), Counters(), Own(KEY, 8042, "Here", ("192.168.1.8",)))
        self._now = 0.0

    def __call__(self, data):
        engine = self._engine
        self._now += 1.0
        engine.receive(data, ("192.168.1.9", PORT if len(data) % 3 else 40000), self._now)
        engine.wake(self._now)
        sent = [dns_message.parse(each) for each, _ in engine.outgoing]
        engine.outgoing.clear()
        found = engine.nearby(self._now)
        assert len(found) <= KNOWN_MAX and len(engine._hosts) <= KNOWN_MAX
        assert all(each.name.isprintable() and each.public_key != KEY for each in found)
        return f"{len(found) > 1} {len(sent)} {sum(len(each.answers) for each in sent)}"


def read_way(data):
    try:
        reach = read_reach(KEY, packet.read_records(KEY, packet.dns_bytes(data)))
    except PacketError as error:
        return error.code
    return f"{len(reach.direct)} {[len(relay.addresses) for relay in reach.relays]}"


def targets():
    """{name: (work, seeds)}"""
    said = LanEngine(random.Random(1), Counters())
    said.tell(AWAY, 0.0)
    said.wake(0.0)
    questions = (Question(service.SERVICE, PTR, IN), Question(service.instance_of(KEY), ANY, IN), Question(service.host_of(KEY), ANY, IN))
    datagrams = [said.outgoing[0][0], said.goodbye(), *[dns_message.encode(Message(questions=(each,))) for each in questions]]
    relays = [Relay(OTHER.public_key, ("192.0.2.9:8042", "[2001:db8::9]:8042"))]
    records = [*address_records(KEY, ["192.0.2.7", "2001:db8::7"]), *service_records(KEY, 8042, relays)]
    return {"lan datagram": (Engine(), datagrams), "way to a node": (read_way, [signed(PAIR, records).value])}
