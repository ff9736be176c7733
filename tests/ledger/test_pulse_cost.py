"""What a pulse writes to the medium, all in: cards wear out."""

import random

from tests.ledger.club import NOW, Club

CLUB = Club(60)


def written_bytes():
    """What this process has written, to files of any kind."""
    with open("/proc/self/io") as file:
        return int(next(line for line in file if line.startswith("wchar:")).split()[1])


def test_a_pulse_of_thirty_transfers_writes_little(tmp_path):
    choose = random.Random(1)
    with CLUB.create(tmp_path / "book") as book:
        CLUB.fill(book, 1_000_000)
        book._period = 32
        written = []
        for _ in range(64):
            order = choose.sample(range(60), 60)
            pairs = zip(order[::2], order[1::2], strict=True)
            payments = [CLUB.pay(payer, payee, choose.randrange(1, 100), book) for payer, payee in pairs]
            before = written_bytes()
            assert len(book.close_pulse(payments, NOW, checked=True).taken) == 30
            written.append(written_bytes() - before)
    # The late ones purge old transactions, too.
    assert sum(written[32:]) / 32 <= 64 * 1024
