"""Attacks over real sockets on loopback: what the kernel, the loop and the node together send to who never answers, and under a flood."""

import math
import socket
import time

import trio

from leither_edge.dht import Settings, krpc, open_dht
from leither_edge.dht.item import immutable_target, mutable_target
from leither_edge.observe.counters import Counters
from leither_edge.observe.log import Log
from tests.fuzzing import rss_bytes

from .ground import KEY, SECRET, Row, make_mutable, sized, sodium

NETWORK = None
VALUE = b"996:%b" % (b"x" * 996)


def _settings(number, entrance=()):
    return Settings(network=NETWORK, hosts=(f"127.{number}.1.1",), bootstrap=entrance)


def _item(seq, value=VALUE):
    return make_mutable(value, KEY, b"", seq, lambda message: sodium.sign(message, SECRET))


def _questions():
    me = bytes(range(20))
    bodies = (
        (b"ping", {}), (b"find_node", {b"target": me}), (b"get_peers", {b"info_hash": me}), (b"get", {b"target": mutable_target(KEY)}),
        (b"get", {b"target": immutable_target(VALUE)}), (b"sample_infohashes", {b"target": me}),
        (b"put", {b"token": bytes(8), b"v": b"i1e"}), (b"vote", {}), (b"ping", {b"token": 1}),
    )  # fmt: skip
    return [krpc.query(b"%c" % number, method, {b"id": me, **body}, network=NETWORK) for number, (method, body) in enumerate(bodies)]


async def _small_network(nursery_work, count=12):
    """Some nodes on loopback that know each other and keep two items; then ``nursery_work`` (first node, all)."""
    async with trio.open_nursery() as nursery:
        nodes, closing = [], trio.Event()

        async def one(number, entrance, task_status):
            async with open_dht(_settings(number, entrance), counters=Counters(), log=Log()) as dht:
                await dht.joined(5)
                task_status.started(dht)
                await closing.wait()

        for number in range(3, 3 + count):
            entrance = nodes[0].addresses if nodes else ()
            nodes.append(await nursery.start(one, number, tuple(entrance)))
        await nodes[1].put_mutable(_item(1))
        await nodes[1].put_immutable(VALUE)
        try:
            return await nursery_work(nodes[0], nodes)
        finally:
            closing.set()


async def _mute(dht, host, questions, times):
    """(bytes sent, bytes got) of somebody at an address who asks and never answers."""
    sock = trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        await sock.bind((host, 0))
        sent = got = 0
        for question in questions * times:
            await sock.sendto(question, dht.addresses[0])
            sent += len(question)
        with trio.move_on_after(1):
            while True:
                data, _ = await sock.recvfrom(4096)
                got += len(data)
                assert got <= sent, "more came than was sent"
        return sent, got


async def _amplification(scale):
    async def attack(dht, nodes):
        worst, into, out, victims = 0.0, 0, 0, 0
        questions = _questions()
        async with trio.open_nursery() as nursery:

            async def victim(number, each, times):
                nonlocal worst, into, out, victims
                sent, got = await _mute(dht, f"127.{100 + number}.1.1", each, times)
                worst, into, out, victims = max(worst, got / sent), into + sent, out + got, victims + 1

            # Within the budget of requests, or nothing at all would come.
            for number, question in enumerate(questions):
                nursery.start_soon(victim, number, [question], 1)
                nursery.start_soon(victim, 40 + number, [question], sized(scale, 6, 2))
            nursery.start_soon(victim, 90, questions, 1)
        found = await nodes[3].get_mutable(KEY)
        honest = float(found.value is not None and found.value.value == VALUE)
        note = f"{victims} real sockets that never answer: {into} bytes from them, {out} to them"
        return Row("amplification, on sockets", into, "victims paid more", int(worst > 1), 0, worst, honest, 1.0, note)

    return await _small_network(attack)


async def _flood(scale):
    async def attack(dht, nodes):
        questions = [question for question in _questions() if b"sample" not in question]
        stop, sent, seconds = trio.Event(), 0, []
        before = rss_bytes()

        async def blast(number):
            nonlocal sent
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.bind((f"127.{150 + number}.1.1", 0))
                sock.setblocking(False)
                to = dht.addresses[0]
                while not stop.is_set():
                    for _ in range(25):
                        try:
                            sock.sendto(questions[sent % len(questions)], to)
                        except BlockingIOError:
                            break
                        sent += 1
                    await trio.sleep(0)

        begun = time.monotonic()
        asked = sized(scale, 20, 5)
        read = 0
        async with trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(blast, number)
            await trio.sleep(0.5)
            for number in range(asked):
                start = time.monotonic()
                with trio.move_on_after(10):
                    found = await nodes[1 + number % 11].get_mutable(KEY)
                    read += found.value is not None
                seconds.append(time.monotonic() - start)
            stop.set()
        took = time.monotonic() - begun
        grown = rss_bytes() - before
        seconds.sort()
        note = (
            f"{sent / took:.0f} a second from four sockets in this process; {read} of {asked} reads came back, median "
            f"{seconds[len(seconds) // 2] * 1000:.0f} ms; memory grew by {grown / 1e6:.1f} MB"
        )
        return Row("queue flood, on sockets", sent, "MB of memory", math.floor(max(grown, 0) / 1e6), 3, None, read / asked, 0.95, note)

    return await _small_network(attack)


def amplification_on_sockets(scale=1.0):
    """The same small questions over UDP, from sockets that never answer a ping."""
    return trio.run(_amplification, scale)


def queue_flood_on_sockets(scale=1.0):
    """As many datagrams as four senders bring onto the loopback, while others read in the same network."""
    return trio.run(_flood, scale)
