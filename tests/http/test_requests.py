"""Ordinary use: what a well-behaved client gets."""

import http.client

import pytest
import trio

from leither_edge.http import ListenError, open_listeners, text
from leither_edge.http.server import peer

from .serving import serving, status_of


async def test_one_connection_carries_many_requests():
    async with serving() as server, await server.connect() as client:
        for _ in range(3):
            status, headers, body = await client.get("/hello")
            assert (status, body) == (200, b"hello\n")
            assert headers[b"content-length"] == b"6"
        assert server.counters.get("http_answers", status=200) == 3


async def test_bytes_are_counted_both_ways():
    async with serving() as server:
        sent = [
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n" + bytes(3000),
            b"GET /numbers?n=1000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        ]
        received = await server.exchange(b"".join(sent))
        while server.counters.get("http_received_bytes") == 0:
            await trio.testing.wait_all_tasks_blocked()
        assert server.counters.get("http_received_bytes") == sum(map(len, sent))
        assert server.counters.get("http_sent_bytes") == len(received)


async def test_bytes_of_a_connection_that_stays_are_counted_as_well(monkeypatch):
    monkeypatch.setattr("leither_edge.http.server.TRAFFIC_EVERY_S", 0.0)
    async with serving() as server, await server.connect() as client:
        counted = []
        for _ in range(3):
            await client.get("/hello")
            counted.append(server.counters.get("http_sent_bytes"))
        assert counted == sorted(counted) and counted[2] > counted[1] > 0


async def test_python_s_own_client_is_served():
    def talk(port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("POST", "/echo", b"abc" * 1000)
        first = connection.getresponse().read()
        connection.request("GET", "/numbers?n=1000")
        second = connection.getresponse().read()
        connection.request("POST", "/count", iter([b"x" * 1000] * 50), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
        third = connection.getresponse().read()
        connection.request("HEAD", "/hello")
        fourth = connection.getresponse()
        assert fourth.read() == b"" and fourth.headers["content-length"] == "6"
        connection.close()
        return first, second, third

    async with serving() as server:
        first, second, third = await trio.to_thread.run_sync(talk, server.port)
        assert first == b"abc" * 1000
        assert second == b"".join(b"%d\n" % n for n in range(1000))
        assert third == b"50000\n"


async def test_pipelined_requests_are_answered_in_order():
    request = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n%02d"
    async with serving() as server, await server.connect() as client:
        await client.send(b"".join(request % n for n in range(50)))
        for number in range(50):
            assert (await client.response())[2] == b"%02d" % number


async def test_a_pipelined_request_follows_a_chunked_one():
    async with serving() as server, await server.connect() as client:
        await client.send(
            b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
            b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        assert (await client.response())[2] == b"abcde"
        assert (await client.response())[2] == b"hello\n"


@pytest.mark.parametrize("framing", ["length", "chunks"])
async def test_a_request_may_arrive_byte_by_byte(framing):
    if framing == "length":
        raw = b"\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde"
    else:
        raw = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    async with serving() as server, await server.connect() as client:
        for _ in range(2):
            for byte in raw:
                await client.send(bytes((byte,)))
                await trio.testing.wait_all_tasks_blocked()
            assert (await client.response())[2] == b"abcde"


async def test_head_gets_the_length_and_no_body():
    async with serving() as server, await server.connect() as client:
        for path in (b"/hello", b"/numbers"):
            await client.send(b"HEAD " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n")
            status, headers, body = await client.response(b"HEAD")
            assert (status, body) == (200, b"")
        assert (await client.get("/hello"))[2] == b"hello\n"


async def test_a_stream_is_chunked_for_1_1_and_ends_with_the_connection_for_1_0():
    async with serving() as server:
        async with await server.connect() as client:
            status, headers, body = await client.get("/numbers")
            assert headers[b"transfer-encoding"] == b"chunked" and body == b"0\n1\n2\n"
            assert (await client.get("/hello"))[0] == 200
        answer = await server.exchange(b"GET /numbers HTTP/1.0\r\n\r\n")
        assert answer.endswith(b"\r\n\r\n0\n1\n2\n") and b"transfer-encoding" not in answer.lower()


async def test_connection_close_and_1_0_end_the_connection():
    async with serving() as server:
        for raw in (b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", b"GET /hello HTTP/1.0\r\nHost: a\r\n\r\n"):
            answer = await server.exchange(raw)
            assert status_of(answer) == 200 and b"connection: close" in answer.lower()


async def test_100_continue_is_sent_when_the_body_is_wanted():
    head = b"POST %s HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
    async with serving() as server:
        async with await server.connect() as client:
            await client.send(head % (b"/echo", 3))
            assert await client.stream.receive_some(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
            await client.send(b"abc")
            assert (await client.response())[2] == b"abc"
            await client.send(head % (b"/echo", 3) + b"abc")  # did not wait: no interim response
            assert (await client.response())[2] == b"abc"
        for path, length, status in ((b"/ignore", 3, 200), (b"/echo", 5000, 413), (b"/count", 2_000_000, 413), (b"/none", 3, 404)):
            answer = await server.exchange(head % (path, length))
            assert status_of(answer) == status and b"connection: close" in answer.lower()
        other = await server.exchange(b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 1\r\n\r\nx")
        assert status_of(other) == 417


async def test_an_unread_body_that_has_arrived_keeps_the_connection():
    async with serving() as server, await server.connect() as client:
        await client.send(b"POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcdeGET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await client.response())[2] == b"not read\n"
        assert (await client.response())[2] == b"hello\n"


async def test_uploads_stream_up_to_their_bound():
    async with serving() as server:
        async with await server.connect() as client:
            await client.send(b"POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
            for _ in range(100):
                await client.send(b"x" * 10000)
            assert (await client.response())[2] == b"1000000\n"
        async with await server.connect() as client:
            await client.send(b"POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            async with trio.open_nursery() as nursery:

                async def send_without_end():
                    try:
                        while True:
                            await client.send(b"fff\r\n" + b"x" * 4095 + b"\r\n")
                    except trio.BrokenResourceError:
                        pass

                nursery.start_soon(send_without_end)
                assert status_of(await client.rest()) == 413
                nursery.cancel_scope.cancel()
        await server.still_answers()


async def test_a_request_says_what_was_asked():
    async with serving() as server, await server.connect() as client:
        asked = await client.get("/show/%E5%92%96%20x?a=1&b=%2B+c&a=2", "X-A: one", "X-A: two")
        assert eval(asked[2]) == ("/show/咖 x", {"a": "1", "b": "+ c"}, {"name": "咖 x"}, "a", "one, two", True)
        asked = await client.get("/tree/a/b/c")
        assert eval(asked[2])[2] == {"path": "a/b/c"}


async def test_paths_methods_and_redirects():
    async with serving() as server, await server.connect() as client:
        assert (await client.get("/none"))[0] == 404
        assert (await client.get("/show/"))[0] == 404
        status, headers, body = await client.get("/echo")
        assert status == 405 and headers[b"allow"] == b"OPTIONS, POST"
        await client.send(b"OPTIONS /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        status, headers, body = await client.response(b"OPTIONS")
        assert status == 204 and headers[b"allow"] == b"GET, HEAD, OPTIONS" and b"content-length" not in headers
        status, headers, body = await client.get("/go")
        assert status == 303 and headers[b"location"] == b"/hello"
        assert (await client.get("/refuse"))[2] == b"Not now.\n"


async def test_listening_elsewhere_than_loopback_must_be_asked_for():
    listeners = open_listeners(0)
    try:
        assert {listener.getsockname()[0] for listener in listeners} <= {"127.0.0.1", "::1"}
        assert len({listener.getsockname()[1] for listener in listeners}) == 1
        with pytest.raises(ListenError, match="used by another program"):
            open_listeners(listeners[0].getsockname()[1])
    finally:
        for listener in listeners:
            listener.close()
    with pytest.raises(ListenError, match="no address"):
        open_listeners(0, ("192.0.2.1",))
    with pytest.raises(ListenError):
        open_listeners(0, ("localhost",))


def test_peers_are_counted_by_address_and_ipv6_by_network():
    import socket

    assert peer(socket.AF_INET, "127.0.0.9") == ("127.0.0.9", "127.0.0.9", True)
    assert peer(socket.AF_INET6, "::ffff:10.0.0.1") == ("10.0.0.1", "10.0.0.1", False)
    assert peer(socket.AF_INET6, "::1")[2]
    assert peer(socket.AF_INET6, "2001:db8::1")[1] == peer(socket.AF_INET6, "2001:db8::ffff")[1]
    assert peer(socket.AF_INET6, "fe80::1%eth0")[0] == "fe80::1"


async def test_a_handler_may_be_given_more_time():
    async def slow(request):
        request.allow(30)
        return text(str(round(trio.current_effective_deadline() - trio.current_time())))

    async with serving(slow) as server, await server.connect() as client:
        assert (await client.get("/"))[2] == b"30\n"
