import pytest

from leither_edge.core.committee import sign_header
from leither_edge.core.header import encode_header, header_hash, read_header
from leither_edge.core.receipt import verify_receipt
from leither_edge.core.transaction_set import set_root
from leither_edge.crypto import sodium
from leither_edge.ledger import pulse_rows
from leither_edge.ledger.book import NO_HEADER, PURGE_EVERY, TABLES, create_book, open_book
from leither_edge.ledger.errors import BookDamaged, BookError
from leither_edge.ledger.export import export_book, import_book
from leither_edge.storage import MapFull, open_store
from tests.ledger.club import MAP_BYTES, NOW, TREASURY_ACCOUNT, Club, key

CLUB = Club()


@pytest.fixture
def book(tmp_path):
    with CLUB.create(tmp_path / "book") as book:
        yield book


@pytest.fixture
def filled(book):
    CLUB.fill(book)
    return book


def test_a_new_book_is_empty_and_signed(book):
    header, message = book.head()
    assert header.pulse == 0 and header.previous == NO_HEADER and header.total == 0 and header.time == NOW
    shown = verify_receipt(book.receipt(CLUB.accounts[0]), CLUB.id, sodium.verify)
    assert shown.amount == 0 and shown.changed is None and shown.pulse == 0


@pytest.mark.parametrize("history", [0, 1, 604_800])
def test_before_the_first_issue_nobody_held_anything(tmp_path, history):
    """However little of the past a book keeps."""
    with CLUB.create(tmp_path / "book", history=history) as book:
        CLUB.fill(book)
    with CLUB.open(tmp_path / "book", history=history) as book:
        for account in (CLUB.accounts[0], TREASURY_ACCOUNT):
            assert book.balance(account, 0) == (None, 0)
            shown = verify_receipt(book.receipt(account, None, 0), CLUB.id, sodium.verify)
            assert (shown.amount, shown.changed, shown.pulse, shown.header.total) == (0, None, 0, 0)


def test_a_book_that_begins_later_has_no_pulse_0(filled, tmp_path):
    export_book(filled, str(tmp_path / "file"))
    import_book(str(tmp_path / "file"), str(tmp_path / "copy"), CLUB.id, MAP_BYTES)
    with CLUB.open(tmp_path / "copy") as copy:
        for ask in (copy.balance, lambda account, pulse: copy.receipt(account, None, pulse)):
            with pytest.raises(BookError) as caught:
                ask(CLUB.accounts[0], 0)
            assert caught.value.code == "no-pulse"


def test_a_pulse_is_there_after_reopening(tmp_path):
    with CLUB.create(tmp_path / "book") as book:
        CLUB.fill(book)
        signed = CLUB.pay(0, 1, 300, book)
        closed = book.close_pulse([signed], NOW + 5)
        assert closed.pulse == 3 and [taken.id for taken in closed.taken] == [signed.id]
        head = book.head()
    with CLUB.open(tmp_path / "book") as book:
        assert book.head() == head and head[0].time == NOW + 5 and head[0].total == head[0].issued == 8000
        assert book.balance(CLUB.accounts[0]) == (3, 700) and book.balance(CLUB.accounts[1]) == (3, 1300)
        assert book.balance(CLUB.accounts[0], 2) == (2, 1000) and list(book.history(CLUB.accounts[0])) == [(3, 700), (2, 1000)]
        assert book.transaction(signed.id) == book.transaction(signed.id, 3) == (3, signed.data)
        assert book.transactions(3) == [(signed.id, signed.data)]
        assert [error.code for _, error in book.close_pulse([signed], NOW).refused] == ["replayed"]
        assert book.close_pulse([CLUB.pay(1, 0, 1, book)], NOW).pulse == 4
        assert book.head()[0].time == NOW + 5, "the time of a header went back"
        assert book.stat()["window_ids"] == 11


def test_headers_name_the_one_before_and_the_transactions(filled):
    digest = NO_HEADER
    for pulse in range(3):
        header, _ = filled.header(pulse)
        assert header.previous == digest and header.pulse == pulse
        assert header.transactions == set_root([id for id, _ in filled.transactions(pulse)])
        digest = header_hash(encoded(header))
    assert filled.anchor == digest
    with pytest.raises(BookError, match="no pulse 3"):
        filled.header(3)


