"""Calls and streams over two ends of a channel."""

import pytest
import trio

from leither_edge.peer.channel.errors import CallTimedOut, ChannelClosed, Refused, StreamAborted
from leither_edge.peer.channel.limits import LEDGER, Limits
from leither_edge.peer.services import Services
from tests.peer.pair import as_friend, as_stranger, channel_pair


async def double(call):
    return {"twice": call.arguments["of"] * 2}


async def echo(call):
    await call.stream.accept({"ready": True})
    while piece := await call.stream.receive():
        await call.stream.send(piece)


def services(**handlers):
    made = Services()
    for name, handler in handlers.items():
        made.add(name, handler, is_stream=handler is echo)
    return made


async def test_a_call_is_answered_both_ways():
    async with channel_pair(services(double=double), services(double=double)) as (a, b):
        assert await a.call("double", {"of": 21}) == {"twice": 42}
        assert await b.call("double", {"of": "ab"}, priority=LEDGER) == {"twice": "abab"}
        assert await a.ping() >= 0


async def test_large_messages_and_those_too_large():
    async with channel_pair(None, services(double=double)) as (a, b):
        assert len((await a.call("double", {"of": b"x" * 120_000}))["twice"]) == 240_000
        with pytest.raises(ValueError, match="at most"):
            await a.call("double", {"of": b"x" * 300_000})
        with pytest.raises(Refused) as caught:
            await a.call("double", {"of": b"x" * 200_000})
        assert caught.value.code == "too-large"
        assert await a.call("double", {"of": 1}) == {"twice": 2}


async def test_bytes_go_through_a_stream_both_ways():
    data = bytes(range(256)) * 16384
    async with channel_pair(None, services(echo=echo)) as (a, b):
        async with a.open("echo") as stream:
            assert stream.answer == {"ready": True}

            async def send():
                for at in range(0, len(data), 100_000):
                    await stream.send(memoryview(data)[at : at + 100_000])
                await stream.finish()

            async with trio.open_nursery() as nursery:
                nursery.start_soon(send)
                assert await stream.receive_exactly(len(data)) == data
                assert await stream.receive() == b""
        assert a.streams == b.streams == (0, 0)
        sent, received = a.take_traffic()["echo"]
        assert len(data) < sent < len(data) * 1.01 and len(data) < received < len(data) * 1.01


async def test_refusals_name_the_reason():
    async def no(call):
        raise Refused("busy", "Come back later.", {"others": [b"x"]})

    async def broken(call):
        raise KeyError("secret")

    async def slow(call):
        await trio.sleep_forever()

    made = services(no=no, broken=broken, slow=slow)
    async with channel_pair(None, made, peer_a=as_friend()) as (a, b):
        with pytest.raises(Refused) as caught:
            await a.call("no")
        assert (caught.value.code, str(caught.value), caught.value.details) == ("busy", "Come back later.", {"others": [b"x"]})
        with pytest.raises(Refused) as caught:
            await a.call("broken")
        assert caught.value.code == "failed" and "secret" not in str(caught.value)
        with pytest.raises(Refused) as caught:
            await a.call("nothing")
        assert caught.value.code == "unknown-service"
        with pytest.raises(Refused) as caught:
            async with a.open("no"):
                pass
        assert caught.value.code == "bad-call"
        with pytest.raises(CallTimedOut):
            await a.call("slow", timeout_s=0.01)


async def test_strangers_are_refused():
    made = Services()
    made.add("all", double, for_strangers=True)
    made.add("friends", double)
    async with channel_pair(None, made, peer_a=as_stranger()) as (a, b):
        assert await a.call("all", {"of": 1}) == {"twice": 2}
        with pytest.raises(Refused) as caught:
            await a.call("friends", {"of": 1})
        assert caught.value.code == "not-a-friend"
        b.peer = b.peer._replace(is_friend=True)
        assert await a.call("friends", {"of": 1}) == {"twice": 2}


async def test_the_end_of_a_channel_ends_what_is_under_way():
    began = trio.Event()

    async def slow(call):
        began.set()
        await trio.sleep_forever()

    async with channel_pair(None, services(slow=slow, echo=echo)) as (a, b):
        async with trio.open_nursery() as nursery:

            async def ask():
                with pytest.raises(ChannelClosed) as caught:
                    await a.call("slow")
                assert caught.value.code == "weary"

            async def stream():
                with pytest.raises(ChannelClosed):
                    async with a.open("echo") as stream:
                        await stream.receive()

            nursery.start_soon(ask)
            nursery.start_soon(stream)
            await began.wait()
            await b.aclose("weary")
        assert a.reason[0] == "weary" and not a.is_open
        with pytest.raises(ChannelClosed):
            await a.call("slow")


async def test_a_stream_broken_off_is_broken_off_on_both_ends():
    ended = []

    async def endless(call):
        try:
            while True:
                await call.stream.send(bytes(50_000))
        except BaseException as error:
            ended.append(type(error))
            raise

    made = Services()
    made.add("endless", endless, is_stream=True)
    async with channel_pair(None, made, limits=Limits(streams_max=4)) as (a, b):
        for _ in range(20):
            async with a.open("endless") as stream:
                assert len(await stream.receive_exactly(100_000)) == 100_000
        with pytest.raises(StreamAborted):
            await stream.receive_exactly(1 << 30)
        await a.ping()
        assert len(ended) == 20
        assert a.streams == b.streams == (0, 0)
