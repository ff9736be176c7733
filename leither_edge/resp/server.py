"""The Redis protocol on a local port: who is let in, what arrives together is answered together, what is changed is kept.

Commands of a connection run on the trio thread inside the held writer's transaction (storage/held.py), many to one, and their replies
leave in one write. With `everysec` at once, with `always` after the flush that makes them durable.
"""

import errno
import socket
import time
from collections import namedtuple

import trio

from . import blocking, client_commands, content_commands, server_commands
from .answers import error, write
from .connection import Client, EdgeCommand, Later
from .protocol import Parser, ProtocolError
from .refusals import REFUSABLE, refusal_of

# What one turn of a connection may do before others have theirs: commands, pieces of answers, bytes of one answer.
TURN_COMMANDS = 200
TURN_PIECES = 4096
TURN_BYTES = 64 * 1024
RECEIVE_BYTES = 64 * 1024
# Without a sign-in no command needs more.
GUEST_COMMAND_MAX_BYTES = 64 * 1024
# A client that takes nothing of its answers for so long is gone.
SEND_TIMEOUT_S = 60
# When all connections are taken, a guest's that was idle for so long gives way.
IDLE_KEPT_S = 1.0
ACCEPT_BATCH = 8
ACCEPT_PAUSE_S = 0.2
COUNT_EVERY_S = 1.0
# Users whose writes wait for the disk.
ALWAYS_MAX = 256

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

# command_max_bytes: one command, its words and what keeps them. watched_max: keys that one client watches.
Limits = namedtuple("Limits", "connections_max command_max_bytes watched_max", defaults=(256,))


def limits_of(profile):
    """The Limits that a hardware profile states."""
    mimei = profile.mimei
    # A value and the words around it.
    return Limits(mimei.database_connections_max, (mimei.value_max_kib + 64) * 1024)


class _Gone(Exception):
    """The client closed the connection, or does not read."""


class Shared:
    """What the connections of one server have in common.

    Attributes: places (Places), held (HeldWriter), limits, counters, commands ({name: EdgeCommand}), clients ({number: Client}), tx (the
    transaction of the turn at hand), connections, executed, rejected (counts since `began`, ms).
    """

    def __init__(self, places, held, limits, counters, clock, appendfsync_always=False):
        self.places, self.held, self.limits, self.counters = places, held, limits, counters
        self.commands = edge_commands()
        self.clients = {}
        self.tx = None
        self.connections = self.executed = self.rejected = 0
        self._clock = clock
        self._always_is_default = appendfsync_always
        self._other = {}
        self._waiting = {}
        self.began = self.now_ms()

    def now_ms(self):
        """Unix time in ms."""
        return int(self._clock() * 1000)

    def now_us(self):
        """Unix time in us."""
        return int(self._clock() * 1_000_000)

    def is_always(self, session):
        """Whether this user's writes are answered when they are durable."""
        return self._other.get(session.user_id, self._always_is_default)

    def set_always(self, user_id, always):
        """Answer this user's writes when durable, or at once."""
        if user_id not in self._other and len(self._other) >= ALWAYS_MAX:
            del self._other[next(iter(self._other))]
        self._other[user_id] = always

    def sign_off(self, client):
        """End the session that this connection began."""
        if client.began_session:
            self.places.sign_out(client.session)
            client.began_session = False

    # Who waits for an element

    def wait_at(self, place):
        """An event that is set when this database changes."""
        event = self._waiting.get(place.mid)
        if event is None:
            event = self._waiting[place.mid] = trio.Event()
        return event

    def tell(self, place):
        """A database has changed."""
        event = self._waiting.pop(place.mid, None)
        if event is not None:
            event.set()


def edge_commands():
    """{name: EdgeCommand} of all that the edge itself answers."""
    groups = (client_commands, server_commands, content_commands, blocking)
    lines = [line for group in groups for line in group.COMMANDS]
    return {name.encode(): EdgeCommand(name.encode(), arity, tuple(flags.split()), *rest) for name, arity, flags, *rest in lines}


async def serve(places, held, listeners, limits, counters, log, *, clock=time.time, always=False, task_status=trio.TASK_STATUS_IGNORED):
    """Answer the Redis protocol on ``listeners`` (bound, listening, not blocking) until cancelled; closes them.

    Args: places (Places, or what does the same), held (the HeldWriter of the store), limits (Limits), counters with ``add``, log with
    ``error(event, **fields)``, clock (-> s), always (appendfsync to begin with). ``task_status`` gets the list of (address, port).
    """
    shared = Shared(places, held, limits, counters, clock, always)
    try:
        async with trio.open_nursery() as nursery:
            for listener in listeners:
                nursery.start_soon(_accept, shared, listener, log, nursery)
            nursery.start_soon(_count, shared)
            task_status.started([listener.getsockname()[:2] for listener in listeners])
    finally:
        for listener in listeners:
            listener.close()


async def _accept(shared, listener, log, nursery):
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
            if len(shared.clients) >= shared.limits.connections_max and not _end_idle_guest(shared):
                _turn_away(shared, accepted)
                continue
            connection = _Connection(shared, accepted, f"{address[0]}:{address[1]}", log)
            shared.clients[connection.client.number] = connection.client
            nursery.start_soon(connection.run)


def _turn_away(shared, accepted):
    shared.rejected += 1
    shared.counters.add("resp_refusals", reason="full")
    try:
        accepted.send(error(b"ERR max number of clients reached"))
        accepted.shutdown(socket.SHUT_WR)
        accepted.recv(65536)
    except OSError:
        pass
    accepted.close()


def _end_idle_guest(shared):
    before = shared.now_ms() - int(IDLE_KEPT_S * 1000)
    idle = [each for each in shared.clients.values() if each.session.user_id is None and each.used <= before and not each.leaving]
    if not idle:
        return False
    oldest = min(idle, key=lambda each: each.used)
    oldest.leaving = True
    oldest.scope.cancel()
    return True


