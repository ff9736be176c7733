"""Backup, release, restore, delete, fork and diff, for every type of data."""

import pytest

from leither_edge.crypto import sodium
from leither_edge.mimei import cur_rows, history, info, manifest, references, rights, version_calls
from leither_edge.mimei.database.layout import DATA
from leither_edge.mimei.errors import BadInput, Busy, Conflict, Forbidden, NotFound
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.references import list_root, read_list
from leither_edge.mimei.sessions import sign_in_message
from leither_edge.mimei.version_calls import first_changes
from tests.mimei.memory_blocks import MemoryBlocks

from .people import ANNA, BEN, Clock, opened, read, work, write

EVERY = pytest.mark.parametrize("data_type", info.DATA_TYPES, ids=info.TYPE_NAMES.values())


@pytest.fixture
def library(tmp_path):
    with opened(tmp_path) as library:
        yield library


@pytest.fixture
def anna(library):
    return library.local_session(ANNA)


def made(library, session, data_type, texts=(b"one", b"two"), **more):
    """A new MiMei with a version of each text."""
    mid = library.create(session, data_type=data_type, **more)
    for text in texts:
        write(library, session, mid, text)
        library.backup(session, mid, text.decode())
    return mid


def fsck(library, session):
    assert library.fsck(session) == []


@EVERY
def test_versions_keep_what_cur_held(library, anna, data_type):
    mid = made(library, anna, data_type)
    write(library, anna, mid, b"three")
    assert [read(library, anna, mid, version) for version in (0, 1, "last", "cur")] == [b"one", b"two", b"two", b"three"]
    one, two = library.versions(anna, mid)
    assert (one.number, one.memo, one.is_last, two.is_last) == (0, "one", False, True)
    assert two.previous == one.manifest and two.author == ANNA.id and one.root != two.root
    fsck(library, anna)


@EVERY
def test_restore_brings_a_version_back(library, anna, data_type):
    mid = made(library, anna, data_type)
    write(library, anna, mid, b"three")
    library.restore(anna, mid, 0)
    assert read(library, anna, mid) == b"one"
    # Cur goes on from there: the next version is the old content and what came since.
    assert library.backup(anna, mid).root == library.versions(anna, mid)[0].root
    write(library, anna, mid, b"four")
    library.backup(anna, mid)
    assert [read(library, anna, mid, number) for number in range(4)] == [b"one", b"two", b"one", b"four"]
    work(library)
    fsck(library, anna)


@EVERY
def test_restored_cur_outlives_its_version_and_a_collection(library, anna, data_type):
    mid = made(library, anna, data_type)
    library.restore(anna, mid, 0)
    assert library.delete_versions(anna, mid, [0]) == 1
    library.collect(anna)
    assert read(library, anna, mid) == b"one"
    library.backup(anna, mid)
    assert read(library, anna, mid, 2) == b"one"
    fsck(library, anna)


@EVERY
def test_deleted_versions_are_gone_and_the_chain_is_not(library, anna, data_type):
    mid = made(library, anna, data_type, (b"one", b"two", b"three"))
    library.release(anna, mid, 1)
    with pytest.raises(Conflict, match="released"):
        library.delete_versions(anna, mid, [0, 1])
    assert library.delete_versions(anna, mid, [0, 2, "2"]) == 2
    assert [version.number for version in library.versions(anna, mid)] == [1]
    with pytest.raises(NotFound):
        library.open(anna, mid, 2)
    assert library.open(anna, mid, "last").number == 1
    write(library, anna, mid, b"four")
    assert library.backup(anna, mid).number == 3
    assert library.collect(anna)[0] > 0
    assert read(library, anna, mid, 3) == b"four" and read(library, anna, mid, "release") == b"two"
    fsck(library, anna)


