"""A connection that changes its protocol: the handler has its bytes, the server its end."""

import pytest
import trio

from leither_edge.http import Router, Upgrade, text
from tests.http.serving import serving, status_of

ASK = b"GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"


async def echo(request):
    if request.headers.get("upgrade") != "echo":
        return Upgrade((("upgrade", "echo"),), None) if "forget" in request.query else text("plain")

    async def talk(duplex):
        while data := await duplex.receive(5):
            if data == b"fail\n":
                raise ValueError("the secret is swordfish")
            await duplex.send(b"%f" % trio.current_effective_deadline() if data == b"when?" else data.upper())

    return Upgrade((("upgrade", "echo"),), talk)


@pytest.fixture
def router():
    routes = Router()
    routes.add("GET", "/echo", echo)
    routes.add("POST", "/echo", echo)
    return routes


async def opened(server, more=b""):
    client = await server.connect()
    await client.send(ASK + more)
    head = await receive_until(client, b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ") and b"upgrade: echo\r\nconnection: upgrade\r\n\r\n" in head.lower(), head
    client.unread = head[head.index(b"\r\n\r\n") + 4 :]
    return client


async def receive_until(client, end):
    data = client.unread
    while end not in data:
        more = await client.stream.receive_some(100)
        assert more, data
        data += more
    return data


async def test_bytes_go_both_ways_with_those_that_came_beside_the_head(router):
    async with serving(router) as server:
        client = await opened(server, b"first")
        assert await receive_until(client, b"FIRST") == b"FIRST"
        client.unread = b""
        await client.send(b"second and third")
        assert await receive_until(client, b"THIRD") == b"SECOND AND THIRD"
        await client.stream.aclose()
        assert server.counters.get("http_answers", status=101) == 1


async def test_without_the_offer_it_is_an_ordinary_request(router):
    async with serving(router) as server:
        answer = await server.exchange(b"GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert status_of(answer) == 200


@pytest.mark.parametrize(
    "asked",
    [
        b"GET /echo?forget=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: echo\r\nContent-Length: 1\r\n\r\nx",
    ],
)
async def test_an_upgrade_that_cannot_be_is_our_failure(router, asked):
    async with serving(router) as server:
        assert status_of(await server.exchange(asked)) == 500
        assert server.log.events


async def test_an_exception_ends_the_connection_and_tells_nothing(router):
    async with serving(router) as server:
        client = await opened(server)
        await client.send(b"fail\n")
        assert await client.rest() == b""
        assert "swordfish" not in repr(server.log.events) and server.log.events[0][1]["where"] == "upgrade"


async def test_no_deadline_runs_and_it_ends_with_the_server(router):
    async with serving(router) as server:
        client = await opened(server, b"when?")
        assert await receive_until(client, b"inf") == b"inf"
        client.unread = b""
        server.scope.cancel()
        assert await client.rest() == b""
