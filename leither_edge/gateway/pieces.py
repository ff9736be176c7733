"""Bytes that a worker thread reads piece by piece, as the body of an answer."""

_END = object()


class Pieces:
    """An async iterator over an iterator that may wait for the disk. Args: gateway (Gateway), iterator of bytes."""

    __slots__ = ("_gateway", "_iterator")

    def __init__(self, gateway, iterator):
        self._gateway = gateway
        self._iterator = iterator

    def __aiter__(self):
        return self

    async def __anext__(self):
        piece = b""
        # An empty piece says nothing to HTTP.
        while piece is not _END and not piece:
            piece = await self._gateway.in_thread(next, self._iterator, _END)
        if piece is _END:
            raise StopAsyncIteration
        return piece

    async def aclose(self):
        """Let go of what the iterator holds."""
        close = getattr(self._iterator, "close", None)
        if close is not None:
            await self._gateway.in_thread(close)
