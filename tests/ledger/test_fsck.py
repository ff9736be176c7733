"""fsck names what is wrong in a damaged book and restores what a root proves; real files, damaged beside the store."""

import random
import shutil

import pytest

from leither_edge.ledger import account_tree
from leither_edge.ledger.account_tree import AccountTree
from leither_edge.ledger.errors import BookError
from leither_edge.ledger.export import export_book, import_book
from leither_edge.ledger.fsck import Progress, check, open_damaged
from leither_edge.ledger.fsck_report import CHUNK, HEADER, PULSE, TREE
from leither_edge.ledger.history import HistoryError
from leither_edge.storage import Damaged, StorageError, open_store
from tests.ledger import naive_tree
from tests.ledger.club import MAP_BYTES, NOW, Club
from tests.ledger.damage import Raw, examined, flip_one, make_book, make_tree

CLUB = Club(8)
HISTORY = 1000


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """({name: folder}, {pulse: (root, state)} of "tree", newest Header of "book")."""
    folder = tmp_path_factory.mktemp("samples")
    states = make_tree(folder / "tree", history=HISTORY)
    make_tree(folder / "short", history=0)
    header = make_book(folder / "book", CLUB)
    return folder, states, header


@pytest.fixture
def copied(samples, tmp_path):
    def copy(name):
        folder = tmp_path / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(samples[0] / name, folder)
        return folder

    return copy


def pulse_of(key):
    return int.from_bytes(key, "big") >> 16


def assert_whole(folder, samples, given_up=0):
    """The tree opens, is as it was, and its past after ``given_up`` is there."""
    states = samples[1]
    with open_store(folder, MAP_BYTES, account_tree.TABLES) as store:
        tree = AccountTree(store, history=HISTORY)
        root, state = states[30]
        assert tree.root == root and {account: (pulse, amount) for account, pulse, amount in tree.records()} == state
        for pulse in range(given_up + 1, 31):
            root, state = states[pulse]
            account = min(state)
            past = tree.at(pulse)
            assert past.root == root and past.get(account) == state[account]
            assert past.proof(account) == naive_tree.proof(state, account)
            assert list(tree.history(account))
        if given_up:
            with pytest.raises(HistoryError):
                tree.at(given_up)
        batch = tree.prepare(31, {bytes(20): 5})
        with store.write() as tx:
            tree.write(tx, batch)
        tree.done(batch)


def assert_book_whole(folder, samples):
    with CLUB.open(folder) as book:
        assert book.head()[0] == samples[2]
        for pulse in range(2, 23):
            assert book.receipt(CLUB.accounts[0], None, pulse)
        assert book.close_pulse([CLUB.pay(0, 1, 1, book)], NOW).pulse


@pytest.mark.parametrize("name", ["tree", "short", "book"])
def test_a_good_book_has_no_findings(copied, name):
    organization = CLUB.id if name == "book" else None
    assert examined(copied(name), organization) == []
    assert examined(copied(name), organization, mend=True) == []


@pytest.mark.parametrize("seed", range(8))
def test_good_books_of_every_kind(tmp_path, seed):
    choose = random.Random(seed)
    ids = [choose.randbytes(20) for _ in range(choose.choice((5, 300, 1200)))]
    history = choose.choice((0, 5, 15, HISTORY))
    with open_store(tmp_path / "t", MAP_BYTES, account_tree.TABLES) as store:
        tree = AccountTree(store, history=history)
        for pulse in range(1, 50):
            size = choose.choice((1, 20, 300))
            changes = {choose.choice(ids): choose.choice((0, 1, 1 << 41, choose.randrange(1, 1 << 20))) for _ in range(size)}
            batch = tree.prepare(pulse, changes)
            if not choose.randrange(6):
                tree.undo(batch)
                batch = tree.prepare(pulse, {account: amount + 1 for account, amount in changes.items()})
            with store.write() as tx:
                tree.write(tx, batch)
            tree.done(batch)
            if history and not pulse % 7:
                with store.write() as tx:
                    tree.prune(tx, pulse - history)
            if not choose.randrange(10):
                history = choose.choice((0, 15, HISTORY))
                tree = AccountTree(store, history=history)
            if not pulse % 10:
                assert all(isinstance(step, Progress) for step in check(store))