@EVERY
def test_fork_goes_its_own_way_and_names_its_origin(library, anna, data_type):
    ben = library.local_session(BEN)
    mid = made(library, anna, data_type, right={"guest": rights.PUBLIC})
    with pytest.raises(Forbidden):
        library.fork(ben, mid, 0)
    library.release(anna, mid, 0)
    fork = library.fork(ben, mid, "release")
    write(library, ben, fork, b"mine")
    first = library.backup(ben, fork)
    assert (read(library, ben, fork), read(library, anna, mid)) == (b"mine", b"two")
    assert first.ancestor == library.versions(anna, mid)[0].manifest == library.info(ben, fork).ancestor
    library.delete(anna, mid)
    library.collect(anna)
    work(library)
    assert read(library, ben, fork, 0) == b"mine"
    fsck(library, ben)


def test_rows_loaded_for_a_fork_that_is_refused_go(library, anna):
    mid = made(library, anna, info.DATABASE)
    library.fork(anna, mid, 0, "twice")
    work(library)
    before = library.held.call(lambda tx: tx.count(DATA))
    for _ in range(3):
        with pytest.raises(Conflict):
            library.fork(anna, mid, 0, "twice")
    work(library)
    assert library.held.call(lambda tx: tx.count(DATA)) == before


def test_fork_of_the_same_mark_is_refused(library, anna):
    mid = made(library, anna, info.FILE)
    library.fork(anna, mid, 0, "twice")
    with pytest.raises(Conflict):
        library.fork(anna, mid, 0, "twice")
    with pytest.raises(BadInput):
        library.fork(anna, mid, "cur")


@EVERY
def test_diff_says_what_is_between(library, anna, data_type):
    mid = made(library, anna, data_type)
    (change,) = library.diff(anna, mid, 0, 1)
    assert change.kind == ("+" if data_type == info.STREAM else "~")
    assert list(library.diff(anna, mid, 1)) == list(library.diff(anna, mid, 0, 0)) == []
    if data_type == info.DATABASE:
        assert (change.what, change.old, change.new) == ((b"key", b"string", None), b"one", b"two")
    write(library, anna, mid, b"three")
    assert len(list(library.diff(anna, mid, 1))) == 1


def test_a_list_of_changes_holds_so_many_bytes(library, anna, monkeypatch):
    mid = made(library, anna, info.DATABASE)
    view = library.open(anna, mid).database
    for number in range(20):
        view.execute([b"SET", b"k%d" % number, bytes(1000)])
    monkeypatch.setattr(version_calls, "CHANGES_MAX_BYTES", 4500)
    assert [len(first_changes(library.diff(anna, mid, 0), count)) for count in (1, 3, 100)] == [1, 3, 5]


def test_backup_writes_a_manifest_that_anybody_can_check(library, anna):
    mid = made(library, anna, info.FILE, mark="checked")
    version = library.versions(anna, mid)[1]
    found = manifest.open_manifest(library.block(library.guest(), version.manifest), sodium.verify)
    assert (found.mid, found.number, found.root, found.mark) == (mid, 1, version.root, "checked")


def test_prepared_backup_is_signed_elsewhere(library):
    challenge = library.challenge()
    session = library.sign_in(ANNA.public_key, challenge, ANNA.sign(sign_in_message(library.node_key.id, challenge)))
    mid = library.create(session, data_type=info.DATABASE)
    write(library, session, mid, b"one")
    with pytest.raises(Forbidden, match="signed by"):
        library.backup(session, mid)
    ticket, message = library.backup_prepare(session, mid, "by hand")
    write(library, session, mid, b"two")
    library.collect(session)
    with pytest.raises(manifest.BadManifest):
        library.backup_finish(session, ticket, BEN.sign(message))
    with pytest.raises(manifest.BadManifest):
        library.backup_finish(session, ticket, b"short")
    with pytest.raises(NotFound):
        library.backup_finish(library.local_session(BEN), ticket, ANNA.sign(message))
    version = library.backup_finish(session, ticket, ANNA.sign(message))
    assert (version.number, version.memo) == (0, "by hand") and read(library, session, mid, 0) == b"one"
    with pytest.raises(NotFound):
        library.backup_finish(session, ticket, ANNA.sign(message))
    # What was changed after it was prepared goes into the next one.
    library.backup(library.local_session(ANNA), mid)
    assert read(library, session, mid, 1) == b"two"
    fsck(library, session)