def encoded(header):
    assert read_header(encode_header(header)) == header
    return encode_header(header)


def test_nothing_good_makes_no_pulse(filled):
    commits = filled.stat()["commits"]
    closed = filled.close_pulse([CLUB.pay(0, 1, 5000, filled)], NOW)
    assert closed.pulse is None and [error.code for _, error in closed.refused] == ["below-zero"]
    assert filled.pulse == 2 and filled.stat()["commits"] == commits


def test_what_cancels_out_changes_no_account_and_is_a_pulse_all_the_same(filled):
    root = filled.head()[0].root
    closed = filled.close_pulse([CLUB.pay(0, 1, 5, filled), CLUB.pay(1, 0, 5, filled)], NOW)
    assert closed.pulse == 3 and filled.head()[0].root == root and filled.balance(CLUB.accounts[0]) == (2, 1000)


def test_receipts_of_old_and_new_pulses(filled):
    payments = [CLUB.pay(0, number, 10 * number, filled) for number in range(1, 6)]
    assert filled.close_pulse(payments, NOW).pulse == 3
    filled.close_pulse([CLUB.pay(1, 2, 1, filled)], NOW)
    for number, signed in enumerate(payments, 1):
        shown = verify_receipt(filled.receipt(CLUB.accounts[number], signed.id), CLUB.id, sodium.verify)
        assert (shown.pulse, shown.amount, shown.transaction) == (3, 1000 + 10 * number, signed.id)
    shown = verify_receipt(filled.receipt(CLUB.accounts[2]), CLUB.id, sodium.verify)
    assert (shown.pulse, shown.amount, shown.transaction) == (4, 1021, None)
    with pytest.raises(BookError, match="not in this book"):
        filled.receipt(CLUB.accounts[0], bytes(32))


def test_signatures_are_checked_unless_they_were(filled):
    signed = CLUB.pay(0, 1, 5, filled)
    signatures = [one._replace(signature=bytes(64)) for one in signed.message.signatures]
    broken = signed._replace(message=signed.message._replace(signatures=signatures))
    assert [error.code for _, error in filled.close_pulse([broken], NOW).refused] == ["bad-signature"]
    assert filled.close_pulse([signed], NOW, checked=True).pulse == 3


def test_a_full_map_leaves_all_as_it_was(tmp_path, monkeypatch):
    with CLUB.create(tmp_path / "book") as book:
        CLUB.fill(book)
        head, root = book.head(), book.balance(CLUB.accounts[0])
        signed = CLUB.pay(0, 1, 5, book)

        def fail(*arguments):
            raise OSError("full")

        with monkeypatch.context() as patch:
            patch.setattr(pulse_rows, "write_pulse", fail)
            with pytest.raises(OSError):
                book.close_pulse([signed], NOW)
        assert book.head() == head and book.balance(CLUB.accounts[0]) == root
        assert book.close_pulse([signed], NOW).pulse == 3


def test_a_committee_signs_together(tmp_path):
    club = Club()
    second, third = key("second"), key("third")
    club.certificate = club.certify(committee=[club.bookkeeper, second, third], threshold=2)
    with pytest.raises(BookError, match="too few"):
        club.create(tmp_path / "alone")
    club.certificate = club.certify(committee=[club.bookkeeper, second, third])
    club.create(tmp_path / "book").close()

    def both(header):
        return sign_header(header, [(member.public_key, member.sign) for member in (second, third)])

    with club.open(tmp_path / "book", gather=both) as book:
        assert book.close_pulse([club.issue(5, book)], NOW).pulse == 1
    with club.open(tmp_path / "book", gather=lambda header: sign_header(header, [(key("x").public_key, key("x").sign)])) as book:
        with pytest.raises(BookError, match="stranger"):
            book.close_pulse([club.issue(5, book)], NOW)
        assert book.pulse == 1 and book.balance(TREASURY_ACCOUNT) == (1, 5)
    with club.open(tmp_path / "book", gather=lambda header: both(header._replace(total=6, issued=6))) as book:
        with pytest.raises(BookError, match="another header"):
            book.close_pulse([club.issue(5, book)], NOW)
        assert book.pulse == 1


