"""How many get in, what a crowd costs, and how the server goes away."""

import errno
import gc
import os
import socket
import sys

import pytest
import trio
from trio.testing import MockClock

from leither_edge.http import open_listeners, serve
from leither_edge.observe.counters import Counters

from .serving import LIMITS, Client, Lines, routes, serving, status_of


async def fill(server, count):
    clients = []
    for _ in range(count):
        client = await server.connect()
        assert (await client.get("/hello"))[0] == 200
        clients.append(client)
    return clients


async def leave(clients):
    for client in clients:
        await client.stream.aclose()


@pytest.mark.parametrize("which", ["connections_max", "connections_per_address_max"])
async def test_a_connection_too_many_gets_503_and_room_comes_back(which):
    limits = LIMITS._replace(**{which: 3})
    async with serving(limits=limits) as server:
        clients = await fill(server, 3)
        async with await server.connect() as late:
            assert status_of(await late.rest()) == 503
        assert server.refused("full" if which == "connections_max" else "address-full") == 1
        await leave(clients)
        await trio.testing.wait_all_tasks_blocked()
        await server.still_answers()


def test_when_full_the_longest_idle_connection_gives_way():
    async def run():
        async with serving(limits=LIMITS._replace(connections_max=3)) as server:
            clients = await fill(server, 3)
            await trio.sleep(2)
            assert (await clients[0].get("/hello"))[0] == 200
            async with await server.connect() as late:
                assert (await late.get("/hello"))[0] == 200
            assert await clients[1].rest() == b""
            assert (await clients[0].get("/hello"))[0] == 200
            await leave(clients)

    trio.run(run, clock=MockClock(autojump_threshold=0.02))


def test_without_file_handles_the_server_waits_and_goes_on():
    class Exhausted(socket.socket):
        left = 3

        def accept(self):
            if self.left:
                self.left -= 1
                raise OSError(errno.EMFILE, "Too many open files")
            return super().accept()

    async def run():
        (listener,) = open_listeners(0, ("127.0.0.1",))
        listener = Exhausted(fileno=listener.detach())
        listener.setblocking(False)
        counters = Counters()
        async with trio.open_nursery() as nursery:
            addresses = await nursery.start(serve, routes(), [listener], LIMITS, counters, Lines())
            started = trio.current_time()
            async with Client(await trio.open_tcp_stream("127.0.0.1", addresses[0][1])) as client:
                assert (await client.get("/hello"))[0] == 200
            assert trio.current_time() - started > 0.5, "it must wait between attempts"
            assert counters.get("http_refusals", reason="no-file-handles") == 3
            nursery.cancel_scope.cancel()

    trio.run(run, clock=MockClock(autojump_threshold=0.02))


async def test_shutdown_ends_idle_connections_and_finishes_answers():
    asked, go = trio.Event(), trio.Event()

    async def handler(request):
        from leither_edge.http import text

        if request.path == "/slow":
            asked.set()
            with trio.CancelScope(shield=True):
                await go.wait()
        return text("done")

    async with serving(handler) as server:
        idle, busy = await server.connect(), await server.connect()
        assert (await idle.get("/"))[0] == 200
        await busy.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        await asked.wait()
        server.scope.cancel()
        with trio.CancelScope(shield=True):
            assert await idle.rest() == b""
            go.set()
            answer = await busy.rest()
        assert answer.endswith(b"done\n") and b"connection: close" in answer.lower()
    with pytest.raises(OSError):
        await trio.open_tcp_stream("127.0.0.1", server.port)


def test_shutdown_waits_no_longer_than_its_grace():
    async def run():
        async with serving() as server:
            client = await server.connect()
            await client.send(b"GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n")
            await trio.sleep(1)
            started = trio.current_time()
            server.scope.cancel()
        assert trio.current_time() - started < 5
        await client.stream.aclose()

    trio.run(run, clock=MockClock(autojump_threshold=0.02))


def rss_kib():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024


@pytest.mark.slow
async def test_ten_thousand_connections_leave_nothing_behind():
    request = b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    async def crowd(port, count):
        for _ in range(count):
            client = Client(await trio.open_tcp_stream("127.0.0.1", port))
            async with client:
                await client.send(request)
                assert await client.stream.receive_some(9) == b"HTTP/1.1 "

    async with serving() as server:

        async def rounds(count):
            async with trio.open_nursery() as nursery:
                for _ in range(4):
                    nursery.start_soon(crowd, server.port, count // 4)
            await trio.testing.wait_all_tasks_blocked()
            gc.collect()
            return sys.getallocatedblocks(), rss_kib(), len(os.listdir("/proc/self/fd"))

        blocks, rss, descriptors = await rounds(1000)
        blocks_after, rss_after, descriptors_after = await rounds(10_000)
        assert blocks_after - blocks < 1500
        assert rss_after - rss < 1024
        assert descriptors_after == descriptors


async def test_an_open_connection_costs_little():
    async with serving(limits=LIMITS._replace(connections_max=300, connections_per_address_max=300)) as server:
        await fill_and_leave(server, 20)
        gc.collect()
        before = rss_kib()
        clients = await fill(server, 250)
        each = (rss_kib() - before) / 250
        await leave(clients)
        # The test's own end of each connection counts too.
        assert each < 24, f"{each} KiB a connection"


async def fill_and_leave(server, count):
    await leave(await fill(server, count))
