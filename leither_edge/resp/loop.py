"""The turns of all connections: what arrived is read, executed and answered, many commands to one transaction and one write.

One task serves every connection that has something to say; it asks an epoll of its own, whose sockets stay registered, as a turn of
trio's costs more than most commands. A connection that must wait (for a thread, an element, a slow reader) is taken out of it until a
task of its own has brought it so far. With `everysec` replies leave at once, with `always` after the flush that keeps what they tell.
"""

import select
import socket
from time import perf_counter

import trio

from leither_edge.storage import StorageError

from .answers import error, write
from .connection import Client, Later
from .protocol import ProtocolError
from .refusals import REFUSABLE, refusal_of

# What one turn of a connection may do before others have theirs: commands, pieces of answers, bytes of one answer; and how long all
# connections together may keep the node's other tasks from theirs, but for the command at hand.
TURN_S = 0.02
TURN_COMMANDS = 64
TURN_PIECES = 4096
TURN_BYTES = 64 * 1024
RECEIVE_BYTES = 64 * 1024
# A client that takes nothing of its answers for so long is gone.
SEND_TIMEOUT_S = 60
# Who just had an answer often asks again at once: so long the thread waits for it, where a turn of trio's would cost as much.
LINGER_S = 0.0001
# After so long the node's other tasks have their turn.
OTHERS_AFTER_S = 0.002


class _Connection:
    """A socket, what has come, what is to go. later: what its last command waits for."""

    __slots__ = ("socket", "client", "out", "later", "name", "gone", "more")

    def __init__(self, accepted, client):
        self.socket = accepted
        self.client = client
        self.out = []
        self.later = None
        self.name = b""
        self.gone = self.more = False


