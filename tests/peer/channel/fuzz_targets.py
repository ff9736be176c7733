"""What the fuzzer throws its bytes at, of a channel that is there: frames of a peer that has the keys and keeps no rule."""

from leither_edge.peer.channel import frames
from leither_edge.peer.channel.errors import Violation
from leither_edge.peer.channel.limits import Limits

from .muxes import Raw, feed

LIMITS = Limits(streams_max=4, window_bytes=64 * 1024, opens_per_s=1000)
REASON = frames.reason("x", "y", {"z": 1})


def script(*sent):
    """Frames as the target reads them: (kind, flags, stream, payload) each, behind the size of its payload."""
    return b"".join(len(each[3]).to_bytes(2, "big") + frames.HEADER.pack(*each[:3]) + each[3] for each in sent)


def session(data):
    """A channel whose peer sends these frames, while this side answers, sends, reads and breaks off."""
    raw, at, turn = Raw(LIMITS), 0, 0
    mux, halves = raw.mux, []
    while at + 8 <= len(data) and mux.closed is None:
        size = int.from_bytes(data[at : at + 2], "big")
        kind, flags, stream = frames.HEADER.unpack_from(data, at + 2)
        payload, at = data[at + 8 : at + 8 + size], at + 8 + size
        if kind == frames.REKEY and not (flags or stream or payload):
            raw.rekey()
        else:
            raw.send(kind, flags, stream, payload, now=turn * 0.1)
        while mux.opened:
            halves.append(mux.opened.popleft())
        turn += 1
        for half in halves:
            if half.answer is None:
                (mux.refuse(half, "no", "No.") if turn % 5 == 0 else mux.answer(half, {"turn": turn}))
            elif half.inbox:
                half.take(100)
                mux.taken(half)
            elif not half.is_call and turn % 3 == 0:
                mux.send(half, bytes(100))
        if turn == 2:
            halves.append(mux.open("y", {}, turn % 4, False))
        if turn % 7 == 0 and halves:
            mux.abort(halves.pop(0), "weary")
        mux.changed.clear()
        mux.tick(turn * 0.1, bytes)
        raw.received(now=turn * 0.1)
        assert mux._streams.theirs <= LIMITS.streams_max and mux._streams._spare >= 0 and mux._streams._parts <= 4
    mux.ended()
    return f"{mux.closed[0][:12]} {turn if turn < 6 else 6} {len(halves)}"


def ciphertext(data):
    """Bytes that no key made."""
    raw = Raw(LIMITS)
    feed(raw.mux, data)
    raw.mux.ended()
    return raw.mux.closed[0]


def reader(read):
    def work(data):
        try:
            read(data)
        except Violation as error:
            return str(error)[:24]
        return "good"

    return work


def targets():
    """{name: (function of bytes, [bytes to start from])}."""
    request, open_flags = frames.request("x", {"a": 1}, 1000), frames.flags_of_open(1, False)
    call = (frames.OPEN, frames.flags_of_open(2, True), 1, request)
    stream = (frames.OPEN, open_flags, 3, request)
    credit = (frames.CREDIT, 0, 3, frames.NUMBER.pack(500))
    ping = (frames.PING, 0, 0, bytes(8))
    sessions = [
        script(call, ping, (frames.OPEN, open_flags | frames.MORE, 5, request[:4]), (frames.OPEN, open_flags, 5, request[4:])),
        script(stream, (frames.DATA, 0, 3, b"x" * 200), credit, (frames.DATA, frames.END, 3, b""), (frames.PONG, 0, 0, bytes(8))),
        script(ping, ping, (frames.ANSWER, 0, 2, frames.answer(1, 1000)), (frames.DATA, 0, 2, b"abc"), (frames.ABORT, 0, 2, REASON)),
        script(ping, ping, (frames.REFUSE, 0, 2, REASON), (frames.REKEY, 0, 0, b""), call, (frames.CLOSE, 0, 0, REASON)),
    ]
    return {
        "frames": (session, sessions),
        "ciphertext": (ciphertext, [frames.LENGTH.pack(30) + bytes(30), b"\xff\xff" + bytes(100)]),
        "request": (reader(frames.read_request), [request]),
        "reason": (reader(frames.read_reason), [REASON]),
        "answer": (reader(frames.read_answer), [frames.answer({"a": [1, b"x", "y"]}, 7)]),
        "hello": (reader(frames.read_hello), [frames.hello(32)]),
    }
