"""The sockets and the time around LanEngine."""

import random
import socket

import trio

from leither_edge.crypto.sodium import random_bytes
from leither_edge.discovery.lan.engine import GROUP, MESSAGE_MAX_BYTES, PORT, LanEngine
from leither_edge.discovery.lan.service import Own

TURN_DATAGRAMS = 32
# Cables and Wi-Fi come and go.
LOOK_S = 30
AGAIN_S = 60
# Answers come within 0.12 s, of a busy Wi-Fi later.
WAIT_S = 1.2
LOOK_PAUSE_S = 0.05
RECEIVE_BUFFER_BYTES = 65_536
_TTL = 255


class Lan:
    """Finds nodes on the LAN, and says where this one is.

    Args: interfaces (() -> IPv4 literals of the interfaces to speak on), counters, log, own (() -> Own, or None to look only),
    port, group (others in tests).
    """

    def __init__(self, interfaces, counters, log, own=None, port=PORT, group=GROUP):
        self._interfaces, self._counters, self._log, self._own_now = interfaces, counters, log, own
        self._engine = LanEngine(random.Random(random_bytes(16)), counters)
        self._port, self._group = port, group
        self._sock, self._ways = None, ()
        self._poke = trio.Event()
        self._complained = False

    async def run(self, *, task_status=trio.TASK_STATUS_IGNORED):
        """Until cancelled; what the network does not allow now is tried again."""
        is_told = False
        while True:
            ways = tuple(self._interfaces())
            sock = self._open(ways)
            if sock is None:
                if not is_told:
                    is_told = True
                    task_status.started()
                await trio.sleep(AGAIN_S)
                continue
            self._sock, self._ways = sock, ways
            if not is_told:
                is_told = True
                task_status.started()
            try:
                with sock:
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(self._hear, sock)
                        nursery.start_soon(self._keep_time)
                        await self._until_changed(ways)
                        nursery.cancel_scope.cancel()
            finally:
                self._sock = None

    async def find(self, key, wait_s=WAIT_S):
        """(texts of host and port) of a key's node, none where it is not here: at once where it was heard of, else after asking."""
        return await self._asked(lambda now: self._engine.find(key, now), key, wait_s)

    async def nearby(self, wait_s=WAIT_S):
        """[Nearby] of all nodes that are here; 0 gives those that were heard of."""
        if wait_s and self._sock is not None:
            self._ask(None)
            await trio.sleep(wait_s)
        return self._engine.nearby(trio.current_time())

    async def _asked(self, look, key, wait_s):
        found = look(trio.current_time())
        if found or self._sock is None:
            return found
        self._ask(key)
        with trio.move_on_after(wait_s):
            while not found:
                await trio.sleep(LOOK_PAUSE_S)
                found = look(trio.current_time())
        return found

    def _ask(self, key):
        self._engine.ask(trio.current_time(), key)
        self._poke.set()

    async def _until_changed(self, ways):
        told = None
        while tuple(self._interfaces()) == ways:
            own = self._own_now() if self._own_now is not None else None
            if own != told:
                told = own
                self._engine.tell(own, trio.current_time())
                self._poke.set()
            await trio.sleep(LOOK_S)

    async def _hear(self, sock):
        while True:
            await trio.lowlevel.wait_readable(sock)
            now = trio.current_time()
            for _ in range(TURN_DATAGRAMS):
                try:
                    data, source = sock.recvfrom(MESSAGE_MAX_BYTES + 1)
                except BlockingIOError:
                    break
                except OSError:
                    continue
                try:
                    self._engine.receive(data, source, now)
                except Exception as fault:
                    # A mistake of ours that one datagram has brought out must not take the node with it.
                    self._counters.add("lan_faults", kind=type(fault).__name__)
            self._send(sock)
            self._poke.set()
            await trio.lowlevel.checkpoint()

    async def _keep_time(self):
        try:
            while True:
                with trio.move_on_after(max(self._engine.next_wake - trio.current_time(), 0)):
                    await self._poke.wait()
                self._poke = trio.Event()
                self._engine.wake(trio.current_time())
                self._send(self._sock)
        finally:
            gone = self._engine.goodbye()
            if gone is not None:
                self._to_all(self._sock, gone)

    def _send(self, sock):
        outgoing = self._engine.outgoing
        while outgoing:
            data, address = outgoing.popleft()
            if address is None:
                self._to_all(sock, data)
            else:
                self._to(sock, data, address)

    def _to_all(self, sock, data):
        for own in self._ways:
            try:
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(own))
            except OSError:
                continue
            self._to(sock, data, (self._group, self._port))

    def _to(self, sock, data, address):
        try:
            sock.sendto(data, address)
        except OSError:
            self._counters.add("lan_unsent")

    def _open(self, ways):
        """A socket of the group on all these interfaces, or None where no one takes part."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            # The port is shared by all programs of this machine that speak it.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            # Bound to the group it hears nothing that was sent to this host alone from elsewhere (RFC 6762, 11).
            sock.bind((self._group, self._port))
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, _TTL)
            joined = [own for own in ways if _join(sock, self._group, own)]
            if joined:
                self._complained = False
                return sock
            raise OSError(0, "no interface takes part in multicast")
        except OSError as error:
            sock.close()
            if not self._complained and self._log is not None:
                self._complained = True
                self._log.warning("lan", sentence=f"Nodes of this network are not looked for: {error.strerror}.")
            return None


def own_of(key, port, name, hosts):
    """Function that makes the Own of now. Args: key (public key), port (TCP), name, hosts (functions)."""
    return lambda: Own(key, port, name(), tuple(hosts()))


def _join(sock, group, own):
    try:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + socket.inet_aton(own))
    except OSError:
        return False
    return True
