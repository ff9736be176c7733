import pytest
import trio
import trio.testing

from leither_edge.peer.tables import PEER_BYTES
from leither_edge.peer.tally import (
    BEFORE,
    DAY_S,
    DAYS_KEPT,
    FLUSH_EVERY_S,
    LITTLE_BYTES,
    LITTLE_EVERY_S,
    OTHER,
    OTHERS,
    SERVICES_MAX,
    Tally,
)
from leither_edge.storage import StorageError
from tests.killed_child import kill_after, start
from tests.peer.kept_library import open_kept

ONE, TWO = b"1" * 20, b"2" * 20


class Clock:
    now = 20_000 * DAY_S

    def __call__(self):
        return self.now


async def test_bytes_are_counted_by_peer_and_service_and_kept(tmp_path):
    with open_kept(tmp_path) as library:
        tally = Tally(library, 8, Clock())
        tally.add(ONE, "blocks.get", 10, 1000)
        tally.add(ONE, "blocks.get", 1, 1)
        tally.add(TWO, "ping", 5, 0)
        tally.add(TWO, "nothing", 0, 0)
        await tally.flush()
        tally.add(ONE, "ping", 3, 4)
        assert tally.of(ONE) == {"blocks.get": (11, 1001), "ping": (3, 4)}
        await tally.flush()
    with open_kept(tmp_path) as library:
        tally = Tally(library, 8, Clock())
        assert tally.of(ONE) == {"blocks.get": (11, 1001), "ping": (3, 4)}
        assert tally.totals() == {ONE: (14, 1005), TWO: (5, 0)}


async def test_strangers_leave_friends_an_account(tmp_path):
    with open_kept(tmp_path) as library:
        tally = Tally(library, 8, Clock())
        for number in range(20):
            tally.add(bytes([number + 100]) * 20, "channel", 1, 0)
        tally.add(ONE, "blocks.get", 5, 0, is_friend=True)
        tally.add(TWO, "blocks.get", 5, 0)
        await tally.flush()
    with open_kept(tmp_path) as library:
        tally = Tally(library, 8, Clock())
        tally.add(TWO, "blocks.get", 1, 0, is_friend=True)
        assert tally.totals()[ONE] == (5, 0) and tally.totals()[TWO] == (1, 0)
        assert tally.totals()[OTHERS] == (17, 0) and len(tally.totals()) == 11


async def test_days_are_kept_for_a_month_and_then_summed(tmp_path):
    clock = Clock()
    with open_kept(tmp_path) as library:
        tally = Tally(library, 8, clock)
        for day in range(40):
            clock.now = (20_000 + day) * DAY_S
            tally.add(ONE, "s", 1, 2)
            tally.add(TWO, "s", 1, 0)
            await tally.flush()
        days = tally.days_of(ONE)
        assert days[0] == (BEFORE, 40 - DAYS_KEPT, 2 * (40 - DAYS_KEPT))
        assert len(days) == DAYS_KEPT + 1
        assert tally.of(ONE) == {"s": (40, 80)}
        assert tally.of(ONE, since_day=20_039) == {"s": (1, 2)}


async def test_strangers_and_services_beyond_the_bound_share_a_row(tmp_path):
    with open_kept(tmp_path) as library:
        tally = Tally(library, 2, Clock())
        for number in range(10):
            tally.add(bytes([number]) * 20, "s", 1, 0)
        assert set(tally.totals()) == {bytes([0]) * 20, bytes([1]) * 20, OTHERS}
        assert bytes([0]) * 20 == OTHERS
        for number in range(100):
            tally.add(bytes([1]) * 20, f"service {number}", 1, 0)
        assert len(tally.of(bytes([1]) * 20)) == SERVICES_MAX + 1
        assert tally.of(bytes([1]) * 20)[OTHER] == (101 - SERVICES_MAX, 0)
        await tally.flush()


async def test_a_failed_write_loses_nothing(tmp_path):
    with open_kept(tmp_path) as library:
        tally = Tally(library, 8, Clock())
        tally.add(ONE, "s", 1, 2)
        commit = library.held.commit

        class Full:
            async def commit(self, fn):
                tally.add(ONE, "s", 10, 20)
                raise StorageError("full")

        tally._held = Full()
        with pytest.raises(StorageError):
            await tally.flush()
        tally._held = library.held
        assert commit is not None
        assert tally.of(ONE) == {"s": (11, 22)}
        await tally.flush()
        with library.store.read() as tx:
            assert tx.count(PEER_BYTES) == 1
        assert tally.of(ONE) == {"s": (11, 22)}


class Written:
    """A library's held writer that only counts. Args: pass as library."""

    store, writes = None, 0

    @property
    def held(self):
        return self

    async def commit(self, fn):
        self.writes += 1
        await trio.lowlevel.checkpoint()


def test_much_is_written_soon_and_little_seldom():
    async def main(count):
        library = Written()
        tally = Tally(library, 8, Clock())
        tally._ids = set()
        with trio.move_on_after(LITTLE_EVERY_S + 5):
            await tally.run(lambda: tally.add(ONE, "s", count, 0))
        return library.writes

    def writes(count):
        return trio.run(main, count, clock=trio.testing.MockClock(autojump_threshold=0))

    assert writes(LITTLE_BYTES) == LITTLE_EVERY_S // FLUSH_EVERY_S
    assert writes(1) == 1


def test_what_was_flushed_outlives_a_kill(tmp_path):
    def work(folder, acknowledge):
        async def main():
            with open_kept(folder) as library:
                tally = Tally(library, 8, Clock())
                for number in range(1, 10_000):
                    tally.add(ONE, "s", 1, 2)
                    await tally.flush()
                    acknowledge(number)

        trio.run(main)

    sure = kill_after(*start(tmp_path, work), 5, 0.01)
    with open_kept(tmp_path) as library:
        sent, received = Tally(library, 8, Clock()).of(ONE)["s"]
        assert sure <= sent <= sure + 1 and received == 2 * sent
