"""What a peer that means harm can make a channel hold, or do."""

import tracemalloc

import pytest

from leither_edge.core import cbor
from leither_edge.peer.channel import frames
from leither_edge.peer.channel.frames import CALL, END, MORE, OPEN
from leither_edge.peer.channel.limits import MESSAGE_MAX_BYTES, MESSAGE_MAX_ITEMS

from .muxes import Raw


@pytest.mark.parametrize("item", [b"\xa0", b"\x81\x00", b"\xa1\x00\x80"])
def test_a_message_of_a_hundred_thousand_empty_things_is_not_made(item):
    count = (MESSAGE_MAX_BYTES - 20) // len(item)
    message = b"\x83\x61x\x9a" + count.to_bytes(4, "big") + item * count + b"\x00"
    raw = Raw()
    tracemalloc.start()
    try:
        for at in range(0, len(message), frames.PAYLOAD_MAX_BYTES):
            piece = message[at : at + frames.PAYLOAD_MAX_BYTES]
            raw.send(OPEN, CALL | END | (MORE if at + len(piece) < len(message) else 0), 1, piece)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert raw.mux.closed[0] == "message" and most < 6 * MESSAGE_MAX_BYTES


def test_a_message_of_too_many_things_is_not_sent():
    for value in ([0] * MESSAGE_MAX_ITEMS, [[]] * MESSAGE_MAX_ITEMS, dict.fromkeys(range(MESSAGE_MAX_ITEMS // 2))):
        with pytest.raises(cbor.CborError) as caught:
            frames.request("x", value, 0)
        assert caught.value.code == "too-many"
    assert frames.read_request(frames.request("x", [0] * (MESSAGE_MAX_ITEMS - 3), 0))[0] == "x"
