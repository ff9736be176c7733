"""The node's client of the supervisor."""

import json
import socket

import pytest
import trio
import trio.testing

from appliance.board_client import ANSWER_GRACE_S, PENDING_MAX, BoardClient, BoardError


class Supervisor:
    """The other end of the socket, by hand."""

    def __init__(self):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.client = BoardClient(theirs.detach())
        self.socket = trio.socket.from_stdlib_socket(ours)

    async def receive(self):
        return json.loads(await self.socket.recv(65536))

    async def send(self, message):
        await self.socket.send(message if isinstance(message, bytes) else json.dumps(message).encode())


def code_of(caught):
    """The code of a BoardError, also inside an exception group."""
    error = caught.value
    while isinstance(error, BaseExceptionGroup):
        [error] = error.exceptions
    assert isinstance(error, BoardError)
    return error.code


async def test_answers_find_their_calls_in_any_order():
    supervisor = Supervisor()
    results = {}

    async def call(verb):
        results[verb] = await supervisor.client.call(verb)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.client.run)
        async with trio.open_nursery() as calls:
            calls.start_soon(call, "info")
            calls.start_soon(call, "temperature")
            first, second = await supervisor.receive(), await supervisor.receive()
            for request in (second, first):
                await supervisor.send({"id": request["id"], "ok": True, "result": request["verb"]})
        nursery.cancel_scope.cancel()
    assert results == {"info": "info", "temperature": "temperature"}


async def test_arguments_and_errors_pass_through():
    supervisor = Supervisor()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.client.run)
        async with trio.open_nursery() as calls:

            async def answer():
                request = await supervisor.receive()
                assert request["args"] == {"ssid": "Home", "passphrase": "x", "hidden": False}
                error = {"code": "wrong-password", "message": "The network did not accept the password."}
                await supervisor.send({"id": request["id"], "ok": False, "error": error})

            calls.start_soon(answer)
            with pytest.raises(BoardError) as caught:
                await supervisor.client.call("wifi_join", ssid="Home", passphrase="x", hidden=False)
            assert caught.value.code == "wrong-password"
        nursery.cancel_scope.cancel()


async def test_the_supervisors_death_ends_calls_and_run():
    supervisor = Supervisor()
    codes = []

    async def call():
        try:
            await supervisor.client.call("wifi_scan")
        except BoardError as error:
            codes.append(error.code)

    with pytest.raises((BoardError, BaseExceptionGroup)) as caught:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(call)
            await supervisor.receive()
            supervisor.socket.close()
            # In the nursery, so that the call has had its turn before the nursery is cancelled.
            await call_run(supervisor.client)
    assert code_of(caught) == "supervisor-gone"
    assert codes == ["supervisor-gone"]
    with pytest.raises(BoardError) as caught:
        await supervisor.client.call("info")
    assert caught.value.code == "supervisor-gone"
    supervisor.client.beat()


async def call_run(client):
    try:
        await client.run()
    finally:
        with trio.CancelScope(shield=True):
            await trio.testing.wait_all_tasks_blocked()


def test_a_silent_supervisor_is_a_timeout():
    async def main():
        supervisor = Supervisor()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(supervisor.client.run)
            started = trio.current_time()
            with pytest.raises(BoardError) as caught:
                await supervisor.client.call("info")
            assert caught.value.code == "timeout"
            assert trio.current_time() - started == pytest.approx(10 + ANSWER_GRACE_S)
            # The answer that comes too late is nobody's.
            request = await supervisor.receive()
            await supervisor.send({"id": request["id"], "ok": True, "result": 1})
            await trio.testing.wait_all_tasks_blocked()
            assert supervisor.client.ignored == 1
            nursery.cancel_scope.cancel()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0.01))


async def test_pending_requests_are_bounded():
    supervisor = Supervisor()
    async with trio.open_nursery() as nursery:
        for _ in range(PENDING_MAX):
            nursery.start_soon(supervisor.client.call, "wifi_scan")
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(BoardError) as caught:
            await supervisor.client.call("info")
        assert caught.value.code == "busy"
        nursery.cancel_scope.cancel()
    assert not supervisor.client._pending


async def test_a_cancelled_call_leaves_nothing_behind():
    supervisor = Supervisor()
    with trio.move_on_after(0.01):
        await supervisor.client.call("wifi_scan")
    assert not supervisor.client._pending


@pytest.mark.parametrize(
    "packet",
    [b"garbage", b"[]", b"{}", b'{"id":null,"ok":false}', b'{"id":999,"ok":true,"result":1}', b'{"id":true}', b'{"id":[]}', b"x" * 70_000],
)
async def test_packets_that_answer_nothing_are_ignored(packet):
    supervisor = Supervisor()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.client.run)
        await supervisor.send(packet)
        await trio.testing.wait_all_tasks_blocked()
        assert supervisor.client.ignored == 1
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "answer", [{}, {"ok": 1}, {"ok": True}, {"ok": False, "error": "no"}, {"ok": False, "error": {"code": 5, "message": "x"}}]
)
async def test_an_answer_that_cannot_be_understood(answer):
    supervisor = Supervisor()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.client.run)
        async with trio.open_nursery() as calls:

            async def reply():
                request = await supervisor.receive()
                await supervisor.send({"id": request["id"], **answer})

            calls.start_soon(reply)
            with pytest.raises(BoardError) as caught:
                await supervisor.client.call("info")
            assert caught.value.code == "bad-answer"
        nursery.cancel_scope.cancel()


async def test_arguments_that_do_not_fit():
    supervisor = Supervisor()
    for value in ("x" * 70_000, b"bytes"):
        with pytest.raises(BoardError) as caught:
            await supervisor.client.call("wifi_join", ssid=value)
        assert caught.value.code == "bad-arguments"


async def test_ready_and_beats():
    supervisor = Supervisor()
    await supervisor.client.ready("hello")
    assert await supervisor.receive() == {"ready": {"text": "hello"}}
    supervisor.client.beat()
    supervisor.client.beat()
    assert await supervisor.receive() == {"beat": 1}
    assert await supervisor.receive() == {"beat": 2}


async def test_beats_that_nobody_reads_never_block():
    supervisor = Supervisor()
    for _ in range(5000):
        supervisor.client.beat()


def test_beat_every():
    async def main():
        supervisor = Supervisor()
        with trio.move_on_after(10.5):
            await supervisor.client.beat_every(5)
        assert [(await supervisor.receive())["beat"] for _ in range(3)] == [1, 2, 3]

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_without_a_supervisor_there_is_no_client():
    assert BoardClient.from_environment({}) is None
    assert BoardClient.from_environment({"LEITHER_SUPERVISOR_FD": "x"}) is None
