"""What a handshake refuses."""

import pytest

from leither_edge.crypto import sodium
from leither_edge.crypto.noise.curve import pair_from_secret
from leither_edge.crypto.noise.errors import NoiseError
from leither_edge.crypto.noise.handshake_state import HandshakeState

ALICE, BOB = pair_from_secret(b"a" * 32), pair_from_secret(b"b" * 32)
# Points of small order (RFC 7748 section 6.1; cr.yp.to/ecdh.html#validate): whatever the secret, they give zeros.
SMALL_ORDER = [
    bytes(32),
    b"\1" + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]


def two(pattern, **differing):
    known = BOB.public if pattern == "IK" else None
    return (
        HandshakeState(pattern, True, ALICE, sodium.random_bytes, remote_static=known, **differing),
        HandshakeState(pattern, False, BOB, sodium.random_bytes),
    )


def code_of(call, *arguments):
    with pytest.raises(NoiseError) as caught:
        call(*arguments)
    return caught.value.code


@pytest.mark.parametrize("point", SMALL_ORDER, ids=lambda point: point.hex()[:8])
@pytest.mark.parametrize("pattern", ["XX", "IK"])
def test_points_of_small_order(point, pattern):
    initiator, responder = two(pattern)
    message = point + initiator.write_message()[32:]
    if pattern == "XX":
        responder.read_message(message)
        assert code_of(responder.write_message) == "zero-key"
        responder = two(pattern)[1]
        responder.read_message(initiator._ephemeral.public)
        answer = responder.write_message()
        assert code_of(initiator.read_message, point + answer[32:]) == "zero-key"
    else:
        assert code_of(responder.read_message, message) == "zero-key"


@pytest.mark.parametrize("pattern", ["XX", "IK"])
def test_every_byte_counts(pattern):
    """Whatever byte of a handshake is altered on its way, it does not come to an end."""
    lengths = [96, 48] if pattern == "IK" else [32, 96, 64]
    for number, size in enumerate(lengths):
        for at in range(0, size, 7):
            writer, reader = two(pattern)
            with pytest.raises(NoiseError):
                for each in range(len(lengths)):
                    message = bytearray(writer.write_message())
                    assert len(message) == lengths[each]
                    if each == number:
                        message[at] ^= 4
                    reader.read_message(bytes(message))
                    writer, reader = reader, writer


def test_another_prologue():
    for pattern in ("XX", "IK"):
        writer, reader = two(pattern, prologue=b"another")
        with pytest.raises(NoiseError):
            for _ in range(3):
                reader.read_message(writer.write_message())
                writer, reader = reader, writer


def test_order():
    initiator, responder = two("XX")
    assert code_of(responder.write_message) == "order"
    assert code_of(initiator.read_message, bytes(32)) == "order"
    assert code_of(initiator.split) == "order"
    first = initiator.write_message()
    assert code_of(initiator.write_message) == "order"
    assert code_of(responder.read_message, first[:31]) == "too-short"
    assert code_of(responder.read_message, first) == "order"
    assert code_of(two("XX")[1].read_message, bytes(65536)) == "too-long"


def test_after_a_refusal_nothing_goes_on():
    initiator, responder = two("XX")
    responder.read_message(initiator.write_message())
    answer = responder.write_message()
    assert code_of(initiator.read_message, bytes(len(answer))) == "zero-key"
    assert code_of(initiator.read_message, answer) == "order"


def test_static_key_belongs_to_the_initiator_of_ik():
    for pattern, is_initiator, known in (("XX", True, BOB.public), ("IK", False, BOB.public), ("IK", True, None)):
        with pytest.raises(ValueError):
            HandshakeState(pattern, is_initiator, ALICE, sodium.random_bytes, remote_static=known)
