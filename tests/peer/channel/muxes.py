"""Two sides of a channel without connections or clocks, and a peer that sends frames as it likes."""

from leither_edge.crypto.noise.cipher_state import CipherState
from leither_edge.peer.channel import frames
from leither_edge.peer.channel.limits import NORMAL, Limits
from leither_edge.peer.channel.mux import Mux

ONE, TWO = bytes(32), b"\1" * 32
BATCH = 1 << 20


def pair(limits=None, now=0.0):
    """(initiator, responder), who have said what they take."""
    limits = limits or Limits()
    a = Mux(CipherState(ONE), CipherState(TWO), True, limits, now)
    b = Mux(CipherState(TWO), CipherState(ONE), False, limits, now)
    carry(a, b, now)
    return a, b


def feed(mux, data, now=0.0):
    """Give bytes to a side, as much at a time as it has room for."""
    data = memoryview(data)
    while data and mux.closed is None:
        room = mux.room()
        count = min(len(room), len(data))
        room[:count], data = data[:count], data[count:]
        has_more = mux.filled(count, now)
        while has_more:
            has_more = mux.go_on(now)


def carry(a, b, now=0.0, batch=BATCH):
    """Carry bytes to and fro until nobody has any."""
    is_moving = True
    while is_moving:
        is_moving = False
        for one, other in ((a, b), (b, a)):
            view = one.fill(batch, now)
            if view is not None:
                feed(other, bytes(view), now)
                is_moving = True


def opened(a, b, is_call=False, priority=NORMAL, arguments=None):
    """A stream of two Muxes that was accepted: its half on each side."""
    half = a.open("x", arguments or {}, priority, is_call)
    carry(a, b)
    other = b.next_request(0.0, True)
    if not is_call:
        b.answer(other, {})
        carry(a, b)
    return half, other


class Raw:
    """The initiator's side of a channel to a Mux (mux), frame by frame."""

    def __init__(self, limits=None, now=0.0, hello=True):
        self.mux = Mux(CipherState(TWO), CipherState(ONE), False, limits or Limits(), now)
        self._sending, self._receiving = CipherState(ONE), CipherState(TWO)
        if hello:
            self.send(frames.HELLO, payload=frames.hello(32), now=now)
            self.received()

    def send(self, kind, flags=0, stream=0, payload=b"", now=0.0):
        """Send one frame; the Mux itself."""
        data = self._sending.encrypt(frames.HEADER.pack(kind, flags, stream) + payload)
        feed(self.mux, frames.LENGTH.pack(len(data)) + data, now)
        return self.mux

    def call(self, number, method="x", arguments=None, now=0.0):
        return self.send(frames.OPEN, frames.CALL | frames.END, number, frames.request(method, arguments or {}, 0), now)

    def open(self, number, method="x", credit=1 << 20, now=0.0):
        return self.send(frames.OPEN, 0, number, frames.request(method, {}, credit), now)

    def rekey(self):
        """Change the key, and say so."""
        self.send(frames.REKEY)
        self._sending.rekey()

    def received(self, batch=BATCH, now=0.0):
        """[(kind, flags, stream, payload)] that the Mux sends now."""
        found = []
        while (view := self.mux.fill(batch, now)) is not None:
            data = bytes(view)
            while data:
                size = frames.LENGTH.unpack_from(data)[0]
                plain = self._receiving.decrypt(data[2 : 2 + size])
                data = data[2 + size :]
                kind, flags, stream = frames.HEADER.unpack_from(plain)
                if kind == frames.REKEY:
                    self._receiving.rekey()
                found.append((kind, flags, stream, plain[frames.HEADER.size :]))
        return found