async def _count(shared):
    told = 0
    while True:
        await trio.sleep(COUNT_EVERY_S if shared.clients else 10 * COUNT_EVERY_S)
        if shared.executed != told:
            shared.counters.add("resp_commands", shared.executed - told)
            told = shared.executed


class _Connection:
    """One socket and its client."""

    def __init__(self, shared, accepted, address, log):
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The other end of a dead line is noticed within hours instead of never.
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._shared = shared
        self._socket = accepted
        self._log = log
        self.client = Client(shared, shared.connections, address)
        self.client.scope = trio.CancelScope()
        self._parser = Parser(0)
        self._set_bound()

    async def run(self):
        client, shared = self.client, self._shared
        try:
            with client.scope:
                await self._serve()
        except _Gone:
            pass
        except Exception as failure:
            self._log.error("resp-failure", type=type(failure).__name__, place=_place_of(failure))
            shared.counters.add("resp_refusals", reason="failure")
        finally:
            del shared.clients[client.number]
            shared.sign_off(client)
            self._socket.close()

    async def _serve(self):
        client, parser = self.client, self._parser
        while True:
            parser.feed(await self._receive())
            while not client.leaving:
                out = []
                try:
                    went_on = await self._turn(out)
                except ProtocolError as failure:
                    self._shared.counters.add("resp_refusals", reason="protocol")
                    out.append(error(b"ERR " + str(failure).encode()))
                    client.leaving = True
                if out:
                    await self._send(b"".join(out))
                if client.leaving or not went_on:
                    break
                await trio.lowlevel.checkpoint()
            if client.leaving:
                return

    async def _turn(self, out):
        """Answer some of the commands that are there, and whether there may be more."""
        client, shared, parser = self.client, self._shared, self._parser
        held = shared.held
        if held.is_committing:
            await held.ready()
        later = None
        with held.quick() as tx:
            shared.tx = tx
            client.use(tx, shared.now_ms())
            for _ in range(TURN_COMMANDS):
                words = parser.next()
                if words is None:
                    went_on = False
                    break
                shared.executed += 1
                reply = client.execute(words)
                if type(reply) is Later:
                    later = reply
                    break
                write(out, reply, client.resp3)
                went_on = not client.leaving
                if client.leaving or len(out) > TURN_PIECES or len(out[-1]) > TURN_BYTES:
                    break
        if later is None:
            await self._settle()
            return went_on
        if later.work is None:
            # Before anything is waited for, or a change could be missed.
            later = later._replace(work=shared.wait_at(client.place))
        await self._settle()
        if out:
            await self._send(b"".join(out))
            out.clear()
        write(out, await self._later(later, words[0][:64].lower()), client.resp3)
        await self._settle()
        return not client.leaving

    async def _settle(self):
        """Tell those who wait for a change, and wait for the disk where that was asked for."""
        client, shared = self.client, self._shared
        if client.changed:
            client.changed = False
            if client.place is not None:
                shared.tell(client.place)
            if shared.is_always(client.session):
                await shared.held.flush()

    async def _later(self, later, name):
        """The reply that a command gets in the end."""
        client, shared = self.client, self._shared
        while True:
            try:
                if type(later.work) is trio.Event:
                    result = await self._changed(later.work, later.seconds)
                else:
                    result = await trio.to_thread.run_sync(later.work)
            except REFUSABLE as failure:
                return refusal_of(failure, name)
            if shared.held.is_committing:
                await shared.held.ready()
            with shared.held.quick() as tx:
                shared.tx = tx
                client.use(tx, shared.now_ms())
                reply = later.then(result)
                if type(reply) is not Later:
                    self._set_bound()
                    return reply
                later = reply._replace(work=shared.wait_at(client.place)) if reply.work is None else reply

    def _set_bound(self):
        bound = self._shared.limits.command_max_bytes
        self._parser.bytes_max = min(GUEST_COMMAND_MAX_BYTES, bound) if self.client.session.user_id is None else bound

    async def _changed(self, event, seconds):
        """True when the event came, None when the time is over; ends the connection when the client leaves meanwhile."""
        with trio.move_on_after(seconds or float("inf")):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._until_gone)
                await event.wait()
                nursery.cancel_scope.cancel()
            return True
        return None

    async def _until_gone(self):
        while True:
            await trio.lowlevel.wait_readable(self._socket)
            try:
                if not self._socket.recv(1, socket.MSG_PEEK):
                    self.client.scope.cancel()
                    return
            except OSError:
                self.client.scope.cancel()
                return
            # Commands behind the one that waits stay in the socket.
            await trio.sleep(0.2)

    async def _receive(self):
        while True:
            await trio.lowlevel.wait_readable(self._socket)
            try:
                data = self._socket.recv(RECEIVE_BYTES)
            except BlockingIOError:
                continue
            except OSError:
                raise _Gone from None
            if not data:
                raise _Gone
            return data

    async def _send(self, data):
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            raise _Gone from None
        if sent == len(data):
            return
        with memoryview(data) as view:
            while sent < len(view):
                with trio.move_on_after(SEND_TIMEOUT_S) as scope:
                    await trio.lowlevel.wait_writable(self._socket)
                if scope.cancelled_caught:
                    self._shared.counters.add("resp_refusals", reason="slow-reader")
                    raise _Gone
                try:
                    sent += self._socket.send(view[sent : sent + RECEIVE_BYTES])
                except BlockingIOError:
                    continue
                except OSError:
                    raise _Gone from None


def _place_of(failure):
    """Where an exception was raised. Not its message, which may quote what a client sent."""
    trace, place = failure.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next
    return place
