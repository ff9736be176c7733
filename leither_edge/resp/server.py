"""The Redis protocol on a local port: who is let in, and how long for."""

import errno
import socket
import time

import trio

from .answers import error
from .loop import Loop
from .shared import Shared

# When all connections are taken, a guest's that was idle for so long gives way.
IDLE_KEPT_S = 1.0
ACCEPT_BATCH = 8
ACCEPT_PAUSE_S = 0.2
COUNT_EVERY_S = 30.0

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


async def serve(places, held, listeners, limits, counters, log, *, clock=time.time, always=False, task_status=trio.TASK_STATUS_IGNORED):
    """Answer the Redis protocol on ``listeners`` (bound, listening, not blocking) until cancelled; closes them.

    Args: places (Places, or what does the same), held (the HeldWriter of the store), limits (Limits), counters with ``add``, log with
    ``error(event, **fields)``, clock (-> s), always (appendfsync to begin with). ``task_status`` gets the list of (address, port).
    """
    try:
        async with trio.open_nursery() as nursery:
            shared = Shared(places, held, limits, counters, clock, always, nursery)
            loop = Loop(shared, log, nursery)
            for listener in listeners:
                nursery.start_soon(_accept, shared, loop, listener)
            nursery.start_soon(_count, shared)
            nursery.start_soon(loop.run)
            task_status.started([listener.getsockname()[:2] for listener in listeners])
    finally:
        for listener in listeners:
            listener.close()


async def _accept(shared, loop, listener):
    while True:
        await trio.lowlevel.wait_readable(listener)
        for _ in range(ACCEPT_BATCH):
            try:
                accepted, address = listener.accept()
            except BlockingIOError:
                break
            except OSError as failure:
                if failure.errno in _EXHAUSTED:
                    shared.counters.add("resp_refusals", reason="no-file-handles")
                    await trio.sleep(ACCEPT_PAUSE_S)
                break
            accepted.setblocking(False)
            shared.connections += 1
            if len(shared.clients) >= shared.limits.connections_max and not loop.end_idle_guest(shared.now_ms() - int(IDLE_KEPT_S * 1000)):
                _turn_away(shared, accepted)
            else:
                loop.add(accepted, f"{address[0]}:{address[1]}")


def _turn_away(shared, accepted):
    shared.rejected += 1
    shared.counters.add("resp_refusals", reason="full")
    try:
        accepted.send(error(b"ERR max number of clients reached"))
        accepted.shutdown(socket.SHUT_WR)
        accepted.recv(65536)  # unread bytes would turn the close into a reset
    except OSError:
        pass
    accepted.close()


async def _count(shared):
    told = 0
    while True:
        await trio.sleep(COUNT_EVERY_S)
        # A connection that is open is a use of its session.
        for client in shared.clients.values():
            shared.is_signed_in(client)
        if shared.executed != told:
            shared.counters.add("resp_commands", shared.executed - told)
            told = shared.executed
