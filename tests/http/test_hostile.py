"""Clients that are broken or mean harm: each gets its status, and the others notice nothing."""

import pytest
import trio
from trio.testing import MockClock

from leither_edge.http import Response

from .serving import LIMITS, serving, status_of

GET = b"GET /hello HTTP/1.1\r\nHost: a\r\n"
SMUGGLED = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"

MALFORMED = {
    "both lengths": (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
    "two content lengths": (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", 400),
    "length with sign": (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nabcd", 400),
    "length in hexadecimal": (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0x4\r\n\r\nabcd", 400),
    "negative length": (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
    "endless length": (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 50 + b"\r\n\r\n", 400),
    "unknown coding": (b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "two codings": (b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n", 501),
    "coding with vertical tab": (b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    "space before colon": (b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    "coding in 1.0": (b"POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "bare LF in a line": (b"GET /hello HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
    "bare LF all over": (b"GET /hello HTTP/1.1\nHost: a\n\n", 400),
    "bare CR": (b"GET /hello HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400),
    "folded field": (GET + b"X: a\r\n b\r\n\r\n", 400),
    "folded first field": (b"GET /hello HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    "no host": (b"GET /hello HTTP/1.1\r\n\r\n", 400),
    "two hosts": (GET + b"Host: b\r\n\r\n", 400),
    "bad host": (b"GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "empty host": (b"GET /hello HTTP/1.1\r\nHost:\r\n\r\n", 400),
    "host with user": (b"GET /hello HTTP/1.1\r\nHost: x@a\r\n\r\n", 400),
    "absolute target elsewhere": (b"GET http://b/hello HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "absolute https target": (b"GET https://a/hello HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "authority target": (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    "relative target": (b"GET hello HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "star target": (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "NUL in target": (b"GET /hel\0lo HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "NUL in field": (GET + b"X: a\0b\r\n\r\n", 400),
    "encoded NUL": (b"GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "encoded newline": (b"GET /a%0d%0ab HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "encoded slash": (b"GET /a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "backslash": (b"GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "dot segments": (b"GET /../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "encoded dot segments": (b"GET /%2e%2e/etc HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "stray percent": (b"GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "not UTF-8": (b"GET /a%ff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "fragment": (b"GET /hello#x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "bad query": (b"GET /numbers?n=%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 400),
    "too many pairs": (b"GET /numbers?" + b"a&" * 200 + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 400),
    "unknown method": (b"BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    "HTTP/2 by version": (b"GET /hello HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    "HTTP/2 by preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "HTTP/0.9": (b"GET /hello\r\n\r\n", 400),
    "TLS greeting": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "binary": (bytes(range(256)), 400),
    "long target": (b"GET /" + b"a" * 4000, 414),
    "long field": (GET + b"X: " + b"a" * 4000, 431),
    "long whole head": (GET + b"X: " + b"a" * 4000 + b"\r\n\r\n", 431),
    "many fields": (GET + b"".join(b"A: b\r\n" for _ in range(120)) + b"\r\n", 431),
    "large body": (b"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000, 413),
    "large chunked body": (b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2000\r\n" + b"x" * 5000, 413),
    "bad chunk length": (b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n", 400),
    "bare LF after chunk length": (b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", 400),
    "wrong end of chunk": (b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n", 400),
    "bare LF at end of chunks": (
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\n" + SMUGGLED,
        400,
    ),
    "trailers": (b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: b\r\n\r\n" + SMUGGLED, 400),
    "long chunk extension": (b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"a" * 5000, 400),
    "long chunk length": (b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 30 + b"\r\n", 400),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_request_gets_one_refusal_and_the_end(name):
    raw, status = MALFORMED[name]
    async with serving() as server:
        async with await server.connect() as other:
            answer = await server.exchange(raw)
            assert status_of(answer) == status, answer
            assert answer.count(b"HTTP/1.1 ") == 1, "something was smuggled"
            assert b"connection: close" in answer.lower()
            assert b"Traceback" not in answer
            assert (await other.get("/hello"))[0] == 200
        assert sum(value for _, value in server.counters.snapshot()["http_refusals"][2]) == 1
        assert server.log.events == []


@pytest.mark.parametrize("end", [b"0\r\n\n", b"0\r\nX: y\r\n\r\n", b"zz\r\n", b"0\r\n"])
async def test_a_malformed_body_that_nobody_reads_ends_the_connection(end):
    head = b"POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
    async with serving() as server:
        answer = await server.exchange(head + end + SMUGGLED)
        assert status_of(answer) == 200 and b"connection: close" in answer.lower()
        assert answer.count(b"HTTP/1.1 ") == 1
        await server.still_answers()


async def test_an_absolute_target_of_the_same_host_is_accepted():
    async with serving() as server:
        answer = await server.exchange(b"GET http://A:80/hello HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\n\r\n")
        assert status_of(answer) == 200
        answer = await server.exchange(b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert status_of(answer) in (204, 404)


async def test_equal_repeated_lengths_are_one_length():
    async with serving() as server, await server.connect() as client:
        await client.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc" + SMUGGLED)
        assert (await client.response())[2] == b"abc"
        assert (await client.response())[2] == b"hello\n"


async def test_an_upgrade_that_is_not_offered_is_an_ordinary_request():
    async with serving() as server, await server.connect() as client:
        for _ in range(2):
            assert (await client.get("/hello", "Connection: Upgrade", "Upgrade: h2c"))[0] == 200


# Slowness. The mock clock jumps when every task waits.


def slow(test):
    def run():
        trio.run(test, clock=MockClock(autojump_threshold=0.02))

    run.__name__ = test.__name__
    return run


@slow
async def test_a_slow_head_gets_408_and_an_idle_connection_a_silent_end():
    async with serving() as server:
        client = await server.connect()
        started = trio.current_time()
        answers = []

        async def drip():
            await client.send(GET)
            try:
                while True:
                    await trio.sleep(1)
                    await client.send(b"X: y\r\n")
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass

        async with trio.open_nursery() as nursery:
            nursery.start_soon(drip)
            answers.append(await client.rest())
            took = trio.current_time() - started
            nursery.cancel_scope.cancel()
        assert status_of(answers[0]) == 408
        assert LIMITS.request_timeout_s <= took < LIMITS.request_timeout_s + 2
        assert server.refused("slow-head") == 1

        async with await server.connect() as idle:
            started = trio.current_time()
            assert await idle.rest() == b""
            assert LIMITS.idle_timeout_s <= trio.current_time() - started < LIMITS.idle_timeout_s + 1
        await server.still_answers()


@slow
async def test_a_slow_body_gets_408_but_a_steady_one_has_time():
    head = b"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
    async with serving() as server:
        async with await server.connect() as client:
            await client.send(head + b"x" * 10)
            assert status_of(await client.rest()) == 408
            assert server.refused("slow-body") == 1
        async with await server.connect() as client:
            # 2,000 bytes a second for 50 s: slower than the bare limit, faster than the least rate.
            await client.send(head)
            for _ in range(50):
                await trio.sleep(1)
                await client.send(b"x" * 2000)
            assert (await client.response())[2] == b"100000\n"
        async with await server.connect() as client:
            await client.send(head)
            with pytest.raises(trio.BrokenResourceError):
                for _ in range(90):
                    await trio.sleep(1)
                    await client.send(b"x" * 500)
            assert server.refused("slow-body") == 2


@slow
async def test_a_slow_reader_is_cut_off():
    async with serving() as server:
        async with await server.connect() as client:
            await client.send(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            await trio.sleep(LIMITS.request_timeout_s + 10_000_000 / 1024)
            assert server.refused("slow-reader") == 1
            assert len(await client.rest()) < 8_000_000
        await server.still_answers()


@slow
async def test_a_body_that_stalls_under_a_running_answer_ends_it_without_a_second_one():
    async def handler(request):
        return Response(200, request.chunks(), "text/plain")

    async with serving(handler) as server:
        answer = await server.exchange(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
        assert answer.count(b"HTTP/1.1 ") == 1 and answer.endswith(b"3\r\nabc\r\n")
        assert server.refused("slow-body") == 1


@slow
async def test_a_stuck_handler_gets_503():
    async with serving() as server:
        answer = await server.exchange(b"GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n")
        assert status_of(answer) == 503 and server.refused("slow-handler") == 1


async def test_a_half_closed_client_still_gets_its_answer():
    async with serving() as server, await server.connect() as client:
        await client.send(GET + b"\r\n")
        await client.stream.send_eof()
        assert status_of(await client.rest()) == 200


@pytest.mark.parametrize("part", [GET, b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", b""])
async def test_a_client_that_leaves_midway_disturbs_nobody(part):
    async with serving() as server:
        async with await server.connect() as client:
            await client.send(part) if part else None
        await trio.testing.wait_all_tasks_blocked()
        await server.still_answers()
        assert server.log.events == []


# Failures of our own handlers


@pytest.mark.parametrize("path", [b"/fail", b"/fail-first", b"/nothing", b"/split"])
async def test_a_handler_s_failure_is_a_plain_500_and_a_log_line(path):
    async with serving() as server:
        answer = await server.exchange(b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert status_of(answer) == 500, answer
        assert b"internal error" in answer and b"swordfish" not in answer and b"set-cookie" not in answer
        assert len(server.log.events) == 1 and "swordfish" not in str(server.log.events)
        await server.still_answers()


async def test_a_stream_that_fails_midway_ends_without_its_mark():
    async with serving() as server:
        answer = await server.exchange(b"GET /fail-midway HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer.endswith(b"5\r\nfirst\r\n") and len(server.log.events) == 1
