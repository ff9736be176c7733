"""In a channel that a stranger has rightly got: frames, streams and requests as nobody honest sends them."""

import os
import struct

from leither_edge.core import cbor
from leither_edge.peer.channel import frames
from leither_edge.peer.channel.handshake_errors import HandshakeFailed
from tests.peer.attack.ground import row

TIMES = 20
# The channel ends with one of these where a rule was broken.
BROKEN = {"frame-size", "cipher", "frame", "stream", "credit", "message", "flood", "order"}
CALL_FLAGS = frames.CALL | frames.END


def ends_of(ground, scale, attack, evils, wanted, least_channels=1):
    """A Row: each evil thing in a channel of its own. Args: evils ([function of an established Wire]), wanted (codes)."""
    before, codes = ground.memory_mib(), []
    for _ in range(max(1, int(TIMES * scale))):
        for evil in evils:
            with ground.wire() as wire:
                try:
                    wire.shake()
                except HandshakeFailed as error:
                    codes.append(f"handshake {error.code}")
                    continue
                try:
                    evil(wire)
                    code, refused = wire.end()
                except OSError as error:
                    code, refused = type(error).__name__, {}
                codes += [code, *refused]
    return row(ground, attack, codes, wanted, before)


def bad_frames(ground, scale):
    """Too short, not encrypted, altered, repeated, of unknown kind, out of order."""

    def repeated(wire):
        hello = wire.hello()
        wire.send(hello + hello)

    def altered(wire):
        data = bytearray(wire.hello())
        data[-1] ^= 1
        wire.send(bytes(data))

    evils = [
        lambda wire: wire.send(b"\0\0"),
        lambda wire: wire.send(b"\0\x05hello"),
        lambda wire: wire.send(b"\xff\xff" + os.urandom(65535)),
        altered,
        repeated,
        lambda wire: wire.send(wire.hello() + wire.sealed(99)),
        lambda wire: wire.send(wire.hello() + wire.sealed(frames.DATA, 0, 1, b"data")),
        lambda wire: wire.send(wire.sealed(frames.PING, payload=bytes(8))),
        lambda wire: wire.send(wire.hello() + wire.hello()),
        lambda wire: wire.send(wire.hello() + wire.sealed(frames.ANSWER, frames.END, 2, b"x")),
        lambda wire: wire.send(wire.hello() + wire.sealed(frames.OPEN, CALL_FLAGS, 2, opening("echo"))),
        lambda wire: wire.send(wire.hello() + wire.sealed(frames.OPEN, CALL_FLAGS, 1, b"\xff" * 100)),
        lambda wire: wire.send(wire.hello() + wire.sealed(frames.OPEN, CALL_FLAGS, 1, b"\x81" * 10_000)),
        lambda wire: wire.send(wire.hello() + wire.sealed(frames.CLOSE, payload=b"junk")),
    ]
    return ends_of(ground, scale / 4, "bad frames", evils, BROKEN)


def opening(method):
    return cbor.encode([method, {}, 0])


def oversized_requests(ground, scale):
    """Requests without an end, more of them at once than anybody begins."""

    def endless(wire):
        wire.send(wire.hello())
        for _ in range(64):
            if not wire.send(wire.sealed(frames.OPEN, frames.MORE | frames.CALL, 1, bytes(60_000))):
                break

    def many_begun(wire):
        wire.send(wire.hello())
        for number in range(2000):
            if not wire.send(wire.sealed(frames.OPEN, frames.MORE | frames.CALL, 2 * number + 1, bytes(1000))):
                break

    return ends_of(ground, scale / 4, "oversized requests", [endless, many_begun], {"message", "cut"})


def beyond_credit(ground, scale):
    """More data in a stream than the node gave credit for, and none of the node's answers read."""

    def greedy(wire):
        wire.send(wire.hello() + wire.sealed(frames.OPEN, 0, 1, cbor.encode(["sink", {}, 1024])))
        for _ in range(200):
            if not wire.send(wire.sealed(frames.DATA, 0, 1, bytes(60_000))):
                break

    return ends_of(ground, scale / 4, "beyond the credit", [greedy], {"credit", "cut"})


def stream_flood(ground, scale):
    """Streams opened as fast as they can be, thousands more than are taken, every one a call that never ends."""
    opened = int(20_000 * scale)

    def flood(wire):
        wire.send(wire.hello())
        batch = []
        for number in range(opened):
            batch.append(wire.sealed(frames.OPEN, CALL_FLAGS, 2 * number + 1, opening("never")))
            if len(batch) == 200:
                wire.sock.settimeout(0.5)
                if not wire.send(b"".join(batch)):
                    break
                batch = []
        wire.sock.settimeout(5)
        wire.send(wire.sealed(frames.CLOSE, payload=frames.reason("bye", "Enough.")))

    return ends_of(ground, 0, "stream flood", [flood], BROKEN | {"cut", "busy", "too-fast"})


def ping_flood(ground, scale):
    """Pings without end, the answers unread."""

    def flood(wire):
        wire.send(wire.hello())
        wire.sock.settimeout(0.5)
        for _ in range(int(500 * scale)):
            if not wire.send(b"".join(wire.sealed(frames.PING, payload=struct.pack(">Q", each)) for each in range(200))):
                break
        wire.sock.settimeout(5)
        wire.send(wire.sealed(frames.CLOSE, payload=frames.reason("bye", "Enough.")))

    return ends_of(ground, 0, "ping flood", [flood], {"flood", "cut"})


ATTACKS = (bad_frames, oversized_requests, beyond_credit, stream_flood, ping_flood)
