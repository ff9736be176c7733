"""Before there is a channel: what was recorded, altered, made up."""

import os
import socket
import threading

from leither_edge.crypto import sodium
from leither_edge.crypto.noise.curve import Pair, pair_from_secret
from leither_edge.crypto.noise.handshake_state import HandshakeState
from leither_edge.crypto.noise.suite import SHA256
from leither_edge.peer.channel.greeting import PUBLIC_NETWORK, Greeting, write_greeting
from leither_edge.peer.channel.handshake import _PROTOCOL, MESSAGE_MAX_BYTES, Initiator
from leither_edge.peer.channel.handshake_errors import HandshakeFailed
from tests.peer.attack.ground import row
from tests.peer.attack.honest import RETURNING
from tests.peer.attack.wire import Wire, fresh_key

# Rounds in full length.
TIMES = 100
# Points that make every exchange give zeros (RFC 7748 section 6.1).
ZEROS = [bytes(32), b"\1" + bytes(31), bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]


def framed(message):
    return len(message).to_bytes(2) + message


def replayed_first_messages(ground, scale):
    """A friend's first message, and all else he said, sent again: the node answers, and believes nothing."""
    known = {"expected": ground.public_key, "static": ground.static}
    with ground.wire() as wire:
        first, confirmation = wire.shake(RETURNING, **known)
        later = confirmation + wire.hello()
        wire.send(wire.hello())
    figures = ground.settled()
    before, codes, channels = ground.memory_mib(), [], figures["channels"]
    for number in range(int(TIMES * scale)):
        with ground.wire() as wire:
            wire.send(first)
            answer = wire.refusal()
            # Then what the friend sent next, or nothing at all.
            wire.send(later if number % 2 else b"")
            wire.done()
            while wire.receive(1000):
                pass
            codes.append(answer)
    after = ground.settled()
    failed = after["counters"].get("peer_handshakes_failed", {})
    held = after["channels"] <= channels and failed.get("authentication", 0) >= len(codes) // 2
    return row(ground, "replayed first messages", codes, {"go on"}, before, f"no channel came of any; {failed}", is_held=held)


