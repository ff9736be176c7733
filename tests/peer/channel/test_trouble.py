"""Channels over connections that are slow, silent, cut or full. Time is the mock clock's."""

import functools

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair

from leither_edge.peer import connection
from leither_edge.peer.channel import liveness
from leither_edge.peer.channel.errors import ChannelClosed, StreamAborted
from leither_edge.peer.channel.limits import LEDGER, Limits
from leither_edge.peer.services import Services
from tests.peer.pair import channel_pair


def in_mock_time(test):
    async def bounded():
        # What waits for ever is a failure: mock days pass in seconds.
        with trio.fail_after(86400):
            await test()

    @functools.wraps(test)
    def run():
        trio.run(bounded, clock=MockClock(autojump_threshold=0))

    # What pytest looks at must be no coroutine function.
    del run.__wrapped__
    return run


class Line(trio.abc.Stream):
    """A connection of so many bytes a second. Attributes: is_dead (takes everything, gives nothing), is_full (takes nothing)."""

    def __init__(self, inner, bytes_per_s):
        self.inner, self.bytes_per_s = inner, bytes_per_s
        self.is_dead = self.is_full = False

    async def send_all(self, data):
        if self.is_full:
            await trio.sleep_forever()
        await trio.sleep(len(data) / self.bytes_per_s)
        if not self.is_dead:
            await self.inner.send_all(data)

    async def wait_send_all_might_not_block(self):
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes=None):
        while True:
            data = await self.inner.receive_some(max_bytes)
            if not self.is_dead or not data:
                return data

    async def aclose(self):
        await self.inner.aclose()


def lines(bytes_per_s=1 << 20):
    return [Line(stream, bytes_per_s) for stream in memory_stream_pair()]


def services():
    made = Services()

    async def endless(call):
        while True:
            await call.stream.send(bytes(100_000))

    async def twice(call):
        return call.arguments["of"] * 2

    made.add("endless", endless, is_stream=True)
    made.add("twice", twice, priority=LEDGER)
    return made


@in_mock_time
async def test_the_urgent_waits_for_one_piece_at_most():
    # 256 KiB a second: what is waiting in the streams alone would take two seconds.
    async with channel_pair(None, services(), streams=lines(256 << 10), limits=Limits(window_bytes=512 << 10)) as (a, b):
        async with trio.open_nursery() as nursery:

            async def read():
                async with a.open("endless") as stream:
                    while True:
                        await stream.receive()

            nursery.start_soon(read)
            nursery.start_soon(read)
            await trio.sleep(5)
            times = []
            for _ in range(20):
                start = trio.current_time()
                assert await a.call("twice", {"of": 2}, priority=LEDGER) == 4
                times.append(trio.current_time() - start)
                await trio.sleep(0.1)
            assert max(times) < 0.1
            nursery.cancel_scope.cancel()


@in_mock_time
async def test_a_peer_that_lost_power_is_noticed():
    for is_busy in (False, True):
        ends = lines()
        async with channel_pair(None, services(), streams=ends) as (a, b):
            await a.ping()
            ends[0].is_dead = True
            start = trio.current_time()
            if is_busy:
                with pytest.raises(ChannelClosed) as caught:
                    await a.call("twice", {"of": 1}, timeout_s=300)
                assert caught.value.code == "silent"
            else:
                await a.closed.wait()
            past = trio.current_time() - start
            silence = liveness.SILENCE_BUSY_S if is_busy else liveness.SILENCE_S
            assert silence <= past <= silence + liveness.ANSWER_S + 5 + connection.CLOSE_S
            assert a.reason[0] == "silent"


@in_mock_time
async def test_a_peer_that_takes_nothing_is_given_up():
    ends = lines()
    async with channel_pair(None, services(), streams=ends) as (a, b):
        async with a.open("endless") as stream:
            await stream.receive()
            ends[1].is_full = True
            with pytest.raises(ChannelClosed):
                while True:
                    await stream.receive()
        await b.closed.wait()
        assert "silent" in (a.reason[0], b.reason[0])


@in_mock_time
async def test_a_quiet_channel_stays_open_for_days():
    async with channel_pair(None, services(), streams=lines()) as (a, b):
        await trio.sleep(6 * 3600)
        assert a.is_open and b.is_open
        assert await a.call("twice", {"of": 2}) == 4


@in_mock_time
async def test_an_idle_channel_ends_where_that_is_wanted():
    async with channel_pair(None, services(), streams=lines(), limits=Limits(idle_s=600)) as (a, b):
        await trio.sleep(300)
        assert await a.call("twice", {"of": 2}) == 4
        await trio.sleep(400)
        assert a.is_open
        await trio.sleep(300)
        assert {a.reason[0], b.reason[0]} == {"idle"}


@in_mock_time
async def test_a_cut_connection_ends_everything():
    ends = lines()
    async with channel_pair(None, services(), streams=ends) as (a, b):
        async with a.open("endless") as stream:
            await stream.receive()
            await ends[1].aclose()
            with pytest.raises((ChannelClosed, StreamAborted)):
                while True:
                    await stream.receive()
        await a.closed.wait()
        await b.closed.wait()
        assert a.reason[0] == b.reason[0] == "lost"
        with pytest.raises(ChannelClosed):
            await a.ping()
        with pytest.raises(ChannelClosed):
            await a.call("twice")


@in_mock_time
async def test_buffers_are_given_back_and_nothing_is_lost():
    async with channel_pair(None, services(), streams=lines(1 << 30)) as (a, b):
        for _ in range(3):
            async with a.open("endless") as stream:
                await stream.receive_exactly(1 << 20)
            await trio.sleep(liveness.QUIET_S * 3)
            assert len(a._mux._in._buffer) == len(b._mux._out._buffer) == 4096
            assert await a.call("twice", {"of": bytes(50_000)}) == bytes(100_000)
            assert await b.ping() >= 0


@in_mock_time
async def test_who_waits_for_a_place_gets_it():
    gate = trio.Event()
    made = Services()

    async def wait(call):
        await gate.wait()
        return 1

    made.add("wait", wait)
    async with channel_pair(None, made, limits=Limits(streams_max=4)) as (a, b):
        answers = []

        async def ask():
            answers.append(await a.call("wait", timeout_s=1000))

        async with trio.open_nursery() as nursery:
            for _ in range(30):
                nursery.start_soon(ask)
            await trio.sleep(1)
            assert a.streams[0] <= 4 and b.streams[1] <= 4
            # The urgent finds a place all the same.
            with trio.move_on_after(1):
                await a.call("wait", priority=LEDGER, timeout_s=1000)
            gate.set()
        assert answers == [1] * 30 and b.streams == (0, 0)
