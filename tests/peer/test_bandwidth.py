import trio
import trio.testing

from leither_edge.peer.back_off import FIRST_S, MOST_S, BackOff
from leither_edge.peer.bandwidth import BURST_S, TURN_MAX_BYTES, Bucket, Gate, Shaped


def under_mock_clock(task, *args):
    return trio.run(task, *args, clock=trio.testing.MockClock(autojump_threshold=0))


def test_a_bucket_gives_its_rate_and_a_small_burst():
    bucket = Bucket(1000, 0.0)
    moved, now = 0, 0.0
    while now < 10:
        now += bucket.wait_s(now)
        bucket.take(100, now)
        moved += 100
    assert 10_000 <= moved <= 10_000 + 1000 * BURST_S + 200


def test_a_pause_saves_up_no_more_than_the_burst():
    bucket = Bucket(1000, 0.0)
    bucket.take(250 + 1000, 0.0)
    assert bucket.wait_s(0.0) == 1.0
    assert bucket.wait_s(0.5) == 0.5
    assert bucket.wait_s(1000.0) == 0.0
    bucket.take(250 + 1000, 1000.0)
    assert bucket.wait_s(1000.0) == 1.0


def test_no_limit_waits_for_nothing():
    bucket = Bucket(None)
    bucket.take(1 << 40, 0.0)
    assert bucket.wait_s(0.0) == 0.0
    assert bucket.turn_bytes == TURN_MAX_BYTES


def test_streams_share_a_gate_evenly():
    async def main():
        gate = Gate(100_000)
        moved = {}

        async def fill(name):
            ours, theirs = trio.testing.memory_stream_pair()

            async def drain():
                async for data in theirs:
                    moved[name] = moved.get(name, 0) + len(data)

            nursery.start_soon(drain)
            await Shaped(ours, gate, None).send_all(bytes(10_000_000))

        with trio.move_on_after(20):
            async with trio.open_nursery() as nursery:
                for name in "abc":
                    nursery.start_soon(fill, name)
        return moved, gate.moved

    moved, total = under_mock_clock(main)
    assert 1_990_000 <= total <= 2_060_000
    assert max(moved.values()) - min(moved.values()) <= 20_000


def test_receiving_is_slowed_too():
    async def main():
        gate = Gate(50_000)
        ours, theirs = trio.testing.memory_stream_pair()
        await theirs.send_all(bytes(500_000))
        shaped, got, start = Shaped(ours, None, gate), 0, trio.current_time()
        while got < 500_000:
            got += len(await shaped.receive_some())
        return trio.current_time() - start

    assert 9 <= under_mock_clock(main) <= 11


def test_another_rate_is_followed_at_once():
    async def main():
        gate = Gate(1000)
        ours, theirs = trio.testing.memory_stream_pair()
        shaped = Shaped(ours, gate, None)
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(shaped.send_all, bytes(100_000))
            await trio.sleep(1)
            gate.set_rate(None)
        return trio.current_time() - start

    assert under_mock_clock(main) == 1


def test_who_is_cancelled_leaves_the_turn_to_the_next():
    async def main():
        gate = Gate(1000)
        gate.took(10_000)
        with trio.move_on_after(1):
            await gate.wait()
        await gate.wait()
        return trio.current_time()

    assert under_mock_clock(main) > 0


def test_waits_double_to_a_most_and_are_spread():
    back_off = BackOff()
    waits = [back_off.failed(0.0, 0.0) for _ in range(12)]
    assert waits[:3] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S]
    assert waits[-1] == MOST_S
    assert BackOff().failed(0.0, 1.0) == FIRST_S / 2
    assert back_off.wait_s(MOST_S - 1) == 1
    assert back_off.wait_s(MOST_S + 1) == 0
