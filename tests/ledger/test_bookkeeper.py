import threading
import time

import pytest
import trio
import trio.testing

from leither_edge.core.receipt import verify_receipt
from leither_edge.crypto import sodium
from leither_edge.ledger.bookkeeper import Bookkeeper
from leither_edge.ledger.errors import BookError, Refused
from leither_edge.ledger.pool import Pool
from leither_edge.observe.counters import Counters
from leither_edge.storage import DiskFull
from tests.ledger.club import NOW, Club

CLUB = Club()


@pytest.fixture
def book(tmp_path):
    with CLUB.create(tmp_path / "book") as book:
        CLUB.fill(book, 100_000)
        yield book


def keeper(book, counters=None, **options):
    return Bookkeeper(book, Pool(4000, 4 << 20, 4000), counters, lambda: NOW + 100, **options)


async def submit_all(bookkeeper, payments, booked, **options):
    async def one(signed):
        booked[signed.id] = await bookkeeper.submit(signed.data, "here", **options)

    async with trio.open_nursery() as nursery:
        for signed in payments:
            nursery.start_soon(one, signed)


async def test_a_transfer_is_booked_and_both_get_their_receipts(book):
    bookkeeper, booked = keeper(book), {}
    async with trio.open_nursery() as nursery:
        await nursery.start(bookkeeper.run)
        signed = CLUB.pay(0, 1, 7, book)
        await submit_all(bookkeeper, [signed], booked, receipts=True)
        assert booked[signed.id].pulse == 3
        for account, amount in ((CLUB.accounts[0], 99_993), (CLUB.accounts[1], 100_007)):
            shown = verify_receipt(booked[signed.id].receipts[account], CLUB.id, sodium.verify)
            assert (shown.pulse, shown.amount, shown.transaction, shown.time) == (3, amount, signed.id, NOW + 100)
        assert verify_receipt(await bookkeeper.receipt(CLUB.accounts[1]), CLUB.id, sodium.verify).amount == 100_007
        nursery.cancel_scope.cancel()


async def test_both_parties_may_send_it_and_later_it_is_a_replay(book):
    bookkeeper, counters = keeper(book, counters := Counters()), counters
    async with trio.open_nursery() as nursery:
        await nursery.start(bookkeeper.run)
        signed, booked = CLUB.pay(0, 1, 7, book), []

        async def send(who):
            booked.append(await bookkeeper.submit(signed.data, who))

        async with trio.open_nursery() as senders:
            senders.start_soon(send, "payer")
            senders.start_soon(send, "payee")
        assert [one.pulse for one in booked] == [3, 3]
        with pytest.raises(Refused) as raised:
            await bookkeeper.submit(signed.data, "payer")
        assert raised.value.code == "replayed" and counters.get("ledger_refused", code="replayed") == 1
        assert counters.get("ledger_transfers") == 1 and counters.get("ledger_pulses") == 1
        nursery.cancel_scope.cancel()


async def test_what_is_refused_says_why(book):
    bookkeeper = keeper(book)
    async with trio.open_nursery() as nursery:
        await nursery.start(bookkeeper.run)
        poor, good = CLUB.pay(0, 1, 100_001, book), CLUB.pay(1, 2, 1, book)
        broken = good.data.replace(good.message.signatures[0].signature, bytes(64))
        for data, code in ((poor.data, "below-zero"), (broken, "bad-signature"), (b"\xff", "malformed")):
            with pytest.raises(Refused) as raised:
                await bookkeeper.submit(data, "here")
            assert raised.value.code == code and raised.value.field
        assert book.pulse == 2
        nursery.cancel_scope.cancel()


