"""Lets peers in: accepts connections, bounds them, shakes hands."""

import errno
from collections import OrderedDict

import trio

from leither_edge.dht import compact
from leither_edge.dht.rate import Rate

from .addresses import Address, group_of, is_near, packed
from .admission import Half
from .channel.handshake import Responder
from .channel.handshake_errors import HandshakeFailed
from .meeting import refuse, shake_hands, turn_away

# Accept a burst in turns with the channels that are carried.
ACCEPT_BATCH = 16
# Out of file handles or kernel memory: let some connections end first.
ACCEPT_PAUSE_S = 0.2
# Addresses whose rate is remembered, and those from which a friend came.
PLACES = 256
FRIENDS_PLACES = 64

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Door:
    """Where connections of others come in. Args: peers (Peers)."""

    def __init__(self, peers):
        self._peers = peers
        # Each handshake costs a dozen milliseconds on a small board: as many begin in a second as may be on their way.
        self._rate = Rate(peers.limits.half_open_max, places=PLACES, salt=peers.random_bytes(16))
        # Whoever has many networks can use up what is there for all. Friends have their own where they came from before.
        self._friends_rate = Rate(peers.limits.half_open_max, places=FRIENDS_PLACES, salt=peers.random_bytes(16))
        self._friends_groups = OrderedDict()

    async def accept(self, listener):
        """Accept connections until cancelled; closes the socket."""
        try:
            while True:
                await trio.lowlevel.wait_readable(listener)
                for _ in range(ACCEPT_BATCH):
                    try:
                        accepted, address = listener.accept()
                    except BlockingIOError:
                        break
                    except OSError as error:
                        if error.errno in _EXHAUSTED:
                            self._count("no-file-handles")
                            await trio.sleep(ACCEPT_PAUSE_S)
                        break  # else the other side left before it was accepted
                    self._admit(accepted, address[0], address[1])
        finally:
            listener.close()

    async def meet(self, stream, group, where, near, scope=None, has_spoken=False):
        """Shake hands with whoever is at the other end of a stream; the Channel, or None.

        Args: stream (trio Stream; closed in the end), group (bytes, or None for the own machine), where (address text), near (see
        Peers.adopt), scope (CancelScope to do it in), has_spoken (bytes have come).
        """
        peers = self._peers
        scope = scope or trio.CancelScope()
        half = Half(group, trio.current_time(), scope.cancel, group in self._friends_groups)
        half.has_spoken = has_spoken
        reason = peers.half_open.enter(half)
        if reason is not None:
            self._count(reason)
            await refuse(stream)
            return None
        responder = Responder(peers.channel_key, peers.random_bytes, network=peers.network)

        def heard(side):
            half.has_spoken = True
            if side.claimed_static is not None and peers.shows_friend(side.claimed_static):
                peers.half_open.knows(half, side.claimed_static)

        met = None
        try:
            with scope:
                met, leftover = await shake_hands(responder, stream, heard)
        except HandshakeFailed as error:
            peers.counters.add("peer_handshakes_failed", code=error.code)
            return None
        finally:
            peers.half_open.leave(half)
        if met is None:
            self._count("dropped")
            return None
        channel = await peers.adopt(stream, met, leftover, is_initiator=False, group=group, where=where, near=near)
        if channel is not None and channel.peer.is_friend and group is not None:
            self._friends_groups[group] = None
            self._friends_groups.move_to_end(group)
            if len(self._friends_groups) > FRIENDS_PLACES:
                self._friends_groups.popitem(last=False)
        return channel

    def _admit(self, sock, host, port):
        address = packed(host)
        is_own_machine = compact.is_loopback(address + b"\0\0")
        if not is_own_machine:
            rate = self._friends_rate if group_of(host) in self._friends_groups else self._rate
            reason = rate.take(address + b"\0\0", trio.current_time(), is_proved=True)
            if reason is not None:
                self._count(f"rate-{reason}")
                turn_away(sock)
                return
        has_spoken = False
        sock.setblocking(False)
        try:
            has_spoken = bool(sock.recv(1, trio.socket.MSG_PEEK))
        except BlockingIOError:
            pass
        except OSError:
            sock.close()
            return
        group = None if is_own_machine else group_of(host)
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(sock))
        self._peers.start_soon(self.meet, stream, group, str(Address(host, port, None)), is_near(host), None, has_spoken)

    def _count(self, reason):
        self._peers.counters.add("peer_refused", reason=reason)
