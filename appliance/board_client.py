"""The node's end of the socket to the supervisor: privileged verbs, the heartbeat, "I am ready"."""

import os
import socket

import trio

from appliance.board import BoardError
from appliance.board.messages import MESSAGE_MAX_BYTES, MessageError, decode, encode, is_integer, is_text, request
from appliance.board.verbs import VERBS

__all__ = ["BoardClient", "BoardError"]

PENDING_MAX = 8
# The supervisor answers a time-out of its own first; this is for one that answers nothing at all.
ANSWER_GRACE_S = 5
DEFAULT_LIMIT_S = 10


class BoardClient:
    """Asks the supervisor.

    Args:
        fd: descriptor of a connected SOCK_SEQPACKET socket; owned from now on.

    ``run()`` must be running for ``call()`` to get answers. ``ignored`` counts packets that were no answer to anything.
    """

    def __init__(self, fd):
        self._socket = trio.socket.from_stdlib_socket(socket.socket(fileno=fd))
        self._number = 0
        self._beats = 0
        self._pending = {}
        self._gone = False
        self.ignored = 0

    @classmethod
    def from_environment(cls, environment=os.environ):
        """The client for the socket a supervisor gave us, or None when there is no supervisor."""
        text = environment.get("LEITHER_SUPERVISOR_FD", "")
        return cls(int(text)) if text.isdecimal() else None

    async def run(self):
        """Receive answers until the supervisor is gone. Raises BoardError supervisor-gone; the node should then end."""
        try:
            while True:
                try:
                    packet = await self._socket.recv(MESSAGE_MAX_BYTES + 1)
                except OSError:
                    break
                if not packet:
                    break
                self._take(packet)
        finally:
            self._gone = True
            for waiting in self._pending.values():
                waiting.fail(_supervisor_gone())
        raise _supervisor_gone()

    async def call(self, verb, **arguments):
        """Have ``verb`` carried out and return its result.

        Raises BoardError: supervisor-gone, busy, timeout, or whatever the supervisor or the board says.
        """
        if self._gone:
            raise _supervisor_gone()
        if len(self._pending) >= PENDING_MAX:
            raise BoardError("busy", "Too many requests to the board are waiting already.")
        self._number += 1
        number = self._number
        try:
            packet = request(number, verb, arguments)
        except MessageError as error:
            raise BoardError("bad-arguments", str(error)) from None
        waiting = self._pending[number] = _Waiting()
        limit_s = VERBS[verb].time_limit_s if verb in VERBS else DEFAULT_LIMIT_S
        try:
            with trio.fail_after(limit_s + ANSWER_GRACE_S):
                await self._send(packet)
                await waiting.event.wait()
        except trio.TooSlowError:
            raise BoardError("timeout", f"The supervisor did not answer {verb} in time.") from None
        finally:
            del self._pending[number]
        if waiting.error is not None:
            raise waiting.error
        return waiting.result

    def beat(self):
        """Tell the supervisor that the node is alive. Never waits and never fails: a beat that finds no room is left out."""
        self._beats += 1
        try:
            os.write(self._socket.fileno(), encode({"beat": self._beats}))
        except OSError:
            pass

    async def beat_every(self, interval_s):
        """Beat until cancelled. Run it in the loop whose life it shall prove."""
        while True:
            self.beat()
            await trio.sleep(interval_s)

    async def ready(self, text):
        """Say that the node serves; the supervisor prints ``text``. Raises BoardError supervisor-gone."""
        await self._send(encode({"ready": {"text": text}}))

    def close(self):
        """Close the socket."""
        self._gone = True
        self._socket.close()

    async def _send(self, packet):
        try:
            await self._socket.send(packet)
        except OSError:
            raise _supervisor_gone() from None

    def _take(self, packet):
        try:
            answer = decode(packet)
        except MessageError:
            self.ignored += 1
            return
        number = answer.get("id")
        waiting = self._pending.get(number) if is_integer(number) else None
        if waiting is None:
            self.ignored += 1  # too late, or about a packet the supervisor could not read
        elif answer.get("ok") is True and "result" in answer:
            waiting.succeed(answer["result"])
        else:
            waiting.fail(_error_of(answer))


class _Waiting:
    """A request without an answer yet."""

    __slots__ = ("event", "result", "error")

    def __init__(self):
        self.event = trio.Event()
        self.result = None
        self.error = None

    def succeed(self, result):
        if not self.event.is_set():
            self.result = result
            self.event.set()

    def fail(self, error):
        if not self.event.is_set():
            self.error = error
            self.event.set()


def _error_of(answer):
    error = answer.get("error")
    if type(error) is dict and is_text(error.get("code"), 64) and is_text(error.get("message"), 1024):
        return BoardError(error["code"], error["message"])
    return BoardError("bad-answer", "The supervisor's answer could not be understood.")


def _supervisor_gone():
    return BoardError("supervisor-gone", "The supervisor has ended.")
