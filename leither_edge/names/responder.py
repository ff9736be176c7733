"""The DNS server on the device's own network: UDP and TCP, every part of it bounded (RFC 1035, 4.2; 7766)."""

import errno

import trio

from leither_edge.dht import compact
from leither_edge.names import listening
from leither_edge.names.answerer import QUERY_MAX_BYTES, answer, encoded, read_query
from leither_edge.names.near import Rate, is_near

REQUESTS_PER_S = 20
CONNECTIONS_MAX = 8
CONNECTIONS_PER_ADDRESS_MAX = 4
WAITING_MAX = 32
# A burst is read in turns with everything else that the node does.
TURN_DATAGRAMS = 16
ANSWER_MAX_S = 10
# RFC 7766, 6.2.3: seconds, not minutes, for a small server.
IDLE_S = 10
WRITE_S = 10
CONNECTION_MAX_S = 120
ACCEPT_PAUSE_S = 0.2
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Responder:
    """Answers DNS queries by a Resolver.

    requests_per_s: of one address; connections_max: open TCP connections; counters, log: of the process.
    """

    __slots__ = ("_addresses", "_connections", "_connections_max", "_counters", "_log", "_rate", "_resolver", "_waiting")

    def __init__(self, resolver, counters, log, *, requests_per_s=REQUESTS_PER_S, connections_max=CONNECTIONS_MAX):
        self._resolver = resolver
        self._counters = counters
        self._log = log
        self._rate = Rate(requests_per_s)
        self._connections_max = connections_max
        self._connections = 0
        self._addresses = {}
        self._waiting = 0

    async def serve(self, hosts, port, *, task_status=trio.TASK_STATUS_IGNORED):
        """Answer on numeric addresses until cancelled; started with the port. Raises ListenError."""
        pairs = listening.open_sockets(hosts, port)
        try:
            async with trio.open_nursery() as nursery:
                for udp, tcp in pairs:
                    nursery.start_soon(self._serve_udp, udp, nursery)
                    nursery.start_soon(self._serve_tcp, tcp, nursery)
                task_status.started(pairs[0][0].getsockname()[1])
        finally:
            listening.close(pairs)

    # Datagrams

    async def _serve_udp(self, sock, nursery):
        while True:
            await trio.lowlevel.wait_readable(sock)
            for _ in range(TURN_DATAGRAMS):
                try:
                    data, peer, own, control = listening.receive(sock, QUERY_MAX_BYTES + 1)
                except BlockingIOError:
                    break
                except OSError:
                    # What an earlier answer met on its way is told here, and is no concern of ours.
                    continue
                if not self._is_welcome(peer, own):
                    continue
                query, refusal = read_query(data)
                if query is None:
                    self._count("unreadable")
                    if refusal is not None:
                        _send(sock, refusal, control, peer)
                elif self._waiting >= WAITING_MAX:
                    self._count("full")
                else:
                    self._waiting += 1
                    nursery.start_soon(self._answer_datagram, sock, query, control, peer)
            await trio.lowlevel.checkpoint()

    async def _answer_datagram(self, sock, query, control, peer):
        try:
            data = await self._answer(query, True)
            if data is not None:
                _send(sock, data, control, peer)
        finally:
            self._waiting -= 1

    # Connections

    async def _serve_tcp(self, listener, nursery):
        while True:
            await trio.lowlevel.wait_readable(listener)
            try:
                accepted, peer = listener.accept()
            except BlockingIOError:
                continue
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._count("no-file-handles")
                    await trio.sleep(ACCEPT_PAUSE_S)
                continue
            accepted.setblocking(False)
            who = peer[0]
            if self._connections >= self._connections_max or self._addresses.get(who, 0) >= CONNECTIONS_PER_ADDRESS_MAX:
                self._count("full")
                accepted.close()
                continue
            self._connections += 1
            self._addresses[who] = self._addresses.get(who, 0) + 1
            nursery.start_soon(self._serve_connection, accepted, peer)

    async def _serve_connection(self, accepted, peer):
        try:
            own = _ip_bytes(accepted.getsockname()[0])
            with trio.move_on_after(CONNECTION_MAX_S):
                while await self._serve_query(accepted, peer, own):
                    pass
        except OSError:
            # The client has gone.
            pass
        finally:
            accepted.close()
            self._connections -= 1
            left = self._addresses[peer[0]] - 1
            if left:
                self._addresses[peer[0]] = left
            else:
                del self._addresses[peer[0]]

    async def _serve_query(self, connection, peer, own):
        """One query of a connection; whether it may ask another."""
        data = b""
        with trio.move_on_after(IDLE_S):
            head = await _receive(connection, 2)
            size = int.from_bytes(head, "big")
            if len(head) == 2 and 0 < size <= QUERY_MAX_BYTES:
                data = await _receive(connection, size)
                if len(data) < size:
                    data = b""
        if not data or not self._is_welcome(peer, own):
            return False
        query, refusal = read_query(data)
        if query is None:
            self._count("unreadable")
            if refusal is None:
                return False
        out = refusal if query is None else await self._answer(query, False)
        if out is None:
            return False
        with trio.move_on_after(WRITE_S) as limit:
            await _send_all(connection, len(out).to_bytes(2, "big") + out)
        return not limit.cancelled_caught

    # Both

    def _is_welcome(self, peer, own):
        try:
            address = compact.pack(peer[0].partition("%")[0], peer[1])
        except compact.AddressError:
            return False
        if not peer[1] or (own is not None and not is_near(address, own)):
            self._count("far")
            return False
        if not self._rate.allows(address, self._resolver.clock()):
            self._count("rate")
            return False
        return True

    async def _answer(self, query, is_udp):
        """The bytes of an answer; None where there was no time for one."""
        try:
            with trio.move_on_after(ANSWER_MAX_S):
                reply = await answer(query, self._resolver)
                self._counters.add("names_answers", code=reply.code)
                return encoded(query, reply, is_udp)
        except Exception as error:
            # A mistake of ours with one query is not the end of the server.
            self._log.error("names-failure", type=type(error).__name__)
        self._count("late")
        return None

    def _count(self, reason):
        self._counters.add("names_dropped", reason=reason)


def _send(sock, data, control, peer):
    try:
        sock.sendmsg([data], control, 0, peer)
    except OSError:
        # Full, or no way back: the client asks again.
        pass


async def _receive(sock, size):
    """``size`` bytes, fewer where the connection ends before."""
    data = b""
    while len(data) < size:
        await trio.lowlevel.wait_readable(sock)
        try:
            piece = sock.recv(size - len(data))
        except BlockingIOError:
            continue
        if not piece:
            break
        data += piece
    return data


async def _send_all(sock, data):
    while data:
        try:
            data = data[sock.send(data) :]
        except BlockingIOError:
            await trio.lowlevel.wait_writable(sock)


def _ip_bytes(host):
    return compact.ip(compact.pack(host.partition("%")[0], 0))
