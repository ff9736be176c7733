"""Who is let in: listening, admission, shutdown."""

import errno
import socket

import trio

from .connection import IDLE, Connection
from .errors import HttpError
from .limits import SHUTDOWN_GRACE_S
from .upgrade import WAITS
from .wire import refusal

# Accept a burst in turns with the connections that are being served.
ACCEPT_BATCH = 16
# Out of file handles or kernel memory: let some connections end first.
ACCEPT_PAUSE_S = 0.2
# When full, a connection idle for this long gives way to a new one.
IDLE_KEPT_S = 1.0
# Bytes are summed here, and counted this often or when a connection ends: a counter costs more than a sum.
TRAFFIC_EVERY_S = 1.0

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


async def serve(handler, listeners, limits, counters, log, *, task_status=trio.TASK_STATUS_IGNORED):
    """Answer HTTP/1.1 on ``listeners`` until cancelled; closes them.

    Args: handler async (Request) -> Response, for example a Router; listeners from open_listeners;
    limits Limits; counters with ``add(name, **labels)``; log with ``error(event, **fields)``.
    Cancelled, it stops accepting, ends idle connections and gives the others SHUTDOWN_GRACE_S.
    ``task_status`` is started with the list of (address, port) served.
    """
    server = Server(handler, limits, counters, log)
    try:
        async with trio.open_nursery() as nursery:
            for listener in listeners:
                nursery.start_soon(server.accept, listener, nursery)
            task_status.started([listener.getsockname()[:2] for listener in listeners])
            try:
                await trio.sleep_forever()
            finally:
                server.drain()
    finally:
        for listener in listeners:
            listener.close()


class Server:
    """The connections of one serve call and what they share."""

    __slots__ = (
        "_addresses", "_connections", "_counters", "_log", "_too_many", "draining", "handler", "limits", "received", "sent", "traffic_due",
    )  # fmt: skip

    def __init__(self, handler, limits, counters, log):
        self.handler = handler
        self.limits = limits
        self.draining = False
        self.received = self.sent = 0
        self.traffic_due = 0.0
        self._counters = counters
        self._log = log
        self._connections = set()
        self._addresses = {}
        self._too_many = HttpError(503, "The device serves as many connections as it can. Try again in a moment.")

    async def accept(self, listener, nursery):
        while True:
            await trio.lowlevel.wait_readable(listener)
            for _ in range(ACCEPT_BATCH):
                try:
                    accepted, address = listener.accept()
                except BlockingIOError:
                    break
                except OSError as error:
                    if error.errno in _EXHAUSTED:
                        self.count("http_refusals", reason="no-file-handles")
                        self._end_idle()
                        await trio.sleep(ACCEPT_PAUSE_S)
                    break  # else the client left before it was accepted
                try:
                    accepted.setblocking(False)
                    self._admit(accepted, address[0], nursery)
                except BaseException:
                    accepted.close()
                    raise

    def _admit(self, accepted, address, nursery):
        address, group, is_loopback = peer(accepted.family, address)
        if self._addresses.get(group, 0) >= self.limits.connections_per_address_max:
            self._turn_away(accepted, "address-full")
            return
        if len(self._connections) >= self.limits.connections_max and not self._end_idle():
            self._turn_away(accepted, "full")
            return
        connection = Connection(self, accepted, address, is_loopback)
        self._connections.add(connection)
        self._addresses[group] = self._addresses.get(group, 0) + 1
        nursery.start_soon(self._run, connection, group)

    async def _run(self, connection, group):
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)
            self.count_traffic(trio.current_time())
            left = self._addresses[group] - 1
            if left:
                self._addresses[group] = left
            else:
                del self._addresses[group]

    def _turn_away(self, accepted, reason):
        self.count("http_refusals", reason=reason)
        try:
            accepted.send(refusal(self._too_many))
            accepted.shutdown(socket.SHUT_WR)
            accepted.recv(65536)  # unread bytes would turn the close into a reset
        except OSError:
            pass
        accepted.close()

    def _end_idle(self):
        """Give up the connection that has been idle longest; whether there was one.

        It still counts until its task ran, so a burst cannot end them all for nothing.
        """
        before = trio.current_time() - IDLE_KEPT_S
        idle = [c for c in self._connections if c.phase == IDLE and c.since <= before and not c.scope.cancel_called]
        if not idle:
            return False
        min(idle, key=lambda c: c.since).scope.cancel()
        self.count("http_idle_ended")
        return True

    def drain(self):
        """Stop: idle connections end now, the others within SHUTDOWN_GRACE_S."""
        self.draining = True
        latest = trio.current_time() + SHUTDOWN_GRACE_S
        for connection in self._connections:
            if connection.phase == IDLE or connection.phase == WAITS:
                connection.scope.cancel()
            elif connection.scope.deadline > latest:
                connection.scope.deadline = latest

    # What the connections report

    def count(self, name, **labels):
        self._counters.add(name, **labels)

    def count_answer(self, status):
        self._counters.add("http_answers", status=status)

    def count_traffic(self, now):
        self._counters.add("http_received_bytes", self.received)
        self._counters.add("http_sent_bytes", self.sent)
        self.received = self.sent = 0
        self.traffic_due = now + TRAFFIC_EVERY_S

    def count_refusal(self, error):
        if error.reason is not None:
            self._counters.add("http_refusals", reason=error.reason)

    def log_exception(self, error, where):
        """One line with type and place. Not the message: it may quote what a person typed."""
        trace = error.__traceback__
        place = ""
        while trace is not None:
            code = trace.tb_frame.f_code
            place = f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}"
            trace = trace.tb_next
        self._log.error("http-failure", where=where, type=type(error).__name__, place=place)


def peer(family, address):
    """(address text, key it is counted under, is loopback) of a peer. An IPv6 /64 counts as one."""
    if family == socket.AF_INET6:
        address = address.partition("%")[0]
        packed = socket.inet_pton(family, address)
        if packed[:12] == b"\0" * 10 + b"\xff\xff":
            address = socket.inet_ntoa(packed[12:])
        else:
            return address, packed[:8], packed == b"\0" * 15 + b"\1"
    return address, address, address.startswith("127.")
