"""A tool that comes and goes (BEP 43) is told as much as a node that stays, though nobody can prove its address by a ping."""

import os
import random
import time

import pytest
import trio

from leither_edge.dht import Settings, compact, krpc, open_dht
from leither_edge.dht.bencode import encode
from leither_edge.dht.engine import Engine
from leither_edge.dht.kept import Sequences
from leither_edge.dht.shared import Shared
from leither_edge.observe.counters import Counters
from leither_edge.observe.log import Log
from tests.dht_nodes import Nodes

NODES, VALUES, K = 24, 6, 8
MEET_S = 30


def closest_of(ids, target, own=None):
    """The K ids closest to a target, without one's own."""
    return set(sorted(ids - {own}, key=lambda id: bytes(a ^ b for a, b in zip(id, target, strict=True)))[:K])


def wait_until_met(nodes, ids):
    """Wait until every node knows most of its neighbours. Each looks for itself once more, as it would some seconds later."""
    end = time.monotonic() + MEET_S
    for number, dht in enumerate(nodes.dhts):
        nodes.ask("lookup", bytes.fromhex(dht.stat()["ipv4"]["id"]), node=number)
    for dht in nodes.dhts:
        table, own = dht.engines[4].table, bytes.fromhex(dht.stat()["ipv4"]["id"])
        while len(closest_of(ids, own, own) & {contact[:20] for contact in table.closest(own, K)}) < K - 1:
            assert time.monotonic() < end, "neighbours did not meet"
            time.sleep(0.05)


def asked_by_a_newcomer(nodes, network, target, place):
    """(ids of the closest nodes it finds, the value it gets) of a client that was never seen before."""

    async def ask():
        settings = Settings(hosts=(place,), bootstrap=nodes.addresses[:1], read_only=True, local_only=True, network=network)
        async with open_dht(settings, counters=Counters(), log=Log(lambda line: None), random_bytes=os.urandom) as dht:
            await dht.joined(5)
            found = await dht.lookup(target)
            return [contact[:20] for contact in found.value[:K]], (await dht.get_immutable(target)).value

    return trio.run(ask)


@pytest.mark.parametrize("network", [None, b"closed 1"], ids=["public", "closed"])
def test_a_read_only_client_finds_the_closest_and_what_they_keep(network):
    with Nodes([(f"127.33.{number + 1}.1",) for number in range(NODES)], network=network, requests_per_s=1000) as nodes:
        ids = {bytes.fromhex(dht.stat()["ipv4"]["id"]) for dht in nodes.dhts}
        wait_until_met(nodes, ids)
        for number in range(VALUES):
            value = encode(b"value %d" % number)
            target = nodes.ask("put_immutable", value, node=number).target
            closest, got = asked_by_a_newcomer(nodes, network, target, f"127.34.{number + 1}.1")
            assert got == value
            assert len(closest_of(ids, target) & set(closest)) >= K - 1


@pytest.mark.parametrize("discovery", [True, False], ids=["LAN", "elsewhere"])
def test_whoever_greets_a_client_on_its_lan_is_greeted_and_not_answered(discovery):
    now, stranger = 100.0, compact.pack("192.168.1.7", 8041)
    chance = random.Random(3).randbytes
    settings = Settings(network=b"closed 1", read_only=True, local_only=True, discovery=discovery)
    engine = Engine(4, bytes(20), Shared(settings, bytes(20), Sequences(16), Counters(), chance, now), now)
    engine.receive(krpc.query(b"tt", b"find_node", {b"id": b"d" * 20, b"target": bytes(20)}, network=b"closed 1"), stranger, now)
    sent = [(krpc.parse(data), address) for data, address in engine.outgoing]
    assert [(message.kind, message.method, address) for message, address in sent] == [(b"q", b"ping", stranger)] * discovery
    assert not len(engine.table)
    for message, address in sent:
        engine.receive(krpc.reply(message.tid, {b"id": b"d" * 20}, network=b"closed 1"), address, now)
    assert len(engine.table) == discovery