def test_books_that_cannot_be_opened(tmp_path):
    club = Club()
    with pytest.raises(BookError, match="no whole book"):
        club.open(tmp_path / "none")
    club.create(tmp_path / "book").close()
    with pytest.raises(BookError, match="already"):
        club.create(tmp_path / "book")
    club.id = key("other").id
    with pytest.raises(BookError, match="another organization"):
        club.open(tmp_path / "book")
    with pytest.raises(BookError, match="another organization"):
        club.create(tmp_path / "other")


def test_a_book_without_its_key_is_for_reading(tmp_path):
    club = Club()
    with club.create(tmp_path / "book") as book:
        club.fill(book)
    club.bookkeeper = None
    with club.open(tmp_path / "book") as book:
        assert book.balance(club.accounts[0]) == (2, 1000)
        with pytest.raises(BookError, match="reading alone"):
            book.close_pulse([club.pay(0, 1, 1, book)], NOW)


@pytest.mark.parametrize("field", ["root", "total", "accounts", "pulse", "signature", "certificate"])
def test_parts_that_do_not_agree_are_damage(tmp_path, field):
    with CLUB.create(tmp_path / "book") as book:
        CLUB.fill(book)
        header, message = book.head()
    changes = {"root": {"root": bytes(20)}, "total": {"total": 1, "issued": 1}, "accounts": {"accounts": 7}, "pulse": {"pulse": 3}}
    with open_store(tmp_path / "book", MAP_BYTES, TABLES) as store, store.write() as tx:
        if field == "certificate":
            tx.put(pulse_rows.PULSES, 0, CLUB.certificate[:-1] + b"x")
        else:
            header = header._replace(**changes.get(field, {}))
            forged = sign_header(header, [(CLUB.bookkeeper.public_key, CLUB.bookkeeper.sign)]) if field in changes else message[:-1] + b"x"
            pulse_rows.write_pulse(tx, header.pulse, 0, forged, bytes(32), [], b"")
    with pytest.raises(BookDamaged, match="The book is damaged") as raised:
        CLUB.open(tmp_path / "book")
    assert raised.value.field == {"signature": "signatures", "certificate": "signature"}.get(field, field)


def test_transactions_are_purged_and_headers_stay(tmp_path):
    with CLUB.create(tmp_path / "book", period=3601) as book:
        CLUB.fill(book)
        # As if the last hour had been long ago.
        book._period = 10
        for number in range(3 * PURGE_EVERY):
            signed = CLUB.pay(number % 8, (number + 1) % 8, 1, book, number)
            book.close_pulse([signed], NOW)
        purged = book.stat()["purged"]
        assert purged == 3 * PURGE_EVERY - 10
        with pytest.raises(BookError, match="not any more"):
            book.transactions(purged - 1)
        assert len(book.transactions(purged)) == 1
        assert [book.header(pulse)[0].pulse for pulse in range(book.pulse + 1)] == list(range(book.pulse + 1))
    with CLUB.open(tmp_path / "book") as book:
        assert book.stat()["purged"] == purged == book.make_room(3601)
    with pytest.raises(ValueError):
        CLUB.open(tmp_path / "book", period=3600)
    with pytest.raises(ValueError):
        create_and_make_room(tmp_path / "other")


def create_and_make_room(folder):
    with CLUB.create(folder) as book:
        book.make_room(3600)


def test_room_is_made_in_a_full_store(tmp_path, monkeypatch):
    monkeypatch.setattr("leither_edge.ledger.book.EXPIRY_MAX_PULSES", 4)
    with create_book(tmp_path / "book", CLUB.id, CLUB.certificate, CLUB.bookkeeper, 1 << 20, NOW, history=0, period=500) as book:
        CLUB.fill(book)
        with pytest.raises(MapFull):
            for number in range(500):
                payments = [CLUB.pay(payer, (payer + 1 + number % 7) % 8, 1, book, payer) for payer in range(8)]
                book.close_pulse(payments, NOW, checked=True)
        full, head = book.pulse, book.head()
        assert book.stat()["purged"] == 0 and book.make_room(5) == full - 5 and book.head() == head
        assert book.close_pulse([CLUB.pay(0, 1, 1, book)], NOW).pulse == full + 1
    with open_book(tmp_path / "book", CLUB.id, CLUB.bookkeeper, 1 << 20, history=0) as book:
        assert book.pulse == full + 1 and book.stat()["purged"] >= full - 5
