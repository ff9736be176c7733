"""Two nodes' keys, and a handshake between two sides over nothing."""

from leither_edge.crypto import sodium
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.peer.channel.credential import ChannelKey
from leither_edge.peer.channel.handshake import Initiator, Responder


def channel_key(letter, secret=None):
    """The ChannelKey of a made-up node. Args: letter (its name), secret (32 bytes of the channel key, else from the letter)."""
    return ChannelKey(secret or letter.encode() * 32, KeyPair(letter.upper().encode() * 32))


ALICE, BOB, EVE = (channel_key(letter) for letter in "abe")


def initiator(key=ALICE, **how):
    return Initiator(key, sodium.random_bytes, **how)


def responder(key=BOB, **how):
    return Responder(key, sodium.random_bytes, **how)


def shaken(one, other, change=lambda number, data: data):
    """Carries bytes to and fro until nothing more is said. Args: change ((number of the flight, bytes) -> bytes)."""
    data, number = one.begin(), 0
    while data:
        receiver = other if number % 2 == 0 else one
        data = receiver.receive(change(number, data))
        number += 1
    return one.established, other.established