def test_a_batch_of_any_size_is_spread_over_pulses_a_second_apart(book):
    clock = trio.testing.MockClock()

    async def main():
        bookkeeper, booked = keeper(book, pulse_transfers=40), {}
        begun = []
        close = book.close_pulse
        book.close_pulse = lambda *arguments, **options: begun.append(clock.current_time()) or close(*arguments, **options)
        payments = [CLUB.pay(number % 8, (number + 1) % 8, 1, book, number // 8) for number in range(100)]
        async with trio.open_nursery() as nursery:
            await nursery.start(bookkeeper.run)
            async with trio.open_nursery() as senders:
                senders.start_soon(submit_all, bookkeeper, payments, booked)
                while len(booked) < 100:
                    await wait_until_idle(bookkeeper)
                    clock.jump(0.5)
            nursery.cancel_scope.cancel()
        assert len({one.id for one in booked.values()}) == 100
        counts = [len(book.transactions(pulse)) for pulse in range(3, book.pulse + 1)]
        assert sum(counts) == 100 and max(counts) <= 40
        assert all(later - earlier >= 1 for earlier, later in zip(begun, begun[1:], strict=False))

    trio.run(main, clock=clock)


async def wait_until_idle(bookkeeper):
    """Lets worker threads end; a mock clock does not wait for them."""
    while True:
        await trio.testing.wait_all_tasks_blocked()
        if not threads_at_work():
            await trio.testing.wait_all_tasks_blocked()
            if not threads_at_work():
                return
        await trio.to_thread.run_sync(lambda: None)


def threads_at_work():
    return trio.to_thread.current_default_thread_limiter().borrowed_tokens


def test_an_idle_bookkeeper_wakes_for_nothing(book):
    clock = trio.testing.MockClock(autojump_threshold=0)

    async def main():
        bookkeeper = keeper(book)
        async with trio.open_nursery() as nursery:
            await nursery.start(bookkeeper.run)
            await trio.sleep(1_000_000)
            assert bookkeeper.wakes == 0 and trio.lowlevel.current_statistics().seconds_to_next_deadline == float("inf")
            nursery.cancel_scope.cancel()

    commits = book.stat()["commits"]
    trio.run(main, clock=clock)
    assert book.stat()["commits"] == commits and book.pulse == 2


async def test_a_pulse_that_cannot_be_stored_is_told_to_its_senders_and_the_next_one_works(book, monkeypatch):
    bookkeeper = keeper(book)
    write = type(book._tree).write

    def fail(*arguments):
        raise DiskFull("no space")

    async with trio.open_nursery() as nursery:
        await nursery.start(bookkeeper.run)
        signed = CLUB.pay(0, 1, 7, book)
        monkeypatch.setattr(type(book._tree), "write", fail)
        with pytest.raises(DiskFull, match="no space"):
            await bookkeeper.submit(signed.data, "here")
        monkeypatch.setattr(type(book._tree), "write", write)
        assert (await bookkeeper.submit(signed.data, "here")).pulse == 3
        monkeypatch.setattr(book, "_gather", lambda header: (_ for _ in ()).throw(BookError("not-signed", "nobody there", "signatures")))
        with pytest.raises(BookError, match="nobody there"):
            await bookkeeper.submit(CLUB.pay(0, 1, 8, book).data, "here")
        nursery.cancel_scope.cancel()


async def test_stopping_ends_a_begun_pulse_and_turns_the_others_away(book):
    bookkeeper, results = keeper(book), []
    closing, go_on = trio.Event(), threading.Event()
    close = book.close_pulse
    token = trio.lowlevel.current_trio_token()

    def slow(*arguments, **options):
        token.run_sync_soon(closing.set)
        go_on.wait()
        return close(*arguments, **options)

    book.close_pulse = slow

    async def send(signed):
        try:
            results.append((await bookkeeper.submit(signed.data, "here")).pulse)
        except Refused as error:
            results.append(error.code)

    async with trio.open_nursery() as senders:
        async with trio.open_nursery() as nursery:
            await nursery.start(bookkeeper.run)
            senders.start_soon(send, CLUB.pay(0, 1, 7, book))
            await closing.wait()
            senders.start_soon(send, CLUB.pay(0, 1, 8, book))
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
            go_on.set()
    assert set(results) == {3, "stopped"} and book.pulse == 3


async def test_nothing_holds_the_event_loop(book):
    """Every step of the loop is measured, in this thread's own processor time, in three runs: what is the machine's is not in all."""
    longest = []
    for run in range(3):
        payments = [CLUB.pay(number % 8, (number + 1) % 8, 1, book, number // 8) for number in range(200)]
        bookkeeper, booked, steps = keeper(book), {}, StepTimes()
        async with trio.open_nursery() as nursery:
            await nursery.start(bookkeeper.run)
            trio.lowlevel.add_instrument(steps)
            await submit_all(bookkeeper, payments, booked, receipts=True)
            trio.lowlevel.remove_instrument(steps)
            nursery.cancel_scope.cancel()
        assert len(booked) == 200 and steps.steps > 200, run
        longest.append(steps.longest_s)
    assert min(longest) < 0.05


class StepTimes(trio.abc.Instrument):
    """longest_s: the longest processor time of one step of one task; steps: how many there were."""

    def __init__(self):
        self.longest_s = 0.0
        self.steps = 0
        self._start = None

    def before_task_step(self, task):
        self._start = time.thread_time()

    def after_task_step(self, task):
        # The first step began before it was measured.
        if self._start is not None:
            self.longest_s = max(self.longest_s, time.thread_time() - self._start)
            self.steps += 1
