"""Attacks on what a node keeps for others: by stolen tokens, by floods of items and of providers, by old versions."""

from leither_edge.crypto import sodium
from leither_edge.dht import compact, krpc
from leither_edge.dht.item import Item, immutable_target, make_mutable, mutable_target
from leither_edge.dht.item_store import LIFE_S

from . import ground
from .ground import KEY, SECRET, Foe, Meter, One, Row, get, put, signed

HOUR_S = 3600


def token_of(network, foe, target):
    """The token that the target gives a foe for writing."""
    foe.heard.clear()
    foe.say(krpc.query(network.rand.randbytes(4), b"get", {b"id": foe.node_id, b"target": bytes(20)}), target.address)
    network.run(1)
    return next((message.body[b"token"] for message, _ in foe.heard if message.body and b"token" in message.body), None)


def put_query(rand, item, token):
    """The bytes of a put."""
    body = {b"id": rand.randbytes(20), b"token": token, b"v": item.value}
    if item.key is not None:
        body |= {b"k": item.key, b"seq": item.seq, b"sig": item.signature}
        if item.salt:
            body[b"salt"] = item.salt
    return krpc.query(rand.randbytes(4), b"put", body)


def token_theft(scale=1.0):
    """Writes with tokens that were given to somebody else, guessed, altered, given by another node, or are too old."""
    network, hosts = ground.grown(11, 30)
    target, other, rand = hosts[4], hosts[6], network.rand
    owner = Foe(network, compact.pack("90.1.1.1", 6881), rand.randbytes(20))
    neighbour = Foe(network, compact.pack("90.1.1.2", 6881), rand.randbytes(20))
    far = Foe(network, compact.pack("91.1.1.1", 6881), rand.randbytes(20))
    token, foreign = token_of(network, owner, target), token_of(network, owner, other)
    before, sent, number = len(target.shared.items), 0, 0

    def write(foe, token, source=None):
        nonlocal sent, number
        number += 1
        sent += 1
        item = Item(b"%d:%b" % (6, b"%06d" % number))
        foe.say(put_query(rand, item, token), target.address, source)
        announced = {b"id": foe.node_id, b"info_hash": rand.randbytes(20), b"port": 80, b"token": token}
        foe.say(krpc.query(rand.randbytes(4), b"announce_peer", announced), target.address, source)
        network.run(0.1)

    for foe in (neighbour, far):
        write(foe, token)
        write(foe, b"")
    for bit in range(64):
        write(owner, bytes(each ^ (1 << bit % 8 if at == bit // 8 else 0) for at, each in enumerate(token)))
    for _ in range(int(1000 * scale)):
        write(far, rand.randbytes(8))
    write(owner, token[:-1])
    write(owner, token + b"\0")
    write(owner, foreign)
    # Given to one address, used in its name from elsewhere: the answer goes to the owner, and the owner is known to want it.
    for _ in range(20):
        write(far, rand.randbytes(8), source=owner.address)
    stored = len(target.shared.items) - before + len(target.shared.peers)
    network.run(601)
    write(owner, token)
    stored_late = len(target.shared.items) - before + len(target.shared.peers) - stored
    fresh = token_of(network, owner, target)
    write(owner, fresh)
    honest = float(len(target.shared.items) - before - stored - stored_late == 1)
    note = f"an address's own fresh token wrote {honest:.0f} of 1; a token eleven minutes old {stored_late} of 1"
    return Row("token theft", sent, "writes accepted", stored + stored_late, 0, None, honest, 1.0, note)


def storage_flood(scale=1.0, networks=20):
    """Fifty machines store as much as they can, half of it near to the target, and announce themselves for everything, for an hour."""
    limits = {"items_max": 200, "items_max_kib": 200, "announced_max": 400}
    network, hosts = ground.grown(12, 40, **limits)
    target, rand = hosts[4], network.rand
    honest = []
    for number in range(ground.sized(scale, 60, 24)):
        salt = b"honest%d" % number
        item = signed(1, salt)
        honest.append((item, salt))
        put(network, hosts[number % 40], item)
    mine = [(item, salt) for item, salt in honest if target.shared.items.get(mutable_target(KEY, salt), network.now) is not None]
    info_hash = rand.randbytes(20)
    target.shared.peers.announce(info_hash, hosts[20].address, network.now)
    foes = [
        Foe(network, compact.pack(f"90.1.{number % networks}.{1 + number // networks}", 6881), rand.randbytes(20)) for number in range(50)
    ]
    tokens = {foe: token_of(network, foe, target) for foe in foes}
    sent, renewed = 0, network.now
    flood = int(6000 * scale)
    for number in range(flood):
        if network.now - renewed > 250:
            tokens, renewed = {foe: token_of(network, foe, target) for foe in foes}, network.now
        foe = foes[number % len(foes)]
        # Half of them are ground until they lie near the target, as far as a second of work brings it.
        value = b"%d:%b" % (900, rand.randbytes(900))
        if number % 2:
            for _ in range(64):
                if (immutable_target(value)[0] ^ target.engine.own_id[0]) < 8:
                    break
                value = b"%d:%b" % (900, rand.randbytes(8) + value[12:])
        foe.say(put_query(rand, Item(value), tokens[foe]), target.address)
        announced = {b"id": foe.node_id, b"info_hash": rand.randbytes(20), b"port": 1 + number % 60000, b"token": tokens[foe]}
        foe.say(krpc.query(rand.randbytes(4), b"announce_peer", announced), target.address)
        sent += 2
        network.run(HOUR_S / flood)
    known = {item.value for item, _ in honest}
    items = [target.shared.items.get(key, network.now) for key in target.shared.items.targets()]
    theirs = sum(item is not None and item.value not in known for item in items)
    kept = sum(target.shared.items.get(mutable_target(KEY, salt), network.now) == item for item, salt in mine)
    read = sum(get(network, hosts[number % 40], KEY, salt) == item for number, (item, salt) in enumerate(honest))
    fresh = sum(put(network, hosts[number], signed(2, b"late%d" % number)).report().stored >= 6 for number in range(5))
    note = (
        f"{networks} networks; {theirs} of 200 places taken, {kept} of {len(mine)} honest items here kept; everywhere {read} of "
        f"{len(honest)} read, {fresh} of 5 new ones written"
    )
    return Row("storage flood", sent, "honest items lost", len(mine) - kept, 0, None, min(read / len(honest), fresh / 5), 1.0, note)


def replayed_sequences(scale=1.0):
    """Old versions, well signed, are put again while the new one lives, after it has expired, and told by most of those who keep it."""
    network, hosts = ground.grown(13, ground.sized(scale, 40, 24))
    rand = network.rand
    salt = b"replay"
    target = mutable_target(KEY, salt)
    old, new = signed(3, salt, b"3:old"), signed(9, salt, b"3:new")
    put(network, hosts[2], old)
    put(network, hosts[2], new)
    keepers = [host for host in hosts if host.shared.items.get(target, network.now) == new]
    foe = Foe(network, compact.pack("90.1.1.1", 6881), rand.randbytes(20))
    sent = 0

    def replay():
        nonlocal sent
        taken = 0
        for host in keepers:
            token = token_of(network, foe, host)
            for _ in range(ground.sized(scale, 10, 2)):
                foe.say(put_query(rand, old, token), host.address)
                sent += 1
                network.run(0.2)
            taken += host.shared.items.get(target, network.now) == old
        return taken

    living = replay()
    # Nobody publishes it again: the item goes, its number stays.
    network.run(LIFE_S + 60)
    for host in keepers:
        host.shared.items.expire(network.now)
    gone = sum(host.shared.items.get(target, network.now) is None for host in keepers)
    expired = replay()
    # Six of the eight nearest tell the old one, two the new one.
    put(network, hosts[2], new)
    near = sorted(keepers, key=lambda host: int.from_bytes(host.engine.own_id, "big") ^ int.from_bytes(target, "big"))
    for host in near[:6]:
        stale(network, host, old)
    readers = [host for host in hosts if network.hosts[host.address] is host][:10]
    rounds = len(readers)
    read = sum(get(network, host, KEY, salt) == new for host in readers)
    note = f"{len(keepers)} keepers, {gone} let it expire; with 6 of 8 telling the old version, {read} of {rounds} reads brought the new"
    return Row("replay of old sequences", sent, "older versions taken", living + expired, 0, None, read / rounds, 0.8, note)


def stale(network, host, item):
    """The host now belongs to a foe who tells an old version of one item, and is otherwise as good as ever."""

    def answer(foe, message, source):
        body = {b"id": foe.node_id}
        aim = message.body.get(b"target")
        if aim is not None:
            body |= {b"nodes": b"".join(host.engine.table.closest(aim, 8)), b"token": bytes(8)}
            body |= {b"k": item.key, b"sig": item.signature, b"seq": item.seq, b"v": item.value}
        return krpc.reply(message.tid, body)

    return Foe(network, host.address, host.engine.own_id, answer)


def signature_flood(scale=1.0, networks=20):
    """Puts with valid tokens and bad signatures, as fast as a line carries them: each would cost an Ed25519 check."""
    network, hosts = ground.grown(14, 30)
    target, rand = hosts[4], network.rand
    checks = []
    verify = target.shared.verify

    def counted(signature, message, key):
        checks.append(network.now)
        return verify(signature, message, key)

    target.engine.server._verify = counted
    meter = Meter(network, target)
    foes = [
        Foe(network, compact.pack(f"90.1.{number % networks}.{1 + number // networks}", 6881), rand.randbytes(20)) for number in range(40)
    ]
    tokens = {foe: token_of(network, foe, target) for foe in foes}
    known = [host for host in hosts if host.engine.own_id + host.address in target.engine.table]
    before = len(target.shared.items)
    seconds = ground.sized(scale, 20, 6)
    sent = ours = stored = 0
    checks.clear()
    begun = network.now
    for second in range(seconds):
        for number in range(500):
            foe = foes[rand.randrange(len(foes))]
            item = Item(b"6:%06d" % (number % 1000), KEY, b"", second * 1000 + number, rand.randbytes(64))
            foe.say(put_query(rand, item, tokens[foe]), target.address)
            sent += 1
            network.run(0.002)
            if number % 125 == 0:
                host = known[(4 * second + number // 125) % len(known)]
                value = b"8:honest%02d" % (sent // 500 % 100)
                mine = make_mutable(value, KEY, b"%d" % sent, 1, lambda message: sodium.sign(message, SECRET))
                asked = One().ask(network, host, target, b"get", {b"target": rand.randbytes(20)})
                network.run(0.13)
                if asked.body:
                    arguments = {b"v": mine.value, b"k": KEY, b"seq": 1, b"sig": mine.signature, b"salt": mine.salt}
                    written = One().ask(network, host, target, b"put", {**arguments, b"token": asked.body[b"token"]})
                    network.run(0.13)
                    stored += written.body is not None
                ours += 1
    took = network.now - begun
    false = len(target.shared.items) - before - stored
    per_s = len(checks) / took
    note = (
        f"{networks} networks, {sent / took:.0f} puts a second; {per_s:.1f} signatures checked of {ground.LIMITS['checks_per_s']} a second"
    )
    return Row("signature-verification flood", sent, "false items kept", false, 0, meter.worst, stored / ours, 0.9, note)
