"""What a giver of blocks answers, also to those who ask wrongly."""

import pytest
import trio

from leither_edge.flow import blocks_wire as wire
from leither_edge.flow.blocks_service import HAVE_MAX
from leither_edge.mimei.ipld import cid as cids
from leither_edge.peer.channel.errors import Refused, StreamAborted
from tests.flow.nodes_of_blocks import MIB, givers
from tests.flow.test_fetch import add_file, run
from tests.peer.kept_library import open_kept


@pytest.fixture
def giver(tmp_path):
    with open_kept(tmp_path / "giver") as library:
        yield library


@pytest.fixture
def labels(giver):
    """Of a file's node, and of its two chunks."""
    from leither_edge.mimei.ipld.links import links

    root = add_file(giver, MIB + 1000)
    return [root, *links(root, giver.blocks.get(root))]


def asking(giver, ask, **options):
    """What `ask` (async, of a stream and the node) gives."""

    async def main():
        async with givers(giver, **options) as (node,):
            channel = await node.connect()
            async with channel.open("blocks.get", {}) as stream:
                return await ask(stream, node)

    return run(main)


async def answer(stream):
    what, size = wire.read_answer(await stream.receive_exactly(wire.ANSWER.size))
    return what, size


def test_blocks_come_in_the_order_of_the_wants_from_their_offsets(giver, labels):
    wants = [(labels[2], 0), (labels[1], MIB - 5), (labels[0], 3), (labels[1], MIB)]
    absent = cids.of(cids.RAW, b"not here")

    async def ask(stream, _):
        await stream.send(b"".join(wire.want(*want) for want in wants) + wire.want(absent))
        await stream.finish()
        for label, offset in wants:
            data = giver.blocks.get(label)
            assert await answer(stream) == (wire.GIVEN, len(data))
            assert await stream.receive_exactly(len(data) - offset + 1) == data[offset:] + b"\0"
        assert await answer(stream) == (wire.MISSING, 0)
        assert await stream.receive() == b""

    asking(giver, ask)


def test_a_want_that_is_given_up_is_not_sent(giver, labels):
    async def ask(stream, node):
        await stream.send(wire.want(labels[2]) * 40 + wire.cancel(39) + wire.cancel(0) + wire.cancel(1000))
        await stream.finish()
        found = []
        for _ in range(40):
            what, size = await answer(stream)
            found.append(what)
            if what == wire.GIVEN:
                await stream.receive_exactly(size + 1)
        return found

    found = asking(giver, ask)
    assert found[-1] == wire.CANCELLED and found.count(wire.GIVEN) >= 38


def test_more_wants_than_are_queued_wait_their_turn(giver, labels):
    count = 3 * wire.WANTS_MAX

    async def ask(stream, _):
        await stream.send(wire.want(labels[2]) * count)
        for _ in range(count):
            await stream.receive_exactly((await answer(stream))[1] + 1)

    asking(giver, ask)


@pytest.mark.parametrize("bad", [b"\xff", b"\x05abcde\0\0\0\0", wire.want(cids.of(cids.RAW, b"x"))[:-1]])
def test_what_is_no_want_ends_the_stream_and_is_counted(giver, bad):
    async def ask(stream, node):
        await stream.send(bad)
        await stream.finish()
        with pytest.raises(StreamAborted, match="want") as caught:
            await stream.receive()
        return caught.value.code

    assert asking(giver, ask, counters=giver.counters) == "bad-form"
    assert giver.counters.get("blocks_bad_wants") == 1


def test_an_offset_behind_the_end_ends_the_stream(giver, labels):
    async def ask(stream, node):
        await stream.send(wire.want(labels[1], MIB + 1))
        with pytest.raises(StreamAborted):
            await stream.receive()

    asking(giver, ask)


def test_a_spoilt_file_is_told_to_be_and_no_lie(giver, labels):
    path = giver.blocks.files._path(cids.digest(labels[1]))
    with open(path, "r+b") as file:
        file.seek(1000)
        file.write(b"rot")
    spoilt = []

    async def ask(stream, _):
        await stream.send(wire.want(labels[1]) + wire.want(labels[1], MIB - 1))
        for length in (MIB, 1):
            await answer(stream)
            spoilt.append((await stream.receive_exactly(length + 1))[-1])
        with open(path, "r+b") as file:
            file.truncate(10)
        await stream.send(wire.want(labels[1]))
        await answer(stream)
        spoilt.append((await stream.receive_exactly(MIB + 1))[-1])

    asking(giver, ask)
    assert spoilt == [wire.SPOILT] * 3


def test_a_peer_has_two_streams_at_most(giver, labels):
    async def ask(stream, node):
        channel = await node.connect()
        async with channel.open("blocks.get", {}):
            with pytest.raises(Refused, match="as much as it can") as caught:
                async with channel.open("blocks.get", {}):
                    pass
        assert caught.value.code == "busy"

    asking(giver, ask)


def test_which_are_here_is_told_by_one_call(giver, labels):
    absent = cids.of(cids.RAW, b"not here")

    async def main():
        async with givers(giver) as (node,):
            channel = await node.connect()
            found = await channel.call("blocks.have", {"labels": [labels[0], absent, *labels[1:]] + [absent] * 6})
            for wrong in ({}, {"labels": [b"x"]}, {"labels": [labels[0]] * (HAVE_MAX + 1)}, {"labels": [labels[0]], "mids": [b"x"]}):
                with pytest.raises(Refused):
                    await channel.call("blocks.have", wrong)
            return found

    assert run(main) == {"have": bytes([0b10110000, 0])}


def test_a_peer_that_takes_nothing_is_let_go(giver, labels):
    async def ask(stream, node):
        await stream.send(wire.want(labels[1]) * 20)
        await trio.sleep(200)
        assert not node.service._serving

    asking(giver, ask)
