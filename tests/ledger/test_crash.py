"""SIGKILL at random points of pulses: what was acknowledged is there, whole, and nothing half.

A child closes pulses for ever and says each one's number once it is durable; it is killed after a random number of them and a random
bit of time. Killing a process proves the order of writes and LMDB's own recovery, not the medium.
"""

import os
import random
import shutil
import signal

import pytest

from leither_edge.core.header import encode_header, header_hash
from leither_edge.core.receipt import verify_receipt
from leither_edge.core.transaction_set import set_root
from leither_edge.core.transfer import read_transfer
from leither_edge.crypto import sodium
from leither_edge.ledger.export import check_file, export_book, import_book
from tests.killed_child import kill_after, start
from tests.ledger.club import MAP_BYTES, NOW, TREASURY_ACCOUNT, Club

CLUB = Club(6)


def close_pulses(folder, acknowledge):
    """Payments of every size, the random state drawn from the pulse, so that each pulse is another one."""
    with CLUB.open(folder) as book:
        # Short periods, so that rows are purged and pages used again.
        book._period, book._history = 20, 40
        while True:
            choose = random.Random(book.pulse)
            payments = []
            for nonce in range(choose.choice((1, 1, 3, 12))):
                payer, payee = choose.sample(range(6), 2)
                payments.append(CLUB.pay(payer, payee, choose.randrange(1, 400), book, nonce))
            if not choose.randrange(3):
                payments.append(CLUB.issue(5, book))
            closed = book.close_pulse(payments, NOW, checked=True)
            if closed.pulse is None:
                closed = book.close_pulse([CLUB.issue(1, book)], NOW, checked=True)
            acknowledge(closed.pulse)


def assert_whole(folder, known):
    """Returns {pulse: anchor} of all pulses, once sure that the book is whole and no known pulse is lost or another one."""
    with CLUB.open(folder) as book:
        header, _ = book.head()
        assert header.total == header.issued == sum(amount for _, _, amount in book.records())
        assert header.accounts == sum(1 for _ in book.records())
        anchors, previous = {}, bytes(32)
        for pulse in range(header.pulse + 1):
            there, _ = book.header(pulse)
            assert there.previous == previous
            previous = anchors[pulse] = header_hash(encode_header(there))
            if pulse >= book.stat()["purged"]:
                transactions = book.transactions(pulse)
                assert set_root([id for id, _ in transactions]) == there.transactions
                assert all(read_transfer(data).id == id for id, data in transactions)
        assert book.anchor == previous
        shown = verify_receipt(book.receipt(TREASURY_ACCOUNT), CLUB.id, sodium.verify)
        assert (shown.pulse, shown.amount) == (header.pulse, book.balance(TREASURY_ACCOUNT)[1])
        assert known.items() <= anchors.items(), "an acknowledged pulse was lost or replaced"
        return anchors


@pytest.mark.parametrize("kills", [8, pytest.param(200, marks=pytest.mark.slow)])
def test_kill_while_pulses_are_closed(tmp_path, kills):
    choose, folder = random.Random(kills), tmp_path / "book"
    with CLUB.create(folder) as book:
        CLUB.fill(book, 2000)
    known = assert_whole(folder, {})
    for _ in range(kills):
        pid, reader = start(folder, close_pulses)
        # Zero acknowledgements: also while it opens.
        acknowledged = kill_after(pid, reader, choose.choice((0, 1, 2, 5)), choose.random() * 0.02)
        anchors = assert_whole(folder, known)
        assert max(anchors) >= acknowledged
        known = anchors
    assert max(known) > kills
    with CLUB.open(folder) as book:
        export_book(book, tmp_path / "file")
    assert check_file(tmp_path / "file", CLUB.id).pulse == max(known)


@pytest.mark.parametrize("kills", [8, pytest.param(100, marks=pytest.mark.slow)])
def test_kill_while_a_book_is_made(tmp_path, kills):
    choose = random.Random(kills)

    def make(folder, acknowledge):
        CLUB.create(folder).close()
        acknowledge(1)
        signal.pause()

    for number in range(kills):
        folder = tmp_path / str(number)
        pid, reader = start(folder, make)
        made = kill_after(pid, reader, 0, choose.random() * 0.02)
        if not made:
            try:
                CLUB.create(folder).close()
            except Exception as error:
                assert getattr(error, "code", None) == "exists"
        assert_whole(folder, {})


@pytest.mark.parametrize("kills", [8, pytest.param(100, marks=pytest.mark.slow)])
def test_kill_while_a_book_is_imported(tmp_path, kills):
    choose, folder, file = random.Random(kills), tmp_path / "copy", tmp_path / "file"
    with CLUB.create(tmp_path / "book") as book:
        CLUB.fill(book, 2000)
        export_book(book, file)

    def take(folder, acknowledge):
        import_book(file, folder, CLUB.id, MAP_BYTES)
        acknowledge(1)
        signal.pause()

    for _ in range(kills):
        pid, reader = start(folder, take)
        done = kill_after(pid, reader, 0, choose.random() * 0.03)
        there = folder.exists()
        assert there or not done
        if there:
            with CLUB.open(folder) as book:
                assert book.pulse == 2 and book.balance(CLUB.accounts[0]) == (2, 2000)
            shutil.rmtree(folder)
    import_book(file, folder, CLUB.id, MAP_BYTES)
    assert sorted(os.listdir(tmp_path)) == ["book", "copy", "file"]