def test_a_new_and_an_imported_book_are_good(tmp_path):
    with CLUB.create(tmp_path / "book") as book:
        assert not [step for step in check(book._store, CLUB.id) if not isinstance(step, Progress)]
        CLUB.fill(book)
        export_book(book, tmp_path / "file")
    import_book(tmp_path / "file", tmp_path / "copy", CLUB.id, MAP_BYTES)
    assert examined(tmp_path / "copy", CLUB.id) == []
    with CLUB.open(tmp_path / "copy") as book:
        book.close_pulse([CLUB.pay(0, 1, 3, book)], NOW)
    assert examined(tmp_path / "copy", CLUB.id) == []


def test_a_purged_book_is_good(tmp_path):
    with CLUB.create(tmp_path / "book", history=40) as book:
        book._period = 20
        CLUB.fill(book)
        for nonce in range(70):
            book.close_pulse([CLUB.pay(nonce % 8, (nonce + 1) % 8, 1, book, nonce)], NOW)
        assert book.stat()["purged"] > 20
    assert examined(tmp_path / "book", CLUB.id) == []


def test_a_book_that_is_another_organizations(copied):
    [finding] = [one for one in examined(copied("book"), Club(2).accounts[0]) if one.where == 0]
    assert finding.kind == HEADER and "another organization" in finding.sentence and not finding.restorable


@pytest.mark.parametrize(
    "name, table", [("tree", "base"), ("tree", "log"), ("short", "base"), ("book", "base"), ("book", "log"), ("book", "pulses")]
)
def test_a_flipped_byte_is_put_back(copied, samples, name, table):
    choose, organization = random.Random(name + table), CLUB.id if name == "book" else None
    for _ in range(12):
        folder = copied(name)
        key, _ = flip_one(folder, table, choose, summed=False)
        findings = examined(folder, organization)
        assert any(is_named(finding, table, key) for finding in findings), (key.hex(), findings)
        assert all(finding.restorable and finding.remedy for finding in findings)
        assert examined(folder, organization, mend=True) == findings
        assert examined(folder, organization) == []
    if name == "tree":
        assert_whole(folder, samples)
    if name == "book":
        assert_book_whole(folder, samples)


def is_named(finding, table, key):
    if table == "base":
        return finding.kind == CHUNK and finding.where.startswith(key.hex() + " ")
    if table == "log":
        return finding.kind == PULSE and finding.where == pulse_of(key)
    return finding.kind == HEADER and finding.where == int.from_bytes(key, "big") >> 24


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name, table", [("tree", "base"), ("tree", "log"), ("short", "base"), ("book", "base"), ("book", "log")])
def test_wrong_bytes_with_a_right_checksum(copied, samples, name, table, seed):
    choose, organization = random.Random(f"{name} {table} {seed}"), CLUB.id if name == "book" else None
    for _ in range(6):
        folder = copied(name)
        key, _ = flip_one(folder, table, choose, summed=True)
        findings = examined(folder, organization)
        assert examined(folder, organization, mend=True) == findings
        after = examined(folder, organization)
        if name == "book":
            # The transfers are there, so all is made anew, and what changed must have been seen.
            assert findings and all(finding.restorable for finding in findings), (key.hex(), findings)
            assert after == []
            assert_book_whole(folder, samples)
        elif after == []:
            given_up = max((finding.where for finding in findings if not finding.restorable), default=0)
            if name == "tree":
                assert_whole(folder, samples, given_up)
        else:
            assert after == findings and not any(finding.restorable for finding in findings)
            assert all("import an export" in finding.remedy for finding in findings)
            assert name == "short" or table == "log"


