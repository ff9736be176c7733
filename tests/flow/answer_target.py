"""What a provider answers, for the fuzzer: the reader of a stream of `blocks.get`, with a real plan behind it and no loop around it."""

from leither_edge.flow import blocks_wire as wire
from leither_edge.flow.arriving import Arriving
from leither_edge.flow.assignment import Assignment
from leither_edge.flow.desk import Desk
from leither_edge.flow.providers import Lost, _Asking
from leither_edge.mimei.ipld import cid as cids
from leither_edge.peer.channel.errors import StreamAborted

CONTENT = [b"one", b"two" * 100, b"three", b"four" * 2000]


class _Stream:
    """The bytes of the fuzzer, as a stream gives them."""

    def __init__(self, data):
        self._data, self._at = data, 0

    async def receive_exactly(self, count):
        found = self._data[self._at : self._at + count]
        if len(found) < count:
            raise StreamAborted("ended", "")
        self._at += count
        return found

    async def receive_some_into(self, buffer):
        found = self._data[self._at : self._at + min(len(buffer), 1000)]
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)


class _Run:
    """What a desk needs of a fetch."""

    def __init__(self):
        self.plan, self.arriving, self.came_blocks = Assignment(), Arriving(), []

    def now(self):
        return 0.0

    def wake(self):
        pass

    def received(self, source, count):
        pass

    def is_shunned(self, source):
        return False

    async def came(self, block, source):
        assert block.is_whole and len(block.data) <= cids.BLOCK_MAX
        self.came_blocks.append(block)


def read_answers(data):
    """The target: how many blocks came, and how it ended; nothing that was asked for is forgotten."""
    run = _Run()
    source = run.plan.add(b"key", "name")
    run.plan.begin(source, 0.0)
    source.given = source.ahead = 1 << 20
    labels = [cids.of(cids.RAW, content) for content in CONTENT]
    run.plan.need(labels)
    desk = Desk(run, source)
    asking = _Asking(desk, _Stream(data))
    while (entry := run.plan.take(source, 0.0)) is not None:
        asking._asked.append((entry, run.arriving.offset(entry.label)))
    try:
        asking._receive().send(None)
        ended = "enough"
    except StopIteration:
        ended = "enough"
    except (wire.BadWire, StreamAborted, Lost) as error:
        ended = str(error)[:30]
    desk.end()
    came = {block.label for block in run.came_blocks}
    assert len(came) == len(run.came_blocks) and run.plan.waiting == len(labels) - len(came) and not run.plan.asked
    return f"{len(came)} {ended}"


def seeds():
    """What an honest provider sends, and one that has not got all."""
    given = [wire.answer(wire.GIVEN, len(content)) + content + b"\0" for content in CONTENT]
    return [b"".join(given), given[0] + wire.answer(wire.MISSING) + given[2][:-1] + b"\1" + wire.answer(wire.CANCELLED)]
