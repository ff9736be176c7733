"""A bookkeeper at work (trio): takes transfers in, closes a pulse when some wait, answers once they are durable.

The event loop only reads messages; signatures, hashes and the disk are a worker thread's. With nothing to do it sleeps without a timer.
"""

import time
from collections import namedtuple

import trio

from leither_edge.crypto import sodium
from leither_edge.ledger.errors import LedgerError, Refused
from leither_edge.ledger.pool import check
from leither_edge.ledger.pulse_engine import CLOSE, PulseEngine
from leither_edge.storage import StorageError

# Keeps a portion of checks short beside a pulse that is due: some 5 ms on a laptop, a third of a second on an ARM11.
CHECK_SIGNATURES = 64
PULSE_TRANSFERS = 1024

# pulse: that it is in. id: of the transaction. receipts: {account: bytes} of its parties, empty where none were asked for.
Booked = namedtuple("Booked", ("pulse", "id", "receipts"))


class Bookkeeper:
    """A book's only writer.

    Args: book (Book), pool (Pool), counters (observe's, or None), clock (wall clock, s), engine (PulseEngine), pulse_transfers (most
    in one pulse), verify ((signature, message, public key) -> bool).
    """

    def __init__(self, book, pool, counters=None, clock=time.time, engine=None, pulse_transfers=PULSE_TRANSFERS, verify=sodium.verify):
        self._book = book
        self._pool = pool
        self._counters = counters
        self._clock = clock
        self._engine = engine or PulseEngine()
        self._pulse_transfers = pulse_transfers
        self._verify = verify
        self._wake = trio.Event()
        # The book is one thread's at a time.
        self._turn = trio.Lock()
        # {data of a transfer: _Waiting}
        self._waiting = {}
        self._stopped = False
        self.wakes = 0

    async def run(self, *, task_status=trio.TASK_STATUS_IGNORED):
        """Works until cancelled; a pulse that is being closed is closed first."""
        self._stopped = False
        task_status.started()
        try:
            while True:
                await self._sleep()
                if self._pool.unchecked_count:
                    await self._check_portion()
                if self._engine.tick(trio.current_time()) == CLOSE:
                    await self._close_pulse()
        finally:
            self._stopped = True
            for data in list(self._waiting):
                self._answer(data, error=_stopped())

    async def submit(self, data, submitter, receipts=False):
        """Brings a transfer into the book: Booked, once it is durable.

        Args: data (bytes of the signed transfer), submitter (anything hashable: who sent it), receipts (make those of its parties).
        Raises Refused, BookError, StorageError. A caller that is cancelled does not take the transfer back.
        """
        async with self._turn:
            if self._stopped:
                raise _stopped()
            waiting = self._waiting.get(data)
            # Both parties may send the same transfer; both hear of its pulse.
            if waiting is None:
                self._offer(data, submitter)
                waiting = self._waiting[data] = _Waiting()
                self._wake.set()
        waiting.receipts |= receipts
        await waiting.done.wait()
        if waiting.error is not None:
            raise waiting.error
        return waiting.booked

    async def receipt(self, account, transaction=None, pulse=None):
        """Bytes of a receipt; as Book.receipt."""
        return await self.ask(self._book.receipt, account, transaction, pulse)

    async def ask(self, question, *arguments):
        """Runs question(*arguments), which reads the book, in a worker thread between pulses."""
        async with self._turn:
            return await trio.to_thread.run_sync(question, *arguments)

    def _offer(self, data, submitter):
        try:
            return self._pool.offer(data, submitter, self._book.situation())
        except Refused as error:
            self._count_refused(error)
            raise

    async def _sleep(self):
        if self._pool.unchecked_count:
            await trio.lowlevel.checkpoint()
            return
        due = self._engine.next_wake()
        with trio.move_on_at(float("inf") if due is None else due):
            await self._wake.wait()
        self._wake = trio.Event()
        self.wakes += 1

    async def _check_portion(self):
        portion = self._pool.unchecked(CHECK_SIGNATURES)
        results = await trio.to_thread.run_sync(check, portion, self._book.treasurer, self._verify)
        for signed, error in self._pool.checked(results):
            self._refuse(signed, error)
        if self._counters is not None:
            self._counters.add("ledger_signatures_checked", sum(len(signed.message.signatures) for signed in portion))
        if self._pool.ready_count:
            self._engine.waiting(trio.current_time())

    async def _close_pulse(self):
        async with self._turn:
            transfers, expired = self._pool.take(self._book.pulse + 1, self._pulse_transfers)
            for signed, error in expired:
                self._refuse(signed, error)
            wanted = {signed.id for signed in transfers if signed.data in self._waiting and self._waiting[signed.data].receipts}
            try:
                closed, receipts = await trio.to_thread.run_sync(self._closed, transfers, wanted)
            except (LedgerError, StorageError) as error:
                for signed in transfers:
                    # One instance each: a raised exception collects the traceback of its task.
                    self._answer(signed.data, error=type(error)(*error.args))
                self._count("ledger_pulses_failed")
            else:
                for signed, error in closed.refused:
                    self._refuse(signed, error)
                for signed in closed.taken:
                    self._answer(signed.data, Booked(closed.pulse, signed.id, receipts.get(signed.id, {})))
                self._count("ledger_pulses", closed.pulse is not None)
                self._count("ledger_transfers", len(closed.taken))
            finally:
                self._pool.forget(transfers)
                self._engine.closed(trio.current_time(), self._pool.ready_count > 0)

    def _closed(self, transfers, wanted):
        """In the worker thread: closes the pulse and makes the receipts at once, while its tree is the newest one."""
        closed = self._book.close_pulse(transfers, self._clock(), checked=True)
        receipts = {}
        for signed in closed.taken:
            if signed.id in wanted:
                parties = [account for account, _ in signed.transfer.payers + signed.transfer.payees]
                receipts[signed.id] = {account: self._book.receipt(account, signed.id, closed.pulse) for account in parties}
        return closed, receipts

    def _refuse(self, signed, error):
        self._count_refused(error)
        self._answer(signed.data, error=error)

    def _answer(self, data, booked=None, error=None):
        waiting = self._waiting.pop(data, None)
        if waiting is not None:
            waiting.booked, waiting.error = booked, error
            waiting.done.set()

    def _count(self, name, amount=1):
        if self._counters is not None and amount:
            self._counters.add(name, int(amount))

    def _count_refused(self, error):
        if self._counters is not None:
            self._counters.add("ledger_refused", code=error.code)


class _Waiting:
    """A transfer whose senders wait. receipts: true if one of them wants receipts."""

    __slots__ = ("done", "booked", "error", "receipts")

    def __init__(self):
        self.done = trio.Event()
        self.booked = self.error = None
        self.receipts = False


def _stopped():
    return Refused("stopped", "the bookkeeper stops: send the transfer again when it is back")