def test_a_wrong_root_beside_good_accounts_is_rewritten(copied, samples):
    folder = copied("tree")
    with Raw(folder) as raw:
        for key, row in raw.rows("base").items():
            buckets = int.from_bytes(row[2:4], "big")
            raw.flip("base", key, 8 + 2 * buckets + 20 * (buckets // 2) + 3, 1, summed=True)
    findings = examined(folder, mend=True)
    assert findings and all(finding.kind == CHUNK and "a root that stands in it" in finding.sentence for finding in findings)
    assert examined(folder) == []
    assert_whole(folder, samples)


@pytest.mark.parametrize("summed", [False, True])
def test_two_chunks_that_changed_places(copied, samples, summed):
    folder = copied("tree")
    with Raw(folder) as raw:
        (one, row), (other, other_row) = random.Random(3).sample(sorted(raw.rows("base").items()), 2)
        if summed:
            raw.put_value("base", one, other_row[:-4])
            raw.put_value("base", other, row[:-4])
        else:
            raw.put("base", one, other_row)
            raw.put("base", other, row)
    findings = examined(folder, mend=True)
    assert {finding.where.split()[0] for finding in findings if finding.kind == CHUNK} >= {one.hex(), other.hex()}
    assert all(finding.restorable for finding in findings) and examined(folder) == []
    assert_whole(folder, samples)


def test_chunks_that_are_gone(copied, samples):
    choose = random.Random(4)
    for count in (1, 1, 2, None):
        folder = copied("tree")
        with Raw(folder) as raw:
            keys = sorted(raw.rows("base"))
            raw.drop("base", *(choose.sample(keys, count) if count else keys))
        [finding] = examined(folder, mend=True)
        assert finding.kind == TREE and finding.restorable and "do not lead to the root" in finding.sentence
        assert examined(folder) == []
        assert_whole(folder, samples)


def test_accounts_that_the_log_does_not_have_are_not_guessed(copied):
    folder = copied("short")
    with Raw(folder) as raw:
        key = sorted(raw.rows("base"))[1]
        raw.drop("base", key)
        before = raw.rows("base"), raw.rows("log")
    [finding] = examined(folder, mend=True)
    assert finding.kind == TREE and not finding.restorable and "import an export" in finding.remedy
    with Raw(folder) as raw:
        assert (raw.rows("base"), raw.rows("log")) == before


@pytest.mark.parametrize("lost", range(6))
def test_rows_of_the_log_that_are_gone(copied, samples, lost):
    choose = random.Random(lost)
    folder = copied("tree")
    with Raw(folder) as raw:
        key = choose.choice([key for key in raw.rows("log") if 1 < pulse_of(key) < 16])
        raw.drop("log", key)
    findings = examined(folder, mend=True)
    [finding] = [finding for finding in findings if finding.where == pulse_of(key)]
    assert finding.kind == PULSE and not finding.restorable and "gives up the past" in finding.remedy
    assert examined(folder) == []
    assert_whole(folder, samples, pulse_of(key))


@pytest.mark.parametrize("pulses", [1, 2, 5, 19])
def test_a_torn_tail_of_the_log_is_made_anew(copied, samples, pulses):
    folder = copied("book")
    with Raw(folder) as raw:
        raw.drop("log", *[key for key in raw.rows("log") if pulse_of(key) > 22 - pulses])
    with pytest.raises(Damaged):
        CLUB.open(folder)
    findings = examined(folder, CLUB.id, mend=True)
    assert [finding.where for finding in findings if finding.kind == PULSE] == list(range(23 - pulses, 23))
    assert all(finding.restorable and "transfers" in finding.remedy for finding in findings)
    assert examined(folder, CLUB.id) == []
    assert_book_whole(folder, samples)


def test_a_whole_log_is_made_anew(copied, samples):
    folder = copied("book")
    with Raw(folder) as raw:
        raw.drop("log", *raw.rows("log"))
    assert all(finding.restorable for finding in examined(folder, CLUB.id, mend=True))
    assert examined(folder, CLUB.id) == []
    assert_book_whole(folder, samples)


def test_pulses_in_the_middle_are_made_anew(copied, samples):
    folder = copied("book")
    with Raw(folder) as raw:
        raw.drop("log", *[key for key in raw.rows("log") if pulse_of(key) in (5, 6, 12, 20)])
    findings = examined(folder, CLUB.id, mend=True)
    assert [finding.where for finding in findings if finding.kind == PULSE] == [5, 6, 12, 20]
    assert all(finding.restorable for finding in findings) and examined(folder, CLUB.id) == []
    assert_book_whole(folder, samples)


@pytest.mark.parametrize("name", ["tree", "book"])
def test_a_torn_tail_without_its_transfers_is_refused(copied, name):
    folder = copied(name)
    with Raw(folder) as raw:
        newest = max(map(pulse_of, raw.rows("log")))
        raw.drop("log", (newest << 16).to_bytes(8, "big"))
        if name == "book":
            raw.drop("pulses", *[key for key in raw.rows("pulses") if int.from_bytes(key, "big") >> 16 == newest << 8 | 3])
    findings = examined(folder, CLUB.id if name == "book" else None, mend=True)
    assert newest in [finding.where for finding in findings if finding.kind == PULSE]
    assert not any(finding.restorable for finding in findings) and "import an export" in findings[0].remedy


def test_ids_are_computed_from_their_transfers(copied, samples):
    folder = copied("book")
    with Raw(folder) as raw:
        raw.drop("pulses", (9 << 24 | 2 << 16).to_bytes(8, "big"))
    [finding] = examined(folder, CLUB.id, mend=True)
    assert (finding.kind, finding.where, finding.restorable) == (HEADER, 9, True)
    assert examined(folder, CLUB.id) == []
    assert_book_whole(folder, samples)


def test_headers_that_are_gone_cannot_be_signed_again(copied):
    folder = copied("book")
    with Raw(folder) as raw:
        raw.drop("pulses", *[key for key in raw.rows("pulses") if int.from_bytes(key, "big") >> 24 == 9])
    [finding] = examined(folder, CLUB.id, mend=True)
    assert (finding.kind, finding.where, finding.restorable) == (HEADER, 9, False) and "goes on without" in finding.remedy
    folder = copied("book")
    with Raw(folder) as raw:
        raw.drop("pulses", *[key for key in raw.rows("pulses") if int.from_bytes(key, "big") >> 24 == 22])
    findings = examined(folder, CLUB.id, mend=True)
    assert [finding.where for finding in findings] == [22] and "header" in findings[0].sentence
    assert not findings[0].restorable and "import an export" in findings[0].remedy


@pytest.mark.parametrize("pulse", [17, 22])
def test_what_nobody_signed_proves_nothing(copied, pulse):
    folder = copied("book")
    with Raw(folder) as raw:
        # A header and the pulse of the log state the same wrong number of accounts.
        key = (pulse << 24 | 1 << 16).to_bytes(8, "big")
        raw.put_value("pulses", key, raw.rows("pulses")[key][:-4].replace(b"\x07\x08\x08", b"\x07\x09\x08"))
        raw.flip("log", (pulse << 16).to_bytes(8, "big"), 16, 1, summed=True)
        # This could be mended, if it could be proven.
        raw.flip("base", sorted(raw.rows("base"))[0], 40, 4)
        before = raw.rows("log"), raw.rows("base")
    findings = {(finding.kind, finding.where): finding for finding in examined(folder, CLUB.id, mend=True)}
    assert "signature" in findings[HEADER, pulse].sentence
    assert not findings[HEADER, pulse].restorable and not findings[PULSE, pulse].restorable
    with Raw(folder) as raw:
        assert (raw.rows("log"), raw.rows("base")) == before or pulse < 22


def test_damage_in_many_places_at_once(copied, samples):
    folder = copied("book")
    with Raw(folder) as raw:
        for number in (3, 8, 22):
            raw.flip("log", (number << 16).to_bytes(8, "big"), 70, 4)
        raw.flip("base", sorted(raw.rows("base"))[0], 40, 4)
        raw.flip("pulses", (7 << 24 | 1 << 16).to_bytes(8, "big"), 40, 4)
        raw.drop("log", (15 << 16).to_bytes(8, "big"))
    findings = examined(folder, CLUB.id, mend=True)
    assert {3, 8, 22, 15, 7} <= {finding.where for finding in findings} and all(finding.restorable for finding in findings)
    assert examined(folder, CLUB.id) == []
    assert_book_whole(folder, samples)


def test_a_file_cut_short_is_reported_by_the_store(copied):
    folder = copied("book")
    file = folder / "data.mdb"
    data = file.read_bytes()
    for share in (0, 0.1, 0.5):
        file.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(StorageError, match=r"damaged: .*(cut short|only|ends before)"):
            open_damaged(folder, MAP_BYTES)


def test_a_folder_without_a_book_stays_so(tmp_path):
    with pytest.raises(BookError, match="no book"):
        open_damaged(tmp_path / "none", MAP_BYTES)
    assert not (tmp_path / "none").exists()
