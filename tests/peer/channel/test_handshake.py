"""Handshakes that come to a channel, and those that are refused."""

import pytest

from leither_edge.crypto.noise.suite import BLAKE2B, SHA256
from leither_edge.peer.channel.greeting import GREETING_BYTES, REPLY_BYTES, refusal
from leither_edge.peer.channel.handshake import MESSAGE_MAX_BYTES
from leither_edge.peer.channel.handshake_errors import HandshakeFailed
from tests.peer.channel.two_nodes import ALICE, BOB, EVE, channel_key, initiator, responder, shaken

FIRST_CONTACT = {}
KNOWN = {"expected": BOB.public_key, "static": BOB.pair.public}
WAYS = pytest.mark.parametrize("how", [FIRST_CONTACT, KNOWN], ids=["XX", "IK"])


def refused(call, *arguments):
    with pytest.raises(HandshakeFailed) as caught:
        call(*arguments)
    assert str(caught.value).endswith(".")
    return caught.value


@WAYS
@pytest.mark.parametrize("suite", [SHA256, BLAKE2B], ids=lambda suite: suite.name)
def test_both_learn_who_the_other_is(how, suite):
    alice, bob = shaken(initiator(suite=suite, **how), responder())
    assert (alice.public_key, alice.static) == (BOB.public_key, BOB.pair.public)
    assert (bob.public_key, bob.static) == (ALICE.public_key, ALICE.pair.public)
    assert alice.hash == bob.hash and len(alice.hash) == suite.hash_bytes
    assert alice.pattern == bob.pattern == ("IK" if how else "XX")
    assert bob.receiving.decrypt(alice.sending.encrypt(b"there")) == b"there"
    assert alice.receiving.decrypt(bob.sending.encrypt(b"back")) == b"back"


@WAYS
def test_byte_by_byte_with_more_behind(how):
    one, other = initiator(**how), responder()
    data, receiver = one.begin(), other
    while data:
        out = b"".join(receiver.receive(data[at : at + 1]) for at in range(len(data)))
        data, receiver = out, one if receiver is other else other
        if one.established and not other.established:
            data += one.established.sending.encrypt(b"at once")
            other.receive(data)
            break
    assert other.established.receiving.decrypt(other.leftover) == b"at once"
    assert one.leftover == b""
    with pytest.raises(ValueError):
        other.receive(b"more")


def test_a_new_channel_key_is_learned():
    fresh = channel_key("b", b"n" * 32)
    alice, bob = shaken(initiator(**KNOWN), responder(fresh))
    assert alice.pattern == bob.pattern == "XX"
    assert alice.public_key == BOB.public_key and alice.static == fresh.pair.public != BOB.pair.public


def test_another_node_at_a_known_address():
    for how in (KNOWN, {"expected": BOB.public_key}):
        other = responder(EVE)
        assert refused(shaken, initiator(**how), other).code == "wrong-peer"
        # Nothing was said about who this is.
        assert other.claimed_static is None and other.established is None


def test_the_own_address():
    assert refused(shaken, initiator(BOB), responder(BOB)).code == "own-key"


def test_a_known_key_needs_its_identity():
    with pytest.raises(ValueError):
        initiator(static=BOB.pair.public)
    with pytest.raises(ValueError):
        initiator(network=b"short")


@WAYS
def test_another_network(how):
    bob = responder(network=b"friends!")
    alice = initiator(**how)
    failure = refused(bob.receive, alice.begin())
    assert failure.code == "network"
    assert refused(alice.receive, failure.answer).code == "peer-network"
    assert shaken(initiator(network=b"friends!", **how), responder(network=b"friends!"))[1].network == b"friends!"


class Borrowed:
    """A key that shows the credential of another node."""

    def __init__(self, own, shown):
        self.pair, self.public_key, self.credential = own.pair, own.public_key, shown


@pytest.mark.parametrize("shown", [ALICE.credential, ALICE.credential[:-1] + b"x", b"", b"\xa0", bytes(256)])
def test_an_identity_that_is_not_its_own(shown):
    for how in (FIRST_CONTACT, KNOWN):
        bob = responder()
        failure = refused(shaken, initiator(Borrowed(EVE, shown), **how), bob)
        assert failure.code == "identity" and bob.established is None
        assert failure.answer == (refusal("identity") if how else b"")
    assert refused(shaken, initiator(), responder(Borrowed(EVE, shown))).code == "identity"


