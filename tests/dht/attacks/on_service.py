"""Attacks on the service itself: as an amplifier aimed at others, and by more questions than it can answer."""

from leither_edge.dht import krpc
from leither_edge.dht.engine import OUTGOING_MAX, PENDING_MAX, WAITING_MAX
from leither_edge.dht.item import Item, immutable_target, mutable_target

from . import ground
from .ground import KEY, Meter, One, Row, address_of, signed

WAYS = 11


def worst_questions(network, host, rand):
    """Functions that make small questions with large answers, as (transaction -> bytes)."""
    mine, family = rand.randbytes(20), host.engine.family
    value = b"996:%b" % (b"x" * 996)
    host.shared.items.put(Item(value), None, host.address, network.now)
    host.shared.items.put(signed(1, b"large", value), None, host.address, network.now)
    info_hash = rand.randbytes(20)
    for number in range(60):
        host.shared.peers.announce(info_hash, address_of(60, number, 80, family), network.now)
        host.shared.peers.announce(rand.randbytes(20), address_of(60, number, 80, family), network.now)
    bodies = (
        (b"ping", {}),
        (b"find_node", {b"target": mine}),
        (b"find_node", {b"target": host.engine.own_id, b"want": [b"n4", b"n6"]}),
        (b"get_peers", {b"info_hash": info_hash}),
        (b"get", {b"target": immutable_target(value)}),
        (b"get", {b"target": mutable_target(KEY, b"large")}),
        (b"sample_infohashes", {b"target": mine}),
        (b"put", {b"token": bytes(8), b"v": b"i1e"}),
        (b"vote", {}),
    )

    def query(method, body):
        return lambda tid, read_only: krpc.query(tid, method, {b"id": rand.randbytes(20), **body}, read_only=read_only)

    ways = [query(method, body) for method, body in bodies]
    ways.append(lambda tid, read_only: b"d1:ade1:q4:ping1:t%d:%b1:y1:qe" % (len(tid), tid))
    ways.append(lambda tid, read_only: b"d1:q1:x1:t%d:%b1:y1:qe" % (len(tid), tid))
    assert len(ways) == WAYS
    return ways


def amplification(scale=1.0, family=4):
    """Small questions with large answers, sent in the name of somebody else: one each, then some, then for a minute."""
    network, hosts = ground.grown(21, 30, family)
    target, rand = hosts[3], network.rand
    ways = worst_questions(network, target, rand)
    meter = Meter(network, target)
    sent = 0
    victims = 0
    for times in (1, 2, 5, 30):
        for way in ways:
            for _ in range(ground.sized(scale, 8, 1)):
                victims += 1
                victim = address_of(150, victims, 1024 + victims, family)
                for _ in range(times):
                    network.carry(victim, way(rand.randbytes(rand.choice((1, 2, 4, 20))), rand.random() < 0.3), target.address)
                    sent += 1
                    network.run(rand.choice((0.001, 0.2)))
                network.run(0.5)
    network.run(10)
    into, out = meter.totals
    friend = hosts[9]
    whole = [
        One().ask(network, friend, target, b"get", {b"target": mutable_target(KEY, b"large")}),
        One().ask(network, friend, target, b"find_node", {b"target": rand.randbytes(20)}),
    ]
    network.run(2)
    nodes = {4: (b"nodes", 8 * 26), 6: (b"nodes6", 8 * 38)}[family]
    honest = (len(whole[0].body[b"v"]) == 1000) / 2 + (len(whole[1].body[nodes[0]]) == nodes[1]) / 2
    note = f"{victims} victims: {into} bytes came in their names, {out} went to them ({out / into:.2f}); unasked {len(meter.unasked)}"
    return Row(
        "amplification" if family == 4 else "amplification, IPv6",
        sent,
        "victims paid more",
        int((meter.worst or 0) > 1),
        0,
        meter.worst,
        honest,
        1.0,
        note,
    )


def amplification_by_ipv6(scale=1.0):
    """The same over IPv6, whose answers are half as long again."""
    return amplification(scale, 6)


def queue_flood(scale=1.0):
    """Questions of all kinds from forged addresses, a hundred times as many as are answered, while others use the node."""
    network, hosts = ground.grown(22, 40)
    target, rand = hosts[3], network.rand
    ways = worst_questions(network, target, rand)
    meter = Meter(network, target)
    contacts = set(target.engine.table)
    known = [host for host in hosts if host.engine.own_id + host.address in contacts]
    sent = pending = waiting = outgoing = 0
    asked = []
    seconds = ground.sized(scale, 20, 2)
    rate = 5000
    for second in range(seconds):
        for number in range(rate):
            # In the sender's turn, as the socket would hand them over.
            data = ways[number % WAYS](rand.randbytes(4), False)
            source = address_of(150 + rand.randrange(100), rand.randrange(65536))
            meter._watch(source, data, target.address)
            target.engine.receive(data, source, network.now)
            outgoing = max(outgoing, len(target.engine.outgoing))
            sent += 1
            if number % 50 == 0:
                target.send()
                network.run(50 / rate)
                pending = max(pending, len(target.engine._pending))
                waiting = max(waiting, target.engine._waiting)
            if number % (rate // 4) == 0:
                host = known[(second * 4 + number) % len(known)]
                asked.append(One().ask(network, host, target, b"find_node", {b"target": rand.randbytes(20)}))
    network.run(10)
    came, asked = sum(one.came for one in asked), len(asked)
    inside = [contact for contact in target.engine.table if contact[20:] not in network.hosts]
    over = int(pending > PENDING_MAX or waiting > WAITING_MAX or outgoing > OUTGOING_MAX) + len(inside)
    kept = sum(contact in target.engine.table for contact in contacts) / len(contacts)
    note = (
        f"{rate} a second; {came} of {asked} questions of known nodes answered, {kept:.0%} of its contacts kept; "
        f"at most {pending} requests on their way, {waiting} waiting, {outgoing} to send"
    )
    return Row("queue flood", sent, "bounds passed", over, 0, meter.worst, min(came / asked, kept), 0.95, note)


def proofs_used_up(scale=1.0):
    """Strangers who make the node ping them and never answer, so that no place is left to prove an honest one; then they stop."""
    network, hosts = ground.grown(23, 30)
    target, rand = hosts[3], network.rand
    meter = Meter(network, target)
    sent = 0
    for number in range(int(3000 * scale)):
        query = krpc.query(rand.randbytes(4), b"get_peers", {b"id": rand.randbytes(20), b"info_hash": rand.randbytes(20)}, pad_to=200)
        network.carry(address_of(150, number), query, target.address)
        sent += 1
        network.run(0.01)
    network.run(5)
    newcomer = network.host(bootstrap=(("x", 1),), **{"network": None, **ground.LIMITS})
    newcomer.engine.reachability.is_server = True
    came = 0
    for _ in range(10):
        one = One().ask(network, newcomer, target, b"find_node", {b"target": rand.randbytes(20)})
        network.run(1)
        came += one.body is not None and len(one.body.get(b"nodes", b"")) == 208
    stuck = target.engine._waiting + len(target.engine._pending)
    note = f"afterwards {stuck} requests still on their way, a newcomer got {came} of 10 whole answers"
    return Row("proofs used up", sent, "places lost", target.engine._waiting, 0, meter.worst, came / 10, 0.9, note)
