"""Published vectors, every XX and IK case of our suites, in both roles."""

import json
from pathlib import Path

import pytest

from leither_edge.crypto.noise.curve import pair_from_secret
from leither_edge.crypto.noise.handshake_state import HandshakeState
from leither_edge.crypto.noise.suite import BLAKE2B, SHA256

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())["vectors"]
SUITES = {suite.name: suite for suite in (SHA256, BLAKE2B)}


def party(vector, role):
    _, pattern, suite = vector["protocol_name"].split("_", 2)
    static = vector.get(f"{role}_remote_static")
    return HandshakeState(
        pattern,
        role == "init",
        pair_from_secret(bytes.fromhex(vector[f"{role}_static"])),
        lambda count: bytes.fromhex(vector[f"{role}_ephemeral"]),
        prologue=bytes.fromhex(vector[f"{role}_prologue"]),
        remote_static=static and bytes.fromhex(static),
        suite=SUITES[suite],
    )


def test_every_case_is_there():
    names = [(each["source"], each["protocol_name"]) for each in VECTORS]
    wanted = [(source, f"Noise_{pattern}_{suite}") for source in ("cacophony", "snow") for pattern in ("XX", "IK") for suite in SUITES]
    assert sorted(names) == sorted(wanted)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: f"{each['source']}-{each['protocol_name']}")
def test_both_roles_speak_the_vector(vector):
    initiator, responder = party(vector, "init"), party(vector, "resp")
    writer, reader = initiator, responder
    messages = [(bytes.fromhex(each["payload"]), bytes.fromhex(each["ciphertext"])) for each in vector["messages"]]
    while not initiator.is_finished:
        plain, sealed = messages.pop(0)
        assert writer.write_message(plain) == sealed
        assert reader.read_message(sealed) == plain
        writer, reader = reader, writer
    assert initiator.hash == responder.hash
    assert vector.get("handshake_hash") in (None, initiator.hash.hex())
    ways = {initiator: initiator.split(), responder: responder.split()}
    assert messages
    for plain, sealed in messages:
        assert ways[writer][0].encrypt(plain) == sealed
        assert ways[reader][1].decrypt(sealed) == plain
        writer, reader = reader, writer


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: f"{each['source']}-{each['protocol_name']}")
def test_static_keys_are_told(vector):
    initiator, responder = party(vector, "init"), party(vector, "resp")
    writer, reader = initiator, responder
    while not initiator.is_finished:
        reader.read_message(writer.write_message())
        writer, reader = reader, writer
    assert initiator.remote_static == pair_from_secret(bytes.fromhex(vector["resp_static"])).public
    assert responder.remote_static == pair_from_secret(bytes.fromhex(vector["init_static"])).public