def test_second_of_two_prepared_backups_must_be_made_again(library, anna):
    mid = library.create(anna, data_type=info.FILE)
    tickets = [library.backup_prepare(anna, mid) for _ in range(2)]
    library.backup_finish(anna, tickets[1][0], ANNA.sign(tickets[1][1]))
    with pytest.raises(Conflict, match="again"):
        library.backup_finish(anna, tickets[0][0], ANNA.sign(tickets[0][1]))


def test_database_prepared_before_a_restore_leaves_cur_right(library, anna):
    mid = made(library, anna, info.DATABASE)
    ticket, message = library.backup_prepare(anna, mid)
    library.restore(anna, mid, 0)
    library.backup_finish(anna, ticket, ANNA.sign(message))
    library.backup(anna, mid)
    assert [read(library, anna, mid, number) for number in (2, 3)] == [b"two", b"one"]


def test_tickets_expire(tmp_path):
    clock = Clock()
    with opened(tmp_path, clock) as library:
        anna = library.local_session(ANNA)
        mid = library.create(anna, data_type=info.FILE)
        ticket, message = library.backup_prepare(anna, mid)
        clock.now += 601
        with pytest.raises(NotFound):
            library.backup_finish(anna, ticket, ANNA.sign(message))
        for _ in range(40):
            library.backup_prepare(anna, mid)


@pytest.mark.parametrize("version", ["", "cur", None, -1, "x", 1.5, True, 1 << 60, "99999999999999999999"])
def test_what_is_no_numbered_version_is_refused(library, anna, version):
    mid = made(library, anna, info.FILE, (b"one",))
    with pytest.raises(BadInput):
        library.restore(anna, mid, version)


@pytest.mark.parametrize("memo", ["x" * 1001, None, b"bytes"])
def test_what_is_no_memo_is_refused(library, anna, memo):
    mid = library.create(anna, data_type=info.FILE)
    with pytest.raises(BadInput):
        library.backup(anna, mid, memo)


def test_words_without_a_version_say_so(library, anna):
    mid = library.create(anna)
    for word in ("last", "release"):
        with pytest.raises(NotFound, match="version"):
            library.open(anna, mid, word)
    with pytest.raises(NotFound):
        library.release(anna, mid, 7)


def test_open_transaction_keeps_a_backup_waiting(library, anna):
    mid = library.create(anna, data_type=info.DATABASE)
    view = library.open(anna, mid).database
    view.begin(10)
    view.execute([b"SET", b"key", b"half"])
    library.held.flush_now()
    for call in (lambda: library.backup(anna, mid), lambda: list(library.export_car(anna, mid, "cur"))):
        with pytest.raises(Busy):
            call()
    view.rollback()
    library.backup(anna, mid)
    assert read(library, anna, mid, 0) == b""


def test_references_belong_to_versions(library, anna):
    mid = library.create(anna, data_type=info.FILE)
    labels = [library.add(anna, [text]) for text in (b"reference one", b"reference two")]
    assert library.add_references(anna, mid, [labels[0], labels[0], labels[1]]) == 3
    library.backup(anna, mid)
    assert library.remove_references(anna, mid, [labels[0], labels[1], labels[1]]) == 2
    assert library.references(anna, mid) == {labels[0]: 1}
    assert library.references(anna, mid, 0) == {labels[0]: 2, labels[1]: 1}
    library.backup(anna, mid)
    library.collect(anna)
    assert b"".join(library.cat(anna, labels[1])) == b"reference two"
    library.restore(anna, mid, 0)
    assert library.references(anna, mid) == library.references(anna, mid, 0)
    library.delete_versions(anna, mid, [0])
    library.remove_references(anna, mid, [labels[1]])
    library.collect(anna)
    with pytest.raises(NotFound):
        library.cat(anna, labels[1])
    fsck(library, anna)


def test_many_references_make_a_list_of_lists(monkeypatch):
    monkeypatch.setattr(references, "LIST_MAX", 40)
    blocks = MemoryBlocks()
    counts = {cids.of(cids.RAW, b"%d" % number): number + 1 for number in range(90)}
    assert read_list(blocks, list_root(blocks, counts)) == counts and len(blocks) == 4
    assert list_root(blocks, {}) is None and read_list(blocks, None) == {}


