"""Floods of connections, beside honest peers who measure what they notice of it."""

import os
import socket
import threading
import time
from collections import deque

from leither_edge.crypto.noise.curve import pair_from_secret
from leither_edge.crypto.noise.suite import SHA256
from leither_edge.peer.channel.greeting import PUBLIC_NETWORK, Greeting, write_greeting
from leither_edge.peer.channel.handshake_errors import HandshakeFailed
from tests.peer.attack.ground import NETWORKS, Row, count
from tests.peer.attack.wire import WAIT_S

CONNECTIONS = 10_000
MEASURE_S = 8.0
# Connections that the attacker keeps open; the system's limit on files is above it.
OPEN_MAX = 800
GREETING = write_greeting(Greeting("XX", SHA256, PUBLIC_NETWORK))
# How much longer than before an honest call may take at the median, and how much of the rate must be left, with the attacker's own work on
# the same machine. Friends come in, and who is cut by chance dials again; strangers do where the attacker has but a few networks.
SLOWER_MAX, CALL_MS, RATE_LEFT, CAME = 8.0, 50.0, 0.2, 0.95


class Flood(threading.Thread):
    """Opens connections at a steady rate and leaves them as they are.

    Args: greet (None: mute; else () -> bytes that each sends first), networks (from how many of them).
    """

    def __init__(self, ground, connections, seconds, greet, networks=NETWORKS):
        super().__init__()
        self._ground, self._connections, self._seconds, self._greet, self._networks = ground, connections, seconds, greet, networks
        self.made = self.failed = 0

    def run(self):
        held, begun = deque(), time.monotonic()
        for number in range(self._connections):
            wait = begun + self._seconds * number / self._connections - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            sock = socket.socket()
            try:
                source = self._ground.source(number, self._networks)
                if source:
                    sock.bind((source, 0))
                sock.settimeout(0.5)
                sock.connect(self._ground.far)
                if self._greet is not None:
                    sock.send(self._greet())
                self.made += 1
            except OSError:
                self.failed += 1
            held.append(sock)
            if len(held) > OPEN_MAX:
                held.popleft().close()
        for sock in held:
            sock.close()


def first_message():
    key = pair_from_secret(os.urandom(32)).public
    return GREETING + len(key).to_bytes(2) + key


def measured(ground, attack, flood, seconds, most_mib=8.0, strangers_come=False):
    """A Row: honest peers before and during a flood."""
    honest = ground.honest()
    try:
        calm = honest.measure(seconds)
        before, counted = ground.memory_mib(), dict(ground.figures()["counters"].get("peer_refused", {}))
        flood.start()
        honest.begin(seconds)
        highest = handles = 0
        while flood.is_alive():
            highest, handles = max(highest, ground.memory_mib()), max(handles, ground.handles())
            flood.join(0.1)
        during = honest.end()
    finally:
        honest.leave()
    after = ground.settled(15.0)
    refused = {code: value - counted.get(code, 0) for code, value in after["counters"].get("peer_refused", {}).items()}
    refused = {code: value for code, value in refused.items() if value > 0}
    grown = highest - before
    held = (
        during["is_open"] and grown <= most_mib and after["half_open"] == 0
        and during["call_ms"][0] <= max(SLOWER_MAX * calm["call_ms"][0], CALL_MS) and during["mb_per_s"] >= RATE_LEFT * calm["mb_per_s"]
        and all(during[who]["came"] >= CAME * during[who]["tries"] for who in ("friend", "stranger")[: 1 + strangers_come])
    )  # fmt: skip
    rest = ground.memory_mib() - before
    note = f"{flood.made} connections made, {flood.failed} not; at most {handles} files open; {rest:+.2f} MiB afterwards"
    return Row(attack, flood.made + flood.failed, refused, [], round(grown, 2), {"calm": calm, "during": during}, held, note)


def mute_half_open(ground, scale):
    """10,000 connections that say nothing."""
    return measured(ground, "half-open, mute", Flood(ground, int(CONNECTIONS * scale), MEASURE_S * scale, None), MEASURE_S * scale)


def speaking_half_open(ground, scale):
    """10,000 connections with a good first message, and nothing after the node's answer."""
    seconds = MEASURE_S * scale
    return measured(ground, "half-open, speaking", Flood(ground, int(CONNECTIONS * scale), seconds, first_message), seconds)


def few_networks(ground, scale):
    """The same from four networks: strangers from others come in as well."""
    seconds = MEASURE_S * scale
    flood = Flood(ground, int(CONNECTIONS * scale), seconds, first_message, networks=4)
    return measured(ground, "half-open, from 4 networks", flood, seconds, strangers_come=ground.is_apart)


def slow_handshakes(ground, scale):
    """As many places for handshakes as there are, each held by a byte now and then."""
    before, wires = ground.memory_mib(), [ground.wire() for number in range(64)]
    data, begun, ends = first_message(), time.monotonic(), []
    highest, codes = 0.0, []
    try:
        for at in range(len(data)):
            for wire in wires:
                wire.send(data[at : at + 1])
            highest = max(highest, ground.memory_mib())
            time.sleep(0.3 * scale)
            if at == 2:
                # A friend comes in while all places are taken.
                with ground.wire() as friend:
                    codes.append(came(ground, friend))
        limit = time.monotonic() + WAIT_S
        while (left := ground.figures()["half_open"]) and time.monotonic() < limit:
            time.sleep(0.1)
        ends.append(left)
    finally:
        for wire in wires:
            wire.sock.close()
    held = codes == ["channel"] and ends == [0] and highest - before <= 4.0
    note = f"all places free again after {time.monotonic() - begun:.0f} s; a friend came in meanwhile"
    return Row("slow handshakes", len(wires), count(codes), ["channel"], round(highest - before, 2), None, held, note)


def came(ground, wire):
    from tests.peer.attack.honest import RETURNING

    try:
        wire.shake(RETURNING, expected=ground.public_key, static=ground.static)
    except (HandshakeFailed, OSError) as error:
        return getattr(error, "code", type(error).__name__)
    return "channel"


def full_of_strangers(ground, scale):
    """Channels of strangers until there is no place: a friend still gets one, and each channel that is held costs little."""
    before, wires, codes = ground.memory_mib(), [], []
    for _ in range(int(200 * scale) + 30):
        wire = ground.wire()
        wires.append(wire)
        try:
            wire.shake()
            wire.send(wire.hello())
            codes.append("channel")
        except (HandshakeFailed, OSError) as error:
            codes.append(getattr(error, "code", type(error).__name__))
    grown, channels = ground.memory_mib() - before, ground.figures()["channels"]
    # One frame begun and never ended, in each: the largest that there is.
    for wire in wires:
        wire.send(b"\xff\xff" + bytes(60_000))
    time.sleep(0.5)
    slow = ground.memory_mib() - before
    with ground.wire() as friend:
        friend_came = came(ground, friend)
    for wire in wires:
        wire.sock.close()
    turned = ground.settled()["counters"].get("peer_turned_away", {})
    held = friend_came == "channel" and slow < 24 * 0.35 + 1
    note = f"{channels} open: {grown:.2f} MiB; with a slow frame in each {slow:.2f}; turned away {turned}; a friend: {friend_came}"
    return Row("channels of strangers", len(wires), count(codes), ["channel"], round(slow, 2), None, held, note)


ATTACKS = (slow_handshakes, full_of_strangers, mute_half_open, speaking_half_open, few_networks)
