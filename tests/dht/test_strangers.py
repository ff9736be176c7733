"""How an engine meets those it does not know yet: under public rules, where questions are short and nobody is trusted to be there."""

import random

from leither_edge.dht import compact, krpc
from leither_edge.dht.engine import PENDING_MAX, WAITING_MAX
from leither_edge.dht.item import Item, target_of
from leither_edge.dht.item_store import ItemStore, Refused, Sequences
from leither_edge.dht.lookup import Lookup
from leither_edge.dht.operations import Search

from .network import Network


def test_two_that_know_nobody_meet():
    network = Network(1)
    first = network.host(network=None)
    second = network.host(network=None, bootstrap=(("x", 1),))
    second.engine.join([first.address], lambda contacts: None, network.now)
    network.run(30)
    assert [contact[20:] for contact in first.engine.table] == [second.address]
    assert [contact[20:] for contact in second.engine.table] == [first.address]


def test_a_client_learns_its_address_though_little_fits():
    network = Network(2)
    hosts = network.build(12, network=None)
    client = network.host(network=None, bootstrap=(("x", 1),))
    client.engine.is_own = lambda seen: False
    target = network.rand.randbytes(20)
    seen = []
    network.watch = lambda source, data, address: seen.append(len(data)) if address == client.address else None
    search = Search(client.engine, b"find_node", target, {b"target": target}, lambda search: None, seeds=[
        host.engine.own_id + host.address for host in hosts
    ])  # fmt: skip
    network.do(client, search)
    assert client.engine.reachability.external == client.address


def test_whoever_cannot_be_proved_now_is_answered_shortly():
    network = Network(3)
    hosts = network.build(12, network=None)
    engine, rand = hosts[0].engine, network.rand
    while engine.ask(compact.pack("198.51.100.1", 1), None, b"ping", {}, None, network.now):
        pass
    engine.outgoing.clear()
    assert len(engine._pending) == PENDING_MAX
    for number in range(WAITING_MAX + 8):
        stranger = compact.pack(f"60.{number}.1.1", 6881)
        query = krpc.query(b"abcd", b"find_node", {b"id": rand.randbytes(20), b"target": rand.randbytes(20)}, pad_to=160)
        engine.receive(query, stranger, network.now)
        sent = [data for data, address in engine.outgoing if address == stranger]
        assert [krpc.parse(data).kind for data in sent] == [krpc.REPLY] and len(sent[0]) <= len(query)
    network.run(30)
    assert engine._waiting == 0 and not engine._pending


def test_a_contact_that_answers_pings_with_errors_has_failed():
    network = Network(5)
    hosts = network.build(3, network=None)
    engine, other = hosts[0].engine, hosts[1]
    contact = other.engine.own_id + other.address
    other.is_up = False
    for number in range(1, 3):
        network.now += 1000
        engine.ask(other.address, contact[:20], b"ping", {}, None, network.now)
        tid = krpc.parse(engine.outgoing.pop()[0]).tid
        engine.receive(krpc.error(tid, 202, "no"), other.address, network.now)
        assert engine.table.failures(contact) == number


def test_nobody_inside_tells_the_address_outside():
    network = Network(6)
    device = network.host(compact.pack("192.168.7.2", 6881), bootstrap=(("x", 1),))
    liar = network.host(compact.pack("192.168.7.3", 6881))
    own_id = device.engine.own_id
    device.engine.ask(liar.address, None, b"ping", {}, None, network.now)
    tid = krpc.parse(device.engine.outgoing.pop()[0]).tid
    lie = krpc.reply(tid, {b"id": liar.engine.own_id}, ip=compact.pack("8.8.8.8", 6881), network=device.shared.settings.network)
    device.engine.receive(lie, liar.address, network.now)
    assert device.engine.own_id == own_id and device.engine.reachability.external is None


def test_the_seeds_are_heard_though_nearer_ones_are_named():
    chance = random.Random(4)
    target = bytes(20)
    seeds = [bytes((128 + number,)) + chance.randbytes(19) + compact.pack(f"50.{number}.1.1", 6881) for number in range(12)]
    lookup = Lookup(target, b"\xff" * 20, seeds, family=4)
    foes = [bytes(10) + chance.randbytes(10) + compact.pack(f"60.{number}.1.1", 6881) for number in range(20)]
    asked = []
    while not lookup.is_done:
        contacts = lookup.to_ask(0.0)
        asked += contacts
        for contact in contacts:
            lookup.answered(contact, contact[:20], foes, 0.0)
    assert set(seeds[:8]) <= set(asked) and not set(seeds[8:]) & set(asked)


def test_a_crowd_of_networks_leaves_the_little_of_others():
    chance = random.Random(5)
    store = ItemStore(bytes(20), 120, 1 << 20, Sequences(10))
    few = [Item(b"20:%b" % chance.randbytes(20)) for _ in range(30)]
    for number, item in enumerate(few):
        store.put(item, None, compact.pack(f"50.{number}.1.1", 1), 0.0)
    refused = 0
    for number in range(4000):
        try:
            store.put(Item(b"20:%b" % chance.randbytes(20)), None, compact.pack(f"60.1.{number % 25}.{1 + number % 200}", 1), 0.0)
        except Refused as error:
            assert error.code == 202
            refused += 1
    assert len(store) == 120 and refused
    assert sum(store.get(target_of(item), 1.0) == item for item in few) >= 29


def test_an_entrance_of_the_house_leads_nobody_out_of_it():
    network = Network(5)
    door = network.host(compact.pack("192.168.1.2", 6881), local_only=True)
    outside = compact.pack("8.8.8.8", 6881)
    honest = door.engine.server.respond
    named = krpc.reply

    def misleading(message, address, size, now, *rest):
        if message.method != b"find_node":
            return honest(message, address, size, now, *rest)
        return named(message.tid, {b"id": door.engine.own_id, b"nodes": bytes(20) + outside}, network=message.network)

    door.engine.server.respond = misleading
    asked = []
    network.watch = lambda source, data, address: asked.append(address)
    newcomer = network.host(compact.pack("192.168.1.3", 6881), local_only=True, bootstrap=(("x", 1),))
    newcomer.engine.join([door.address], lambda contacts: None, network.now)
    network.run(10)
    assert door.address in asked and outside not in asked
