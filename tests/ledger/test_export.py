import os
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leither_edge.ledger.errors import BookError
from leither_edge.ledger.export import MAGIC, RECORD_BYTES, check_file, export_book, import_book
from leither_edge.ledger.rising_root import RisingRoot
from tests.ledger import naive_tree
from tests.ledger.club import MAP_BYTES, NOW, Club, key

CLUB = Club(20)
# One of them gives away all that it has, which leaves 19 records.


@pytest.fixture
def exported(tmp_path):
    with CLUB.create(tmp_path / "book") as book:
        CLUB.fill(book)
        book.close_pulse([CLUB.pay(0, 1, 300, book), CLUB.pay(2, 3, 1000, book)], NOW)
        export_book(book, tmp_path / "file")
    return tmp_path / "file"


def import_it(path, folder, organization=CLUB.id):
    return import_book(path, folder, organization, MAP_BYTES)


def test_a_book_comes_back_whole_and_goes_on(exported, tmp_path):
    assert os.stat(exported).st_mode & 0o777 == 0o600
    header = import_it(exported, tmp_path / "copy")
    assert check_file(exported, CLUB.id) == header and header.pulse == 3
    with CLUB.open(tmp_path / "book") as old, CLUB.open(tmp_path / "copy") as book:
        assert book.head() == old.head() and list(book.records()) == list(old.records())
        # What was applied before names an older header, which this book does not have.
        [again] = [old.transaction(id)[1] for id, _ in old.transactions(3)[:1]]
        assert book.balance(CLUB.accounts[0]) == (3, 700)
        late = CLUB.transfer({CLUB.accounts[0]: 1}, {CLUB.accounts[1]: 1}, old.header(2)[0].previous, 100)
        assert again and [error.code for _, error in book.close_pulse([late], NOW).refused] == ["anchor"]
        assert book.close_pulse([CLUB.pay(0, 1, 1, book)], NOW).pulse == 4
        assert book.header(4)[0].previous == old.anchor
    with CLUB.open(tmp_path / "copy") as book:
        assert book.balance(CLUB.accounts[0]) == (4, 699)


def test_an_empty_book(tmp_path):
    with CLUB.create(tmp_path / "book") as book:
        export_book(book, tmp_path / "file")
    assert import_it(tmp_path / "file", tmp_path / "copy").accounts == 0
    assert check_file(tmp_path / "file", CLUB.id).pulse == 0
    CLUB.open(tmp_path / "copy").close()


def test_a_book_that_changes_meanwhile_leaves_no_file(tmp_path):
    with CLUB.create(tmp_path / "book") as book:
        CLUB.fill(book)
        records = book.records

        def change_at_the_first():
            for number, record in enumerate(records()):
                if not number:
                    book.close_pulse([CLUB.pay(0, 1, 1, book)], NOW)
                yield record

        book.records = change_at_the_first
        with pytest.raises(BookError, match="Export it again"):
            export_book(book, tmp_path / "file")
    assert os.listdir(tmp_path) == ["book"]


def test_no_flipped_bit_and_no_cut_gets_in(exported, tmp_path):
    data, choose = exported.read_bytes(), random.Random(1)
    records = len(data) - 19 * RECORD_BYTES
    places = [*range(0, len(MAGIC)), *(choose.randrange(len(data)) for _ in range(40)), *(records + at for at in range(RECORD_BYTES))]
    bad = tmp_path / "bad"
    for place in places:
        bad.write_bytes(data[:place] + bytes([data[place] ^ 1 << choose.randrange(8)]) + data[place + 1 :])
        for refuse in (lambda: check_file(bad, CLUB.id), lambda: import_it(bad, tmp_path / "copy")):
            with pytest.raises(BookError) as raised:
                refuse()
            assert raised.value.field
    for size in [*(choose.randrange(len(data)) for _ in range(20)), records, len(data) - RECORD_BYTES, len(data) - 1]:
        bad.write_bytes(data[:size])
        with pytest.raises(BookError):
            import_it(bad, tmp_path / "copy")
    bad.write_bytes(data + b"\0")
    with pytest.raises(BookError, match="follows its last account"):
        import_it(bad, tmp_path / "copy")
    assert sorted(os.listdir(tmp_path)) == ["bad", "book", "file"]


def test_a_length_out_of_range_asks_for_no_memory(exported, tmp_path):
    data = exported.read_bytes()
    exported.write_bytes(data[: len(MAGIC)] + struct.pack(">I", 0xFFFFFFFF) + data[len(MAGIC) + 4 :])
    with pytest.raises(BookError, match="header is cut short or too long"):
        check_file(exported, CLUB.id)


def test_another_organization_is_refused_and_a_book_is_not_overwritten(exported, tmp_path):
    with pytest.raises(BookError, match="another organization") as raised:
        import_it(exported, tmp_path / "copy", key("other").id)
    assert raised.value.field == "organization"
    with pytest.raises(BookError, match="already"):
        import_it(exported, tmp_path / "book")


def test_money_moved_between_accounts_leads_to_another_root(exported, tmp_path):
    data = bytearray(exported.read_bytes())
    first = len(data) - 18 * RECORD_BYTES
    data[first - 1] += 1
    data[first - 1 + RECORD_BYTES] -= 1
    exported.write_bytes(data)
    for refuse in (lambda: check_file(exported, CLUB.id), lambda: import_it(exported, tmp_path / "copy")):
        with pytest.raises(BookError, match="do not lead") as raised:
            refuse()
        assert raised.value.field == "root"


def test_what_a_crash_left_of_an_import_is_in_no_ones_way(exported, tmp_path, monkeypatch):
    def die(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", lambda *arguments, **options: None)
        patch.setattr("os.rename", die)
        with pytest.raises(KeyboardInterrupt):
            import_it(exported, tmp_path / "copy")
    assert not (tmp_path / "copy").exists() and len(os.listdir(tmp_path)) == 3
    import_it(exported, tmp_path / "copy")
    CLUB.open(tmp_path / "copy").close()


@given(st.dictionaries(st.binary(min_size=20, max_size=20), st.tuples(st.integers(0, 1 << 32), st.integers(1, 1 << 40)), max_size=40))
def test_the_rising_root_is_the_naive_one(state):
    tree = RisingRoot()
    for account in sorted(state):
        tree.add(account, *state[account])
    assert tree.finish() == naive_tree.root(state) and tree.accounts == len(state)


@given(st.lists(st.integers(0, 255), unique=True, min_size=1), st.integers(0, 160 - 8))
def test_the_rising_root_of_ids_that_share_most_bits(numbers, shift):
    state = {(number << shift).to_bytes(20, "big"): (1, number + 1) for number in numbers}
    tree = RisingRoot()
    for account in sorted(state):
        tree.add(account, *state[account])
    assert tree.finish() == naive_tree.root(state)
