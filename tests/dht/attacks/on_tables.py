"""Attacks on whom a node knows: its table, its searches, its entrance."""

from leither_edge.dht import compact, krpc
from leither_edge.dht.bencode import INTEGER_MAX
from leither_edge.dht.item import mutable_target
from leither_edge.dht.operations import Search
from leither_edge.dht.takers import Newest

from . import ground
from .ground import KEY, Foe, Meter, Row, address_of, get, near, put, recall, signed


def table_poisoning(scale=1.0, **settings):
    """Made-up nodes want into a table: by queries with forged sources, by one machine under many names, by one network, by hearsay."""
    network, hosts = ground.grown(1, 40, **settings)
    target, rand = hosts[7], network.rand
    id_network = settings.get("network")
    before = set(target.engine.table)
    meter = Meter(network, target)
    own = target.engine.own_id
    sent = 0
    liars = [Foe(network, compact.pack("90.1.1.9", 2000 + port), near(own, 24, rand), liar) for port in range(int(200 * scale))]
    liars += [Foe(network, compact.pack(f"91.1.1.{host}", 6881), near(own, 24, rand), liar) for host in range(1, int(250 * scale))]
    for foe in liars:
        foe.named = [near(own, 30, rand) + address_of(92, number) for number in range(20)]
    forged = [(near(own, 24, rand), address_of(93 + number // 65536, number)) for number in range(int(2000 * scale))]
    asks = [(foe.node_id, foe.address) for foe in liars] + forged
    rand.shuffle(asks)
    for node_id, source in asks:
        query = krpc.query(rand.randbytes(4), b"find_node", {b"id": node_id, b"target": own}, network=id_network)
        for _ in range(2):
            network.carry(source, query, target.address)
            sent += 1
        network.run(0.04)
    network.run(30)
    foes = {foe.address for foe in liars}
    strangers = [contact for contact in target.engine.table if contact[20:] not in network.hosts]
    inside = [contact for contact in target.engine.table if contact[20:] in foes]
    kept = sum(contact in target.engine.table for contact in before) / len(before)
    # Two false ones may be there, and then stand among the eight nearest of some targets.
    found = recall(network, hosts, target, [rand.randbytes(20) for _ in range(10)], 6)
    note = f"of {len(asks)} names; its contacts kept {kept:.0%}, recall {found:.2f}"
    return Row("table poisoning", sent, "false contacts", len(inside) + len(strangers), 2, meter.worst, min(kept, found), 0.95, note)


def liar(foe, message, source):
    """Names twenty nodes that are not there."""
    body = {b"id": foe.node_id}
    if message.method != b"ping":
        body |= {b"nodes": b"".join(foe.named), b"token": bytes(8)}
    return krpc.reply(message.tid, body, network=message.network)


def spoofed_transactions(scale=1.0, **settings):
    """Replies to questions that somebody else was asked: with guessed transactions from the right address, with right ones from another."""
    network, hosts = ground.grown(2, 40, **settings)
    target, rand = hosts[5], network.rand
    put(network, hosts[20], signed(5))
    before = set(target.engine.table)
    key = mutable_target(KEY)
    forged = {
        b"id": rand.randbytes(20), b"token": bytes(8), b"k": KEY, b"sig": bytes(64), b"seq": INTEGER_MAX, b"v": b"6:forged",
        b"nodes": b"".join(near(key, 40, rand) + address_of(90, number) for number in range(8)),
    }  # fmt: skip
    sent = found = 0
    open_ones = []

    def overhear(source, data, address):
        if source == target.address and b"1:y1:q" in data:
            open_ones.append((krpc.parse(data).tid, address))

    network.watch = overhear
    rounds = ground.sized(scale, 20, 5)
    for _ in range(rounds):
        newest = Newest(key, b"", None, network.verify)
        search = Search(target.engine, b"get", key, {b"target": key}, lambda search: None, take=newest.take)
        target.engine.run(search, network.now)
        while not search.is_over:
            target.send()
            for tid, address in open_ones:
                # Who overhears the transaction must still send from the address that was asked.
                target.engine.receive(krpc.reply(tid, forged), address_of(90, rand.randrange(4000)), network.now)
                for _ in range(int(60 * scale)):
                    guess = krpc.reply(rand.randbytes(4), {**forged, b"id": rand.randbytes(20)})
                    target.engine.receive(guess, address, network.now)
                    sent += 1
                sent += 1
            open_ones.clear()
            network.run(0.02)
        found += newest.item == signed(5)
    inside = set(target.engine.table) - before - {host.engine.own_id + host.address for host in hosts}
    dropped = target.counters.get("dht_dropped", why="unasked")
    note = f"{dropped} dropped as unasked; the item was read {found} times of {rounds}"
    return Row("spoofed transactions", sent, "believed replies", sent - dropped + len(inside), 0, None, found / rounds, 1.0, note)


def sybil_neighbourhood(scale=1.0, crowd=24, **settings):
    """A crowd of nodes, each in a network of its own, nearer to a target than anybody: they take every write and give nothing back.

    They stay, so that at the last targets there are more of them than of honest ones; one target may be lost to chance.
    """
    network, hosts = ground.grown(3, ground.sized(scale, 100, 60), **settings)
    rand = network.rand
    id_network = settings.get("network")
    sent = found = lost = 0
    targets = ground.sized(scale, 12, 3)
    stored = []
    for number in range(targets):
        salt = b"sybil%d" % number
        target = mutable_target(KEY, salt)
        foes = [Foe(network, address_of(100 + number, each), near(target, 30, rand), sybil) for each in range(crowd)]
        for foe in foes:
            foe.named = [other.contact for other in foes]
        # They make themselves known wherever the target may be looked for.
        for host in hosts:
            for foe in rand.sample(foes, 8):
                asked = krpc.query(rand.randbytes(4), b"find_node", {b"id": foe.node_id, b"target": target}, network=id_network)
                foe.say(asked, host.address)
                sent += 1
            network.run(0.02)
        network.run(20)
        write = put(network, hosts[number * 3 % len(hosts)], signed(1, salt))
        honest = {host.address for host in hosts}
        kept = [compact.pack(row.host, row.port) in honest for row in write.report().rows if row.outcome == "stored"]
        stored.append(sum(kept))
        is_read = get(network, hosts[(number * 5 + 1) % len(hosts)], KEY, salt) is not None
        found += is_read
        lost += not is_read
    note = f"{crowd} foes a target, {targets} targets; kept by {min(stored)} to {max(stored)} honest nodes; read {found} of {targets}"
    return Row("Sybil neighbourhood", sent, "targets taken over", lost, 1, None, found / targets, 1 - 1 / targets, note)


def sybil(foe, message, source):
    """Answers everything as it should be, but names only its own kind and keeps nothing."""
    body = {b"id": foe.node_id}
    if message.method in (b"find_node", b"get", b"get_peers"):
        body[b"nodes"] = b"".join(foe.named[:20])
        if message.method != b"find_node":
            body[b"token"] = bytes(8)
    return krpc.reply(message.tid, body, network=message.network)


def eclipse_at_bootstrap(scale=1.0, honest_entrances=1, foe_entrances=2, networks=16, foes_count=60, **settings):
    """Two of three entrances name only foes, always those nearest to what is looked for; there are as many of them as honest nodes.

    Who only hears of foes nearer than any honest node he knows asks no other; it is allowed to happen to one newcomer of eight.
    """
    network, hosts = ground.grown(4, ground.sized(scale, 60, 40), **settings)
    rand = network.rand
    put(network, hosts[9], signed(3))
    foes = [
        Foe(network, compact.pack(f"100.1.{number % networks}.{number // networks + 1}", 6881), rand.randbytes(20), eclipser)
        for number in range(foes_count)
    ]
    for foe in foes:
        foe.named = foes
    shares, reads, sent = [], 0, 0
    rounds = ground.sized(scale, 16, 4)
    for _ in range(rounds):
        newcomer = network.host(bootstrap=(("x", 1),), **{"network": None, **ground.LIMITS, **settings})
        entrances = [rand.choice(hosts).address for _ in range(honest_entrances)]
        entrances += [foe.address for foe in rand.sample(foes, foe_entrances)]
        before = network.carried
        newcomer.engine.join(entrances, lambda contacts: None, network.now)
        newcomer.send()
        network.run(120)
        sent += network.carried - before
        inside = [contact for contact in newcomer.engine.table]
        shares.append(sum(isinstance(network.hosts.get(contact[20:]), Foe) for contact in inside) / max(len(inside), 1))
        reads += get(network, newcomer, KEY) == signed(3)
    worst = round(100 * max(shares))
    entrances = f"{honest_entrances} of {honest_entrances + foe_entrances} entrances honest"
    note = f"{entrances}; foes in the table {min(shares):.0%} to {max(shares):.0%}"
    return Row("eclipse at bootstrap", sent, "% of table foes", worst, 90, None, reads / rounds, 0.85, note)


def eclipser(foe, message, source):
    """Names the foes nearest to whatever is looked for, as if there were nobody else."""
    body = {b"id": foe.node_id}
    target = message.body.get(b"target") or message.body.get(b"info_hash")
    if target is not None:
        aim = int.from_bytes(target, "big")
        nearest = sorted(foe.named, key=lambda other: int.from_bytes(other.node_id, "big") ^ aim)[:20]
        body |= {b"nodes": b"".join(other.contact for other in nearest), b"token": bytes(8)}
    return krpc.reply(message.tid, body, network=message.network)


def false_own_address(scale=1.0, **settings):
    """Contacts in several networks tell a node that it has another address, to move its id (BEP 42) or to make it fall silent."""
    network, hosts = ground.grown(5, 30, **settings)
    target, rand = hosts[6], network.rand
    own, external = target.engine.own_id, target.engine.reachability.external
    false = compact.pack("198.51.100.7", 6881)
    foes = [Foe(network, address_of(100, number), rand.randbytes(20), misleading) for number in range(8)]
    for foe in foes:
        foe.false = false
    sent = changed = 0
    rounds = ground.sized(scale, 60, 12)
    for number in range(rounds):
        for foe in foes:
            query = krpc.query(rand.randbytes(4), b"find_node", {b"id": foe.node_id, b"target": own}, network=settings.get("network"))
            foe.say(query, target.address)
            sent += 1
        asked = hosts[8 + number % 20]
        target.engine.ask(asked.address, asked.engine.own_id, b"ping", {}, None, network.now)
        for foe in foes:
            # Whoever is a contact is asked now and then; they are asked as often as all the honest ones together.
            if number % 3 == 0:
                target.engine.ask(foe.address, foe.node_id, b"ping", {}, None, network.now)
        target.send()
        network.run(5)
        changed += target.engine.own_id != own or target.engine.reachability.external != external
    found = recall(network, hosts, target, [rand.randbytes(20) for _ in range(5)], 5)
    note = f"8 foes in 8 networks tell the same false address; the node answers others: {target.engine.is_server}"
    return Row("false own address", sent, "times it was believed", changed, 0, None, found * target.engine.is_server, 0.9, note)


def misleading(foe, message, source):
    """A good reply, but for the address in it."""
    return krpc.reply(message.tid, {b"id": foe.node_id}, ip=foe.false, network=message.network)


def aimed_by_hearsay(scale=1.0, **settings):
    """Contacts name a victim, under many ports and ids, as the nearest to whatever is looked for, so that searches turn against it.

    Who named four silent nodes is believed no more. In a closed network, where questions to strangers are long, the bytes are more than
    a liar says; `network` in the settings shows how many.
    """
    network, hosts = ground.grown(6, 40, **settings)
    target, rand = hosts[6], network.rand
    foes = [Foe(network, address_of(100, number), rand.randbytes(20), aiming) for number in range(6)]
    for foe in foes:
        for _ in range(3):
            query = krpc.query(
                rand.randbytes(4),
                b"find_node",
                {b"id": foe.node_id, b"target": rand.randbytes(20)},
                pad_to=400,
                network=settings.get("network"),
            )
            foe.say(query, target.address)
            network.run(2)
    meter = Meter(network, target)
    rounds = ground.sized(scale, 60, 20)
    worst = spoken = 0
    found = recall(network, hosts, target, [rand.randbytes(20) for _ in range(5)], 5)
    for _ in range(rounds):
        before, said = dict(meter.packets), sum(foe.said for foe in foes)
        aim = rand.randbytes(20)
        network.do(target, Search(target.engine, b"get", aim, {b"target": aim}, lambda search: None, careful=True))
        spoken += sum(foe.said for foe in foes) - said
        got = {}
        for address, packets in meter.packets.items():
            network_of = compact.prefix(address)
            got[network_of] = got.get(network_of, 0) + packets - before.get(address, 0)
        worst = max(worst, max(got.values(), default=0))
    sent = sum(meter.unasked.values())
    note = f"{rounds} searches; foes said {spoken} bytes, {len(meter.packets)} victims got {sent}"
    return Row("searches aimed at others", rounds, "datagrams to one victim", worst, 4, sent / max(spoken, 1), found, 0.9, note)


def aiming(foe, message, source):
    """Names one victim under ten ports, and nine neighbours of it, all of them near to what is looked for."""
    body = {b"id": foe.node_id}
    aim = message.body.get(b"target") or message.body.get(b"info_hash")
    if aim is not None:
        rand = foe.network.rand
        where = f"203.{foe.address[2]}.{rand.randrange(250)}"
        victims = [compact.pack(f"{where}.1", 1000 + port) for port in range(10)]
        victims += [compact.pack(f"{where}.{2 + other}", 6881) for other in range(10)]
        body |= {b"nodes": b"".join(near(aim, 40, rand) + victim for victim in victims), b"token": bytes(8)}
    answer = krpc.reply(message.tid, body, network=message.network)
    foe.said += len(answer)
    return answer
