"""Random and mutated requests: no exception escapes, and the server still answers."""

import random
import time

import trio

from .serving import LIMITS, serving
from .test_hostile import MALFORMED

SEEDS = [raw for raw, _ in MALFORMED.values()] + [
    b"GET /hello HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde",
    b"POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"GET /show/a?b=c%20d HTTP/1.1\r\nHost: [::1]:80\r\nRange: bytes=0-1\r\nIf-None-Match: *\r\n\r\n",
]
TOKENS = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b":",
    b"%",
    b"/",
    b"..",
    b"Content-Length: 1\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"\xff",
    b";",
]
SECONDS = 2.5


def mutated(source):
    raw = bytearray(source.choice(SEEDS))
    for _ in range(source.randrange(1, 6)):
        at = source.randrange(len(raw) + 1)
        match source.randrange(5):
            case 0:
                raw[at : at + 1] = bytes((source.randrange(256),))
            case 1:
                del raw[at : at + source.randrange(8)]
            case 2:
                raw[at:at] = source.choice(TOKENS)
            case 3:
                raw[at:at] = source.choice(SEEDS)
            case 4:
                raw[at:at] = source.randbytes(source.randrange(20))
    return bytes(raw)


async def test_no_bytes_bring_the_server_down():
    seed = random.randrange(1 << 32)
    source = random.Random(seed)
    end = time.monotonic() + SECONDS
    sent = 0

    async def attack(server):
        nonlocal sent
        while time.monotonic() < end:
            raw = mutated(source) if source.random() < 0.9 else source.randbytes(source.randrange(1, 300))
            client = await server.connect()
            sent += 1
            async with client:
                try:
                    for piece in pieces(source, raw):
                        await client.send(piece)
                        if source.random() < 0.2:
                            await trio.testing.wait_all_tasks_blocked(0.0001)
                    await client.stream.send_eof()
                except trio.BrokenResourceError:
                    pass
                answer = await client.rest()
                assert answer == b"" or answer.startswith(b"HTTP/1.1 "), (seed, raw, answer)
                assert b"HTTP/1.1 500" not in answer and b"Traceback" not in answer, (seed, raw, answer)

    async with serving() as server:
        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(attack, server)
        await server.still_answers()
        assert server.log.events == [], (seed, server.log.events)
        assert sent > 200
    assert LIMITS.connections_max > 4


def pieces(source, raw):
    at = 0
    while at < len(raw):
        size = len(raw) if source.random() < 0.5 else source.randrange(1, 40)
        yield raw[at : at + size]
        at += size