@WAYS
def test_whatever_is_altered_ends_it(how):
    """A byte of any flight changed on its way: no side ends with a channel that the other has, too, unless all of it is as it was."""
    flights = []
    shaken(initiator(**how), responder(), lambda number, data: flights.append(len(data)) or data)
    for number, size in enumerate(flights):
        for at in range(size):

            def change(flight, data, number=number, at=at):
                if flight == number:
                    data = bytearray(data)
                    data[at] ^= 1
                return bytes(data)

            one, other = initiator(**how), responder()
            try:
                shaken(one, other, change)
            except HandshakeFailed:
                pass
            assert one.established is None or other.established is None


def test_a_downgrade_shows():
    """Somebody between turns IK into XX, and one suite into another: the first hash differs."""

    def change(number, data):
        if number:
            return data
        return data[:8] + bytes([0]) + data[9:GREETING_BYTES] + (32).to_bytes(2) + data[GREETING_BYTES + 2 : GREETING_BYTES + 34]

    assert refused(shaken, initiator(**KNOWN), responder(), change).code == "authentication"
    for how in (FIRST_CONTACT, KNOWN):

        def to_blake(number, data):
            return data if number else data[:9] + b"\1" + data[10:]

        one, other = initiator(**how), responder()
        refused(shaken, one, other, to_blake)
        assert one.established is other.established is None


def test_a_recorded_first_message_comes_to_nothing():
    record = []
    shaken(initiator(**KNOWN), responder(), lambda number, data: record.append(data) or data)
    again = responder()
    assert again.receive(record[0]) and again.established is None
    assert again.claimed_static == ALICE.pair.public
    assert refused(again.receive, record[2]).code == "authentication"
    assert again.established is None


def test_what_is_no_channel():
    assert refused(responder().receive, b"GET / HTTP/1.1\r\nHost: x").code == "protocol"
    assert refused(responder().receive, b"GET / HTTP/1.1\r\nHost: x").answer == b""
    for at, code in ((7, "version"), (8, "suite"), (9, "suite")):
        data = bytearray(initiator().begin())
        data[at] = 99
        failure = refused(responder().receive, bytes(data))
        assert failure.code == code
        assert refused(begun().receive, failure.answer).code == "peer-" + code


def begun(**how):
    one = initiator(**how)
    one.begin()
    return one


def test_answers_out_of_place():
    assert refused(begun().receive, b"HTTP/1.1 400 Bad Request\r\n").code == "protocol"
    assert refused(begun().receive, b"leither\2\0").code == "version"
    assert refused(begun().receive, b"leither\1\1").code == "malformed"
    assert refused(begun().receive, b"leither\1\xff").code == "peer-refused"
    assert refused(begun().receive, refusal("busy")).code == "peer-busy"
    twice = begun(**KNOWN)
    twice.receive(b"leither\1\1")
    assert refused(twice.receive, b"leither\1\1").code == "malformed"


def test_sizes_are_bounded():
    greeting = initiator().begin()[:GREETING_BYTES]
    for size in (MESSAGE_MAX_BYTES + 1, 65535):
        assert refused(responder().receive, greeting + size.to_bytes(2)).code == "too-large"
    for size in (0, 31, 33, MESSAGE_MAX_BYTES):
        assert refused(responder().receive, greeting + size.to_bytes(2) + b"\7" * size).code == "malformed"
    one = begun()
    assert refused(one.receive, b"leither\1\0\xff\xff").code == "too-large"
    assert REPLY_BYTES == len(refusal("busy"))


def test_zero_keys():
    greeting = initiator().begin()[:GREETING_BYTES]
    failure = refused(responder().receive, greeting + b"\0\x20" + bytes(32))
    assert failure.code == "zero-key" and failure.answer == refusal("refused")
    assert refused(begun().receive, b"leither\1\0" + (200).to_bytes(2) + bytes(200)).code == "zero-key"


def test_the_end_of_input():
    assert refused(begun().end_of_input).code == "cut"
