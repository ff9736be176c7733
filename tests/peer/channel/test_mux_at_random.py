"""Two honest sides that do anything at any time: every byte arrives once and in order, nobody breaks a rule, and nothing is left over."""

import random

import pytest

from leither_edge.peer.channel.limits import Limits

from .muxes import feed, pair

WINDOW = 64 * 1024
STEPS = 400


class Side:
    """One side, its streams, what each sent and got."""

    def __init__(self, mux, chance):
        self.mux, self.chance = mux, chance
        self.halves, self.sent, self.got = [], {}, {}

    def act(self):
        mux, chance = self.mux, self.chance
        what = chance.randrange(8)
        if what == 0 and mux.may_open(3):
            size = chance.choice((0, 10, 100_000))
            self.add(mux.open("x", {"id": len(self.sent), "fill": bytes(size)}, chance.randrange(4), chance.random() < 0.4))
        while mux.opened:
            half = mux.opened.popleft()
            self.add(half)
            half.user = chance.randrange(4)
        if not self.halves:
            return
        half = chance.choice(self.halves)
        if not half.is_ours and half.answer is None and half.refusal is None and half.user is not None:
            if half.user == 0:
                mux.refuse(half, "no", "No.")
            else:
                mux.answer(half, {"fill": bytes(chance.choice((1, 90_000)))})
            half.user = None
        elif half.is_call or half.answer is None or half.is_over:
            if half.is_over or chance.random() < 0.02:
                self.take(half)
                mux.abort(half, "weary", "")
                self.halves.remove(half)
        elif what < 4:
            if not half.is_ending and half.queued < 300_000:
                data = chance.randbytes(chance.choice((1, 1000, 70_000)))
                self.sent[half].append(data)
                mux.send(half, data)
        elif what < 6:
            self.take(half)
        elif chance.random() < 0.2:
            mux.finish(half)
        elif chance.random() < 0.05:
            mux.abort(half, "weary", "")
            self.halves.remove(half)

    def add(self, half):
        self.halves.append(half)
        self.sent[half], self.got[half] = [], []

    def take(self, half):
        while half.inbox:
            self.got[half].append(bytes(half.take(self.chance.choice((None, 10_000)))))
        self.mux.taken(half)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_two_honest_sides_do(seed):
    chance = random.Random(seed)
    a, b = pair(Limits(streams_max=8, window_bytes=WINDOW, opens_per_s=1 << 30))
    sides, pipes = (Side(a, chance), Side(b, chance)), (bytearray(), bytearray())

    def move(at, most):
        view = sides[at].mux.fill(chance.choice((4096, 100_000, 1 << 20)), 0.0)
        if view is not None:
            pipes[at].extend(view)
        piece, pipes[at][:most] = bytes(pipes[at][:most]), b""
        feed(sides[1 - at].mux, piece)
        sides[at].mux.changed.clear()

    for _ in range(STEPS):
        sides[chance.randrange(2)].act()
        if chance.random() < 0.5:
            move(chance.randrange(2), chance.choice((1, 5000, 1 << 20)))
        assert a.closed is b.closed is None
    # Then everybody finishes what he has.
    for _ in range(300):
        for side in sides:
            while side.mux.opened:
                side.mux.refuse(side.mux.opened.popleft(), "no", "")
            for half in side.halves:
                if not half.is_ours and half.answer is None and half.user is not None:
                    side.mux.refuse(half, "no", "")
                side.take(half)
                if half.answer is not None:
                    side.mux.finish(half)
        move(0, 1 << 20)
        move(1, 1 << 20)
    compared = 0
    for one, other in (sides, sides[::-1]):
        mux = one.mux
        assert mux.closed is None and mux.streams == (0, 0) and not mux.has_some
        assert mux._streams.leaving_count == mux._streams._parts == 0 and mux._streams._spare == 2 * WINDOW
        theirs = {half.number: half for half in other.halves}
        for half in one.halves:
            twin = theirs.get(half.number)
            if twin is not None and half.end is None and twin.end is None:
                assert b"".join(one.got[half]) == b"".join(other.sent[twin])
                compared += sum(map(len, one.got[half]))
    assert compared