class Loop:
    """All connections of a server. Args: shared (Shared), log, nursery (for connections that wait)."""

    def __init__(self, shared, log, nursery):
        self._shared, self._log, self._nursery = shared, log, nursery
        self._epoll = select.epoll()
        # By file number: those that are served here.
        self._served = {}
        # What has commands left over, and the sleep that one who joins them ends.
        self._more = []
        self._asleep = trio.CancelScope()

    def add(self, accepted, address):
        """Serve a connection from now on."""
        shared = self._shared
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The other end of a dead line is noticed within hours instead of never.
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection = _Connection(accepted, Client(shared, shared.connections, address))
        shared.clients[connection.client.number] = connection.client
        self._resume(connection)

    def end_idle_guest(self, before_ms):
        """End the guest's connection that is idle longest, since before a time; whether there was one."""
        idle = [each for each in self._served.values() if each.client.session.user_id is None and each.client.used <= before_ms]
        if idle:
            self._end(min(idle, key=lambda each: each.client.used))
        return bool(idle)

    async def run(self):
        """Serve until cancelled; then all is closed."""
        try:
            while True:
                await self._serve()
        finally:
            for connection in list(self._served.values()):
                self._end(connection)
            self._epoll.close()

    async def _serve(self):
        epoll, served, held, current_time = self._epoll, self._served, self._shared.held, trio.current_time
        if self._more:
            await trio.lowlevel.checkpoint()
        else:
            with trio.CancelScope() as self._asleep:
                await trio.lowlevel.wait_readable(epoll)
        others_at = current_time() + OTHERS_AFTER_S
        while current_time() < others_at:
            found = epoll.poll(0)
            if not found and not self._more:
                # A file number that select cannot take is rare, and trio takes it.
                if epoll.fileno() >= 1024 or not select.select((epoll,), (), (), LINGER_S)[0]:
                    return
                continue
            ready, self._more = self._more, []
            for number, _ in found:
                connection = served.get(number)
                if connection is not None and not connection.more and self._receive(connection):
                    ready.append(connection)
            if ready:
                losses, at = None, 0
                while at < len(ready):
                    while held.is_committing:
                        await held.ready()
                    losses = held.losses if losses is None else losses
                    at = self._turn(ready, at)
                    if at < len(ready):
                        await trio.lowlevel.checkpoint()
                # Every one of them is looked at, whatever the first says.
                if any([self._has_to_wait(connection) for connection in ready]):
                    await self._flush(ready, losses)
                for connection in ready:
                    self._answer(connection)

    def _receive(self, connection):
        try:
            data = connection.socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._end(connection)
            return False
        connection.client.parser.feed(data)
        return True

    def _turn(self, ready, at):
        """Execute what these connections have, from one on, for a while; return how far that came."""
        shared, until = self._shared, perf_counter() + TURN_S
        try:
            with shared.held.quick() as tx:
                shared.tx = tx
                now_ms = shared.now_ms()
                while at < len(ready):
                    if not ready[at].gone:
                        self._execute(ready[at], tx, now_ms, until)
                    at += 1
                    if perf_counter() > until:
                        break
        except Exception as failure:
            # What its last command changed was undone; it does not go on, the others do.
            self._failed(failure)
            ready[min(at, len(ready) - 1)].gone = True
            at += 1
        return at

    def _execute(self, connection, tx, now_ms, until):
        client, out = connection.client, connection.out
        client.use(tx, now_ms)
        execute, following = client.execute, client.parser.next
        connection.more = False
        for _ in range(TURN_COMMANDS):
            try:
                words = following()
            except ProtocolError as failure:
                self._shared.counters.add("resp_refusals", reason="protocol")
                out.append(error(b"ERR " + str(failure).encode()))
                client.leaving = True
                return
            if words is None:
                return
            self._shared.executed += 1
            reply = execute(words)
            if type(reply) is Later:
                connection.name = words[0][:64].lower()
                self._put_off(connection, reply)
                return
            write(out, reply, client.resp3)
            if client.leaving:
                return
            if len(out) > TURN_PIECES or len(out[-1]) > TURN_BYTES or perf_counter() > until:
                break
        connection.more = True

    def _put_off(self, connection, later):
        if later.work is None:
            # Before anything else happens, or a change could be missed.
            later = later._replace(work=self._shared.wait_at(connection.client.place))
        connection.later = later

    def _has_to_wait(self, connection):
        """Tell those who wait for a change of this one's database; whether the change must be on disk before it is answered."""
        client = connection.client
        if not client.changed:
            return False
        client.changed = False
        if client.place is not None:
            self._shared.tell(client.place)
        return self._shared.is_always(client.session)

    async def _flush(self, ready, losses):
        try:
            await self._shared.held.flush(losses)
        except StorageError as failure:
            self._failed(failure)
            for connection in ready:
                connection.gone = True

    def _answer(self, connection):
        """Send what there is, and see how it goes on."""
        if connection.gone:
            self._end(connection)
            return
        left = self._send(connection)
        if left is None:
            self._end(connection)
        elif left or connection.later is not None:
            self._pause(connection)
            self._nursery.start_soon(self._alone, connection, left)
        elif connection.client.leaving:
            self._end(connection)
        elif connection.more:
            self._more.append(connection)

    def _send(self, connection):
        """What the socket did not take of the replies; None when it is closed."""
        out = connection.out
        if not out:
            return b""
        data = out[0] if len(out) == 1 else b"".join(out)
        out.clear()
        try:
            sent = connection.socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return None
        return data[sent:] if sent < len(data) else b""

    def _pause(self, connection):
        number = connection.socket.fileno()
        if self._served.pop(number, None) is not None:
            self._epoll.unregister(number)

    def _resume(self, connection):
        number = connection.socket.fileno()
        self._served[number] = connection
        self._epoll.register(number, select.EPOLLIN)

    def _end(self, connection):
        self._pause(connection)
        connection.gone = True
        client = connection.client
        self._shared.clients.pop(client.number, None)
        self._shared.sign_off(client)
        client.leave_place()
        connection.socket.close()

    # A connection on its own

    async def _alone(self, connection, left):
        client = connection.client
        client.scope = trio.CancelScope()
        try:
            with client.scope:
                await self._send_slowly(connection, left)
                while connection.later is not None and not connection.gone:
                    losses = await self._finish(connection)
                    if self._has_to_wait(connection):
                        await self._flush((connection,), losses)
                    if not connection.gone:
                        left = self._send(connection)
                        if left is None:
                            connection.gone = True
                        else:
                            await self._send_slowly(connection, left)
        except Exception as failure:
            self._failed(failure)
            connection.gone = True
        except BaseException:
            self._end(connection)
            raise
        if connection.gone or client.leaving or client.scope.cancelled_caught:
            self._end(connection)
            return
        self._resume(connection)
        connection.more = True
        self._more.append(connection)
        self._asleep.cancel()

    async def _finish(self, connection):
        """Bring a put-off command to its reply, or to the next thing it waits for; return the held writer's losses before that."""
        client, shared, later = connection.client, self._shared, connection.later
        connection.later, losses = None, shared.held.losses
        try:
            if type(later.work) is trio.Event:
                result = await self._changed(connection, later)
            else:
                result = await trio.to_thread.run_sync(later.work)
            while shared.held.is_committing:
                await shared.held.ready()
            losses = shared.held.losses
            with shared.held.quick() as tx:
                shared.tx = tx
                client.use(tx, shared.now_ms())
                reply = later.then(result)
        except REFUSABLE as failure:
            client.refused()
            reply = refusal_of(failure, connection.name)
        if type(reply) is Later:
            self._put_off(connection, reply)
        else:
            write(connection.out, reply, client.resp3)
        return losses

    async def _changed(self, connection, later):
        """True when the event came, None when the time is over; the connection ends when the client leaves meanwhile."""
        with trio.move_on_after(later.seconds or float("inf")):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._until_gone, connection)
                await later.work.wait()
                nursery.cancel_scope.cancel()
            return True
        return None

    async def _until_gone(self, connection):
        while True:
            await trio.lowlevel.wait_readable(connection.socket)
            try:
                if not connection.socket.recv(1, socket.MSG_PEEK):
                    break
            except BlockingIOError:
                continue
            except OSError:
                break
            # Commands behind the one that waits stay where they are.
            await trio.sleep(0.2)
        connection.client.scope.cancel()

    async def _send_slowly(self, connection, data):
        with memoryview(data) as view:
            sent = 0
            while sent < len(view):
                with trio.move_on_after(SEND_TIMEOUT_S) as scope:
                    await trio.lowlevel.wait_writable(connection.socket)
                if scope.cancelled_caught:
                    self._shared.counters.add("resp_refusals", reason="slow-reader")
                    connection.gone = True
                    return
                try:
                    sent += connection.socket.send(view[sent : sent + RECEIVE_BYTES])
                except BlockingIOError:
                    continue
                except OSError:
                    connection.gone = True
                    return

    def _failed(self, failure):
        """One line with kind and place. Not the message, which may quote what a client sent."""
        trace, place = failure.__traceback__, ""
        while trace is not None:
            code = trace.tb_frame.f_code
            place = f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}"
            trace = trace.tb_next
        self._shared.counters.add("resp_refusals", reason="failure")
        self._log.error("resp-failure", type=type(failure).__name__, place=place)
