"""dissononce and noiseprotocol, which nobody here wrote, come to a channel with us in both roles, over a socket."""

import itertools
import json
import os
import pathlib
import socket
import subprocess

import pytest

from leither_edge.crypto.noise.suite import BLAKE2B, SHA256
from tests.own_environment import python_of
from tests.peer.channel.two_nodes import ALICE, BOB, initiator, responder

pytestmark = pytest.mark.interop

SUITES = {"SHA256": SHA256, "BLAKE2b": BLAKE2B}
SIZES = (0, 1, 65519)
WAIT_S = 10


def cases():
    for library, pattern, name, is_initiator in itertools.product(("dissononce", "noiseprotocol"), ("XX", "IK"), SUITES, (True, False)):
        yield {
            "library": library, "pattern": pattern, "hash": name, "is_initiator": is_initiator, "echoes": len(SIZES),
            # dissononce 0.34 makes a key of 48 bytes, where Noise section 4.2 says the first 32 of them.
            "rekeys": library == "noiseprotocol",
            "secret": ALICE.pair.secret.hex(), "credential": ALICE.credential.hex(), "remote": BOB.pair.public.hex(),
        }  # fmt: skip


def shaken(case, connection):
    """Our side of one case, as BOB; gives the Established."""
    if case["is_initiator"]:
        side = responder()
    else:
        known = {"expected": ALICE.public_key, "static": ALICE.pair.public} if case["pattern"] == "IK" else {}
        side = initiator(BOB, suite=SUITES[case["hash"]], **known)
        connection.sendall(side.begin())
    while side.established is None:
        data = connection.recv(100)
        assert data, "the other side hung up"
        connection.sendall(side.receive(data))
    assert side.established.pattern == case["pattern"]
    return side.established, side.leftover


def echo(channel, wire, size, rekeys):
    plain = os.urandom(size)
    sealed = channel.sending.encrypt(plain)
    wire.sendall(len(sealed).to_bytes(2) + sealed)
    with wire.makefile("rb") as lines:
        answer = lines.read(int.from_bytes(lines.read(2)))
    assert channel.receiving.decrypt(answer) == plain[::-1]
    if rekeys:
        channel.sending.rekey()
        channel.receiving.rekey()


def test_channels_with_other_implementations():
    python, program = python_of("noise"), pathlib.Path(__file__).with_name("noise_peer.py")
    played = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(WAIT_S)
        wanted = [{**case, "port": listening.getsockname()[1]} for case in cases()]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen([str(python), "-I", str(program)], text=True, **pipes) as peer:
            try:
                peer.stdin.write(json.dumps(wanted))
                peer.stdin.close()
                peer.stdin = None
                for case in wanted:
                    connection, _ = listening.accept()
                    with connection:
                        connection.settimeout(WAIT_S)
                        channel, leftover = shaken(case, connection)
                        assert leftover == b""
                        for size in SIZES:
                            echo(channel, connection, size, case["rekeys"])
                    played.append(channel)
                said, errors = peer.communicate(timeout=WAIT_S)
            finally:
                peer.kill()
    assert errors == ""
    for case, channel, theirs in zip(wanted, played, json.loads(said), strict=True):
        name = f"{case['library']} {case['pattern']} {case['hash']}, {'initiator' if case['is_initiator'] else 'responder'}"
        assert (channel.public_key, channel.static) == (ALICE.public_key, ALICE.pair.public), name
        assert theirs == {"shown": BOB.credential.hex(), "hash": channel.hash.hex(), "echoed": sum(SIZES)}, name
    assert len(played) == 16