def downgraded(ground, scale):
    """Somebody between changes pattern, suite, network or version of an honest greeting."""
    changes = {8: (0, 1, 7), 9: (1, 9), 7: (0, 2), 10: (1,), 0: (0x16,)}
    before, codes, told = ground.memory_mib(), [], []
    for _ in range(max(1, int(TIMES * scale) // 18)):
        for at, values in changes.items():
            for value in values:
                for how in ({}, {"expected": ground.public_key, "static": ground.static}):
                    side = Initiator(fresh_key(), sodium.random_bytes, **how)
                    data = bytearray(side.begin())
                    if data[at] == value:
                        continue
                    data[at] = value
                    with ground.wire() as wire:
                        wire.send(bytes(data))
                        wire.done()
                        told.append(outcome(side, wire))
                        codes.append(told[-1])
    wanted = {"authentication", "malformed", "peer-suite", "peer-version", "peer-network", "peer-refused", "cut", "too-large"}
    return row(ground, "downgraded greeting", codes, wanted, before, "no side took a channel")


def outcome(side, wire):
    """How an honest initiator's handshake ends: a code, or "channel"."""
    try:
        while side.established is None:
            data = wire.sock.recv(1024)
            if not data:
                side.end_of_input()
            wire.send(side.receive(data))
    except HandshakeFailed as error:
        return error.code
    except ConnectionError:
        return "cut"
    return "channel"


class Pretended:
    """A key that shows the credential of another node."""

    def __init__(self, own, credential):
        self.pair, self.public_key, self.credential = own.pair, own.public_key, credential


def wrong_keys(ground, scale):
    """Credentials of others, of nobody, and another node where one is expected."""
    before, codes = ground.memory_mib(), []
    known = {"expected": ground.public_key, "static": ground.static}
    for _ in range(int(TIMES * scale) // 4 + 1):
        own = fresh_key()
        for credential in (RETURNING.credential, own.credential[:-1] + bytes([own.credential[-1] ^ 1]), b"", os.urandom(256)):
            with ground.wire() as wire:
                try:
                    wire.shake(Pretended(own, credential), **known)
                    codes.append("channel")
                except HandshakeFailed as error:
                    codes.append(error.code)
        with ground.wire() as wire:
            try:
                # The right channel key, but of another identity than the expected one.
                wire.shake(own, expected=own.public_key[::-1], static=ground.static)
            except HandshakeFailed as error:
                codes.append(error.code)
    return row(ground, "wrong keys and identities", codes, {"peer-identity", "wrong-peer"}, before)


def pretended_node(ground, scale):
    """Another node listens where the friend expects the attacked one: he says nothing of himself."""
    from leither_edge.peer.channel.handshake import Responder

    before, codes, heard = ground.memory_mib(), [], []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def pretend():
            for _ in range(rounds):
                sock, _ = server.accept()
                with sock:
                    side = Responder(fresh_key(), sodium.random_bytes)
                    try:
                        while side.established is None:
                            data = sock.recv(4096)
                            if not data:
                                break
                            sock.sendall(side.receive(data))
                    except (HandshakeFailed, OSError):
                        pass
                    heard.append(side.claimed_static)

        rounds = int(TIMES * scale) // 2 * 2 + 2
        thread = threading.Thread(target=pretend)
        thread.start()
        for number in range(rounds):
            how = {"static": ground.static} if number % 2 else {}
            with Wire(server.getsockname()[:2]) as wire:
                try:
                    wire.shake(RETURNING, expected=ground.public_key, **how)
                    codes.append("channel")
                except HandshakeFailed as error:
                    codes.append(error.code)
        thread.join()
    silent = all(each is None for each in heard)
    return row(ground, "another node in its place", codes, {"wrong-peer"}, before, "the friend never named himself", is_held=silent)


def zero_keys(ground, scale):
    """Points of small order as ephemeral and as static key: everybody would know the channel's keys."""
    before, codes = ground.memory_mib(), []
    for _ in range(int(TIMES * scale) // 9 + 1):
        for zero in ZEROS:
            for pattern in ("XX", "IK"):
                greeting = write_greeting(Greeting(pattern, SHA256, PUBLIC_NETWORK))
                with ground.wire() as wire:
                    wire.send(greeting + framed(zero if pattern == "XX" else zero + os.urandom(300)))
                    codes.append(wire.refusal())
            codes.append(zero_static(ground, zero))
    counted = ground.settled()["counters"].get("peer_handshakes_failed", {}).get("zero-key", 0)
    note = f"zero-key counted {counted} times"
    return row(ground, "zero keys", codes, {"peer-refused", "closed"}, before, note, is_held=counted >= len(codes))


def zero_static(ground, zero):
    """IK with a static key of small order, encrypted as it should be."""
    greeting = write_greeting(Greeting("IK", SHA256, PUBLIC_NETWORK))
    noise = HandshakeState(
        "IK", True, Pair(os.urandom(32), zero), sodium.random_bytes, prologue=_PROTOCOL + greeting, remote_static=ground.static
    )
    # The last exchange is the responder's to make: what follows cannot be right anyway.
    state, ephemeral = noise._state, pair_from_secret(os.urandom(32))
    noise._ephemeral = ephemeral
    state.mix_hash(ephemeral.public)
    noise._mix("es")
    message = ephemeral.public + state.encrypt_and_hash(zero) + os.urandom(200)
    with ground.wire() as wire:
        wire.send(greeting + framed(message))
        return wire.refusal()


def oversized_handshakes(ground, scale):
    """Lengths that are not true, messages of every wrong size, bytes that are no handshake at all."""
    before, codes = ground.memory_mib(), []
    greeting = write_greeting(Greeting("XX", SHA256, PUBLIC_NETWORK))
    bodies = [
        greeting + b"\xff\xff", greeting + (MESSAGE_MAX_BYTES + 1).to_bytes(2), greeting + b"\0\0", greeting + framed(b"x" * 31),
        greeting + framed(b"x" * 33), b"GET / HTTP/1.1\r\nHost: node\r\n\r\n", b"\x16\x03\x01" + os.urandom(500), os.urandom(4096),
        greeting[:-1],
    ]  # fmt: skip
    for _ in range(int(TIMES * scale) // len(bodies) + 1):
        for body in bodies:
            with ground.wire() as wire:
                wire.send(body)
                wire.done()
                codes.append(wire.refusal())
    return row(ground, "oversized and senseless starts", codes, {"peer-refused", "closed", "peer-version"}, before)


def begun_again(ground, scale):
    """A first message nobody can open, over and over: the node begins anew once in a connection."""
    before, codes = ground.memory_mib(), []
    for _ in range(int(TIMES * scale) // 2 + 1):
        with ground.wire() as wire:
            message = pair_from_secret(os.urandom(32)).public + os.urandom(300)
            wire.send(write_greeting(Greeting("IK", SHA256, PUBLIC_NETWORK)) + framed(message))
            codes.append(wire.refusal())
            wire.send(framed(os.urandom(332)))
            codes.append(wire.refusal())
    return row(ground, "anew and anew", codes, {"anew", "peer-refused", "closed"}, before)


ATTACKS = (
    replayed_first_messages, downgraded, wrong_keys, pretended_node, zero_keys, oversized_handshakes, begun_again,
)  # fmt: skip

