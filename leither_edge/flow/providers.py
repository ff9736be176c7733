"""Who gives blocks: what every kind of provider is, and a node at the other end of a channel.

A provider has `key` (bytes that name it for good), `name` (text for people) and `async serve(desk)`: it connects, asks for what the desk
has, puts what comes there, and returns when it should be left alone for a while, perhaps with other providers that it named. It may be
cancelled at any time.
"""

from collections import deque

import trio

from leither_edge.peer.channel.errors import ChannelClosed, Refused, StreamAborted
from leither_edge.peer.errors import PeerError

from . import blocks_wire as wire

SERVICE = "blocks.get"
CONNECT_S = 30
# What comes and is of no use any more is received and dropped, as far as that is less than what a new stream costs.
DROP_MAX_BYTES = 64 << 10
BUSY = "busy"
# Nodes that a busy one names instead of itself.
OTHERS_MAX = 8


class Lost(Exception):
    """A provider was not reached, or the connection ended. for_good: it is not to be asked again. Args: sentence."""

    def __init__(self, sentence, for_good=False):
        super().__init__(sentence)
        self.for_good = for_good


class Wrong(Exception):
    """A provider breaks the rules; it is not asked again. Args: sentence."""


class ChannelProvider:
    """A node that is reached by a channel.

    Args: key (its public key), name, connect (async function: an open Channel; raises PeerError), mids ([20 bytes]: MiMei whose readers
    this node is among, for a provider that gives strangers what they may read), others (function of a list of what a busy node names:
    providers; None: they are not asked).
    """

    def __init__(self, key, name, connect, mids=(), others=None):
        self.key, self.name, self._connect, self._others = key, name, connect, others
        self._arguments = {"mids": list(mids)} if mids else {}

    async def serve(self, desk):
        """Asks for blocks until the stream ends. Raises Lost, Wrong."""
        try:
            with trio.fail_after(CONNECT_S):
                channel = await self._connect()
            async with channel.open(SERVICE, self._arguments) as stream:
                await _Asking(desk, stream).run()
        except trio.TooSlowError:
            raise Lost(f"It was not reached within {CONNECT_S} seconds.") from None
        except Refused as error:
            return self._refused(error)
        except PeerError as error:
            raise Lost(str(error)) from None
        except wire.BadWire as error:
            raise Wrong(str(error)) from None

    def _refused(self, error):
        if error.code != BUSY:
            raise Lost(str(error), error.code not in ("too-many", "failed")) from None
        named = (error.details or {}).get("providers")
        if self._others is None or not isinstance(named, list):
            return None
        return self._others(named[:OTHERS_MAX])


class _Asking:
    """One stream: wants go out as the desk has them, answers come in their order."""

    def __init__(self, desk, stream):
        self._desk, self._stream = desk, stream
        self._asked, self._error = deque(), None

    async def run(self):
        self._desk.begin()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._ask)
            try:
                await self._receive()
            except (PeerError, wire.BadWire, Lost) as error:
                self._error = error
            nursery.cancel_scope.cancel()
        if self._error is not None:
            raise self._error

    async def _ask(self):
        try:
            while True:
                entries, cancels = await self._desk.entries()
                out = [wire.cancel(number) for number in cancels]
                for entry, offset in entries:
                    self._asked.append((entry, offset))
                    out.append(wire.want(entry.label, offset))
                await self._stream.send(b"".join(out))
        except (StreamAborted, ChannelClosed):
            # What came before the end is still there to be taken; who takes it meets the end, too.
            pass

    async def _receive(self):
        desk, receive_into = self._desk, self._stream.receive_some_into
        while True:
            what, size = wire.read_answer(await self._stream.receive_exactly(wire.ANSWER.size))
            if not self._asked:
                raise wire.BadWire("A provider answers what it was not asked.")
            entry, offset = self._asked.popleft()
            if what == wire.MISSING:
                if desk.missing(entry):
                    return
            elif what == wire.CANCELLED:
                desk.cancelled(entry)
            else:
                block, left = desk.open(entry, size, offset), size - offset
                if block is None and left > DROP_MAX_BYTES:
                    raise Lost("Another one was quicker.")
                while left:
                    count = await receive_into(bytearray(left) if block is None else block.room())
                    if not count:
                        raise StreamAborted("ended", "It ended in the middle of a block.")
                    left -= count
                    desk.add(entry, block, count)
                end = await self._stream.receive_exactly(1)
                if end[0] not in (wire.GOOD, wire.SPOILT):
                    raise wire.BadWire("A block's last byte has no meaning.")
                await desk.close(entry, end[0] == wire.GOOD)
