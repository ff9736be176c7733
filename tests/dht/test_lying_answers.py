"""Searches and writes among nodes that all lie: malformed replies, invented neighbours, silence. Each ends by itself, in bounds."""

import random

import pytest

from leither_edge.dht import compact, krpc
from leither_edge.dht.item import mutable_target
from leither_edge.dht.joining import Join, Refresh
from leither_edge.dht.operations import WRITE_PATHS, Search, Write
from leither_edge.dht.takers import Immutable, Newest, Peers
from tests.dht.fuzz_targets import NETWORK, engine_at
from tests.dht.mutation import mutated, rewritten

# The judge of these tests takes every signature of a key that begins with an even byte.
KEY, SALT = bytes([2] * 32), b"s"
TARGET = mutable_target(KEY, SALT)
START = 1000.0
# Of a lookup's 200 candidates each may be asked for its value once more, and for places beside the target.
REQUESTS_MAX, SECONDS_MAX = 600, 60
RUNS = 3


class Liars:
    """Whoever is asked. chance: random.Random."""

    def __init__(self, chance):
        self._chance, self._ids = chance, {}

    def contact(self, near=False):
        """Somebody invented, perhaps close to the target."""
        chance = self._chance
        host = f"{chance.randrange(1, 223)}.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"
        id = (TARGET[: chance.randrange(20)] if near else b"") + chance.randbytes(20)
        address = compact.pack(host, chance.randrange(1, 65536))
        self._ids[address] = id[:20]
        return id[:20] + address

    def reply(self, message, address):
        """A reply, mostly a wrong one; None for silence."""
        chance = self._chance
        if chance.random() < 0.15:
            return None
        body = {b"id": self._ids.get(address, bytes(20)), b"token": b"12345678"}
        if message.method != b"put":
            body[b"nodes"] = b"".join(self.contact(near=chance.random() < 0.3) for _ in range(chance.randrange(21)))
        if message.method == b"get" and chance.random() < 0.5:
            body.update({b"v": b"4:" + chance.randbytes(4), b"seq": chance.randrange(100), b"k": KEY, b"sig": bytes(64)})
        if message.method == b"get_peers" and chance.random() < 0.5:
            body[b"values"] = [chance.randbytes(6) for _ in range(5)]
        if chance.random() < 0.2:
            data = krpc.error(message.tid, chance.choice((201, 203, 204, 205, 301, 302)), "no", network=NETWORK)
        else:
            data = krpc.reply(message.tid, body, ip=bytes([9, 9, 9, 9, 1, 1]), network=NETWORK)
        return chance.choice((lambda data, chance: data, mutated, rewritten))(data, chance)


def newest():
    return Newest(TARGET, SALT, None, lambda signature, message, key: key[0] & 1 == 0)


def put(address):
    return {b"v": b"1:a", b"k": KEY, b"seq": 5, b"sig": bytes(64), b"salt": SALT}


OPERATIONS = {
    "signed": lambda engine, liars, done: Search(engine, b"get", TARGET, {b"target": TARGET}, done, take=newest().take, careful=True),
    "immutable": lambda engine, liars, done: Search(engine, b"get", TARGET, {b"target": TARGET}, done, take=Immutable(TARGET).take),
    "peers": lambda engine, liars, done: Search(engine, b"get_peers", TARGET, {b"info_hash": TARGET}, done, take=Peers(4, 200).take),
    "put": lambda engine, liars, done: Write(
        engine, b"get", TARGET, {b"target": TARGET}, b"put", put, done, take=newest().take, paths=WRITE_PATHS, careful=True
    ),
    "join": lambda engine, liars, done: Join(engine, [liars.contact()[20:] for _ in range(3)], done),
    "refresh": lambda engine, liars, done: Refresh(engine, TARGET, done),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("seed", range(RUNS))
def test_it_ends_by_itself_within_bounds(operation, seed):
    chance = random.Random(f"{operation} {seed}")
    now, requests, ended = START, 0, []
    engine, liars = engine_at(now), Liars(chance)
    for _ in range(8):
        engine.table.heard(liars.contact(), now, 10)
    running = OPERATIONS[operation](engine, liars, ended.append)
    engine.run(running, now)
    while not ended:
        while engine.outgoing:
            data, address = engine.outgoing.popleft()
            message = krpc.parse(data)
            if message.kind == krpc.QUERY:
                requests += 1
                reply = liars.reply(message, address)
                if reply is not None:
                    now += chance.random() / 20
                    engine.receive(reply, address, now)
        now = max(now, engine.next_wake)
        engine.wake(now)
        assert requests <= REQUESTS_MAX and now - START <= SECONDS_MAX
    if isinstance(running, Search):
        report = running.report()
        assert report.asked == len(report.rows) <= REQUESTS_MAX and report.answered <= report.asked
