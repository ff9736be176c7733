"""Answers what the peer of a channel asks: one task for each request, ended with the stream or the channel."""

from collections import namedtuple

import trio

from .channel.errors import ChannelClosed, StreamAborted
from .stream import ChannelStream

# What a handler gets. arguments: a map, as the peer sent it, still to be checked; stream: None but for services of streams.
Call = namedtuple("Call", "peer method arguments channel stream")

_FAILED = "failed", "The peer could not do it because of an error of its own. Its log has the details."


class Serving:
    """The handlers at work in one channel."""

    __slots__ = ("nursery", "_channel", "_mux", "_services", "_counters", "_log", "_scopes", "_most", "_at_work")

    def __init__(self, channel, mux, services, counters, log, most):
        """Args: as of Channel; most (handlers at work at a time)."""
        self._channel, self._mux, self._services, self._counters, self._log = channel, mux, services, counters, log
        self.nursery = None
        self._scopes = {}
        self._most, self._at_work = most, 0

    @property
    def has_room(self):
        """Whether one more may be begun: a handler can outlive the request that the peer has taken back."""
        return self._at_work < self._most

    def begin(self, half):
        """Have a request answered; what nobody here answers is refused at once."""
        if half.end is not None:
            return
        service = self._services.get(half.method)
        if service is None:
            # Names that the peer makes up have no place in the accounts.
            wanted, half.method = half.method, "channel"
            self._refuse(half, "unknown-service", f"The peer has no service {wanted}. It may be of another version, or not offer it.")
        elif not service.for_strangers and not self._channel.peer.is_friend:
            self._refuse(half, "not-a-friend", "The peer does this for nodes only that its owner accepted. Ask for an invitation.")
        elif service.is_stream is half.is_call:
            self._refuse(half, "bad-call", "The service is used in another way: a stream for a call, or a call for a stream.")
        elif not isinstance(half.arguments, dict):
            self._refuse(half, "bad-call", "What is asked of a service stands in a map.")
        else:
            half.priority = max(half.priority, service.priority)
            self._at_work += 1
            self.nursery.start_soon(self._serve, half, service)

    def stop(self, half):
        """Nobody waits for this any more."""
        scope = self._scopes.get(half)
        if scope is not None:
            scope.cancel()

    def _refuse(self, half, code, sentence, details=None):
        self._count("peer_refusals", code=code)
        self._mux.refuse(half, code, sentence, details)
        self._channel.flush()

    async def _serve(self, half, service):
        try:
            if half.end is None and self._mux.closed is None:
                await self._answer(half, service)
        finally:
            self._at_work -= 1

    async def _answer(self, half, service):
        self._count("peer_requests", service=half.method)
        stream = ChannelStream(self._channel, self._mux, half, True) if service.is_stream else None
        with trio.CancelScope() as scope:
            self._scopes[half] = scope
            try:
                value = await service.handler(Call(self._channel.peer, half.method, half.arguments, self._channel, stream))
                if stream is None:
                    self._mux.answer(half, value)
                    self._channel.flush()
                else:
                    await stream.conclude()
            except Exception as error:
                self._failed(half, _bare(error))
            finally:
                del self._scopes[half]

    def _failed(self, half, error):
        if half.end is not None or self._mux.closed is not None or isinstance(error, (StreamAborted, ChannelClosed)) and half.is_over:
            return
        code, sentence, details = getattr(error, "code", None), str(error), getattr(error, "details", None)
        # The errors of this project have a code and a sentence for people. Anything else is a defect, and its text is not for peers.
        if not isinstance(code, str) or not sentence:
            code, sentence = _FAILED
            details = None
            if self._log is not None:
                self._log.error("peer_service_failed", service=half.method, error=f"{type(error).__name__}: {error}")
        if half.answer is None:
            self._refuse(half, code, sentence, details if isinstance(details, dict) else None)
        else:
            self._mux.abort(half, code, sentence)
            self._channel.flush()

    def _count(self, name, **labels):
        if self._counters is not None:
            self._counters.add(name, **labels)


def _bare(error):
    """The one error in a group of nurseries."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
