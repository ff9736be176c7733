"""A stream of a channel as a connection of its own, in which another channel runs."""

import trio

from leither_edge.peer.channel.errors import ChannelClosed, StreamAborted

_GONE = (StreamAborted, ChannelClosed)


class Carried:
    """A trio stream (half-closeable) over a ChannelStream. Attribute: closed (trio.Event)."""

    __slots__ = ("closed", "_stream")

    def __init__(self, stream):
        self.closed = trio.Event()
        self._stream = stream

    async def send_all(self, data):
        """As trio's; what is no bytes object must stay as it is meanwhile."""
        self._check()
        try:
            await self._stream.send(data)
        except _GONE:
            raise trio.BrokenResourceError("the relay has ended the tunnel") from None

    async def wait_send_all_might_not_block(self):
        """As trio's."""
        self._check()
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes=None):
        """As trio's."""
        self._check()
        try:
            return bytes(await self._stream.receive(max_bytes))
        except _GONE:
            raise trio.BrokenResourceError("the relay has ended the tunnel") from None

    async def send_eof(self):
        """As trio's."""
        self._check()
        try:
            await self._stream.finish()
        except _GONE:
            raise trio.BrokenResourceError("the relay has ended the tunnel") from None

    async def aclose(self):
        """As trio's."""
        if not self.closed.is_set():
            self.closed.set()
            await self._stream.abort("closed", "The connection in the tunnel is closed.")
        await trio.lowlevel.checkpoint()

    def _check(self):
        if self.closed.is_set():
            raise trio.ClosedResourceError("this connection was closed")