def filled(library, session, **more):
    """A database with every type of value, two of them under keys too long for a row."""
    mid = library.create(session, data_type=info.DATABASE, **more)
    run = library.open(session, mid).database.execute
    for words in (
        [b"SET", b"s", b"1"], [b"SET", b"e", b"1", b"EXAT", b"1900000000"], [b"SET", LONG, b"long"], [b"RPUSH", b"l", b"1", b"2", b"3"],
        [b"RPUSH", b"l" + LONG, b"1"], [b"HSET", b"h", b"a", b"1", b"b" + LONG, b"2"], [b"SADD", b"set", b"a", b"b"],
        [b"ZADD", b"z", b"1.5", b"a", b"-inf", b"b"], [b"ZADD", b"z" + LONG, b"1", b"a"],
    ):  # fmt: skip
        run(words)
    for number in range(300):
        run([b"SET", b"many:%d" % number, b"x"])
    return mid, run


LONG = b"\0long" * 200


def test_restore_of_few_keys_puts_them_back_in_place(library, anna):
    mid, run = filled(library, anna)
    first = library.backup(anna, mid).root
    number = tx_database(library, mid)
    view = library.open(anna, mid).database
    before = view.core.watch_version(b"s")
    for words in (
        [b"SET", b"s", b"2"], [b"PERSIST", b"e"], [b"DEL", LONG, b"set"], [b"LPOP", b"l"], [b"RPUSH", b"l" + LONG, b"2"],
        [b"HDEL", b"h", b"a"], [b"SET", b"new", b"x"], [b"ZADD", b"z", b"7", b"b"], [b"DEL", b"z" + LONG], [b"RPUSH", b"set", b"list"],
    ):  # fmt: skip
        run(words)
    second = library.backup(anna, mid).root
    run([b"HSET", b"h", b"c", b"3"])
    run([b"DEL", b"s"])
    library.restore(anna, mid, 0)
    assert tx_database(library, mid) == number and view.core.watch_version(b"s") != before
    assert run([b"LRANGE", b"l", b"0", b"-1"]) == [b"1", b"2", b"3"] and run([b"EXPIRETIME", b"e"]) == 1900000000
    assert run([b"ZRANGE", b"z", b"0", b"-1"]) == [b"b", b"a"] and run([b"DBSIZE"]) == 309
    library.restore(anna, mid, 1)
    assert library.backup(anna, mid).root == second
    library.restore(anna, mid, 0)
    assert tx_database(library, mid) == number and library.backup(anna, mid).root == first
    fsck(library, anna)


def test_restore_of_many_keys_loads_them_anew(library, anna, monkeypatch):
    monkeypatch.setattr(cur_rows, "PUT_BACK_MAX", 20)
    mid, run = filled(library, anna)
    first = library.backup(anna, mid).root
    number = tx_database(library, mid)
    for key in range(200):
        run([b"DEL", b"many:%d" % key])
    library.restore(anna, mid, 0)
    assert tx_database(library, mid) != number and run([b"DBSIZE"]) == 309 and library.backup(anna, mid).root == first
    # One key that holds too much for it.
    run([b"RPUSH", b"l", *(b"%d" % element for element in range(50))])
    number = tx_database(library, mid)
    library.restore(anna, mid, 0)
    assert tx_database(library, mid) != number and library.backup(anna, mid).root == first
    for part in range(4):
        run([b"MSET", *(word for number in range(600) for word in (b"more:%d:%d" % (part, number), b"x"))])
    run([b"FLUSHDB"])
    run([b"SET", b"s", b"flushed"])
    library.restore(anna, mid, 0)
    assert run([b"DBSIZE"]) == 309 and library.backup(anna, mid).root == first
    work(library)
    fsck(library, anna)


def tx_database(library, mid):
    """The number that cur's rows have."""
    return library.held.call(lambda tx: history.read_head(tx, mid).database)
