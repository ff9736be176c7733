import pytest
import trio

from leither_edge.storage import SchemaTooNew, StorageError, Table, open_store

NOTES = Table("notes", key="text", value="cbor")
BLOCKS = Table("blocks", key="bytes", value="bytes")
COUNTS = Table("counts", key="u64", value="u64")
TABLES = (NOTES, BLOCKS, COUNTS)
MAP_BYTES = 1 << 20


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "s", MAP_BYTES, TABLES) as store:
        yield store


def test_values_come_back_after_reopening(tmp_path):
    with open_store(tmp_path / "s", MAP_BYTES, TABLES) as store, store.write() as tx:
        tx.put(NOTES, "ключ", {"a": [1, b"\x00", None, True]})
        tx.put(BLOCKS, b"\x00", b"")
        tx.put("counts", 2**64 - 1, 2**64 - 1)
        assert tx.get(NOTES, "ключ") == {"a": [1, b"\x00", None, True]}
    with open_store(tmp_path / "s", MAP_BYTES, TABLES) as store, store.read() as tx:
        assert tx.get(NOTES, "ключ") == {"a": [1, b"\x00", None, True]}
        assert tx.get(BLOCKS, b"\x00") == b""
        assert tx.get(COUNTS, 2**64 - 1) == 2**64 - 1
        assert tx.get(COUNTS, 1) is None and tx.get(COUNTS, 1, 5) == 5


def test_an_exception_leaves_all_as_it_was(store):
    with store.write() as tx:
        tx.put(COUNTS, 1, 1)
    with pytest.raises(KeyError), store.write() as tx:
        tx.put(COUNTS, 1, 2)
        tx.delete(COUNTS, 1)
        raise KeyError
    with store.read() as tx:
        assert tx.get(COUNTS, 1) == 1
    assert store.commits == 1


def test_readers_whose_errors_are_kept_leave_no_slot_taken(store):
    def fail():
        with store.read() as tx:
            tx.get(COUNTS, 1)
            raise KeyError

    kept = []
    for _ in range(300):
        with pytest.raises(KeyError) as raised:
            fail()
        kept.append(raised.value)  # and with it the frame that holds tx
    with store.read() as tx:
        assert tx.count(COUNTS) == 0


def test_scan(store):
    with store.write() as tx:
        for number in (1, 256, 3, 65536):
            tx.put(COUNTS, number, number)
    with store.read() as tx:
        assert [key for key, _ in tx.scan(COUNTS)] == [1, 3, 256, 65536]
        assert [key for key, _ in tx.scan(COUNTS, reverse=True)] == [65536, 256, 3, 1]
        assert [key for key, _ in tx.scan(COUNTS, start=3)] == [3, 256, 65536]
        assert [key for key, _ in tx.scan(COUNTS, start=4)] == [256, 65536]
        assert [key for key, _ in tx.scan(COUNTS, start=4, reverse=True)] == [3, 1]
        assert [key for key, _ in tx.scan(COUNTS, start=3, reverse=True)] == [3, 1]
        assert [key for key, _ in tx.scan(COUNTS, start=99999, reverse=True, limit=2)] == [65536, 256]
        assert list(tx.scan(COUNTS, start=99999)) == [] and list(tx.scan(COUNTS, start=0, reverse=True)) == []
        assert list(tx.scan(COUNTS, limit=0)) == [] and list(tx.scan(NOTES)) == []
        assert tx.count(COUNTS) == 4


def test_scan_while_changing(store):
    with store.write() as tx:
        for number in range(1000):
            tx.put(COUNTS, number, 0)
        for number, _ in tx.scan(COUNTS):
            tx.delete(COUNTS, number)
            if number % 2:
                tx.put(COUNTS, number, 1)
        assert [number for number, _ in tx.scan(COUNTS)] == list(range(1, 1000, 2))
        for number, _ in tx.scan(COUNTS, reverse=True):
            assert tx.delete(COUNTS, number)
        assert tx.count(COUNTS) == 0 and not tx.delete(COUNTS, 1)


@pytest.mark.parametrize(
    "table, key, value",
    [
        (NOTES, "", 1), (NOTES, b"a", 1), (NOTES, "a" * 512, 1), (NOTES, "a", object()), (BLOCKS, "a", b""), (BLOCKS, b"a", "b"),
        (COUNTS, -1, 1), (COUNTS, 1 << 64, 1), (COUNTS, True, 1), (COUNTS, 1, 1 << 64), (COUNTS, 1, "1"), ("other", 1, 1),
    ],
)  # fmt: skip
def test_a_row_that_does_not_fit_its_table_is_refused(store, table, key, value):
    with pytest.raises((TypeError, ValueError, AttributeError)), store.write() as tx:
        tx.put(table, key, value)
    assert store.commits == 0


def test_a_snapshot_does_not_change(store):
    with store.read() as old:
        with store.write() as tx:
            tx.put(COUNTS, 1, 1)
        assert old.get(COUNTS, 1) is None


def test_nested_write_is_refused_at_once(store):
    with store.write(), pytest.raises(RuntimeError), store.write():
        pass
    with store.write() as tx:
        tx.put(COUNTS, 1, 1)


def test_a_closed_store_says_so(tmp_path):
    store = open_store(tmp_path / "s", MAP_BYTES, TABLES)
    store.close()
    store.close()
    for begin in (store.read, store.write):
        with pytest.raises(StorageError, match="closed"), begin():
            pass
    open_store(tmp_path / "s", MAP_BYTES, TABLES).close()


def test_migrations_run_once_and_in_order(tmp_path):
    steps = []

    def step(number):
        def run(tx):
            steps.append(number)
            tx.put(COUNTS, number, number)

        return run

    migrations = {1: step(1), 2: step(2)}
    open_store(tmp_path / "s", MAP_BYTES, TABLES).close()
    for _ in range(2):
        with open_store(tmp_path / "s", MAP_BYTES, TABLES, 3, migrations) as store, store.read() as tx:
            assert steps == [1, 2] and tx.count(COUNTS) == 2
    with pytest.raises(SchemaTooNew, match="version 3.*up to 2"):
        open_store(tmp_path / "s", MAP_BYTES, TABLES, 2, migrations)
    with pytest.raises(StorageError, match="no way from version 3"):
        open_store(tmp_path / "s", MAP_BYTES, TABLES, 4, migrations)


def test_a_migration_that_fails_changes_nothing(tmp_path):
    def fail(tx):
        tx.put(COUNTS, 2, 2)
        raise ZeroDivisionError

    open_store(tmp_path / "s", MAP_BYTES, TABLES).close()
    with pytest.raises(ZeroDivisionError):
        open_store(tmp_path / "s", MAP_BYTES, TABLES, 3, {1: lambda tx: tx.put(COUNTS, 1, 1), 2: fail})
    with open_store(tmp_path / "s", MAP_BYTES, TABLES) as store, store.read() as tx:
        assert tx.count(COUNTS) == 0


def test_a_new_table_is_added(tmp_path):
    open_store(tmp_path / "s", MAP_BYTES, [NOTES]).close()
    with open_store(tmp_path / "s", MAP_BYTES, TABLES) as store, store.write() as tx:
        tx.put(COUNTS, 1, 1)


async def test_commits_of_many_tasks(store):
    async def add(number):
        def change(tx):
            count = tx.get(COUNTS, 0, 0) + 1
            tx.put(COUNTS, 0, count)
            return number, count

        results.append(await store.commit(change))

    results = []
    async with trio.open_nursery() as nursery:
        for number in range(50):
            nursery.start_soon(add, number)
    assert {number for number, _ in results} == set(range(50))
    assert sorted(count for _, count in results) == list(range(1, 51))


async def test_a_failed_commit_reaches_only_its_caller(store):
    def fail(tx):
        tx.put(COUNTS, 1, 1)
        raise ZeroDivisionError

    async def expect_failure():
        with pytest.raises(ZeroDivisionError):
            await store.commit(fail)

    async with trio.open_nursery() as nursery:
        for number in range(10):
            nursery.start_soon(expect_failure)
            nursery.start_soon(store.commit, lambda tx, number=number: tx.put(COUNTS, 100 + number, 0))
    with store.read() as tx:
        assert [number for number, _ in tx.scan(COUNTS)] == list(range(100, 110))


def test_floor_is_the_row_at_or_before_a_key(store):
    with store.write() as tx:
        for key in (b"\x05", b"\x05\x01", b"\x09"):
            tx.put(BLOCKS, key, key)
        assert tx.floor(BLOCKS, b"\x04") is None
        assert tx.floor(BLOCKS, b"\x05") == (b"\x05", b"\x05")
        assert tx.floor(BLOCKS, b"\x08") == (b"\x05\x01", b"\x05\x01")
        assert tx.floor(BLOCKS, b"\xff") == (b"\x09", b"\x09")


def test_appended_rows_fill_their_pages(tmp_path):
    used = {}
    for append in (False, True):
        with open_store(tmp_path / str(append), MAP_BYTES, TABLES) as store:
            for start in range(0, 400, 4):
                with store.write() as tx:
                    for number in range(start, start + 4):
                        tx.put(BLOCKS, number.to_bytes(4, "big"), bytes(990), append=append)
            used[append] = store.stat()["used_bytes"]
    assert used[True] < 0.8 * used[False]


def test_a_key_that_is_not_above_all_others_is_not_appended(store):
    with pytest.raises(ValueError, match="not above"), store.write() as tx:
        tx.put(COUNTS, 2, 2, append=True)
        tx.put(COUNTS, 2, 3, append=True)
    with store.read() as tx:
        assert tx.count(COUNTS) == 0


def test_many_reads_see_the_same_rows(store):
    with store.write() as tx:
        for number in range(0, 100, 3):
            tx.put(BLOCKS, bytes([number]), bytes([number]) * number)
    with store.read() as tx:
        floor, row = tx.floors(BLOCKS), tx.rows(BLOCKS)
        for number in range(110):
            assert floor(bytes([number])) == tx.floor(BLOCKS, bytes([number]))
            assert row(bytes([number])) == tx.get(BLOCKS, bytes([number]))
        with pytest.raises(ValueError, match="not bytes"):
            tx.floors(COUNTS)


def test_many_reads_find_a_row_that_the_medium_changed(tmp_path):
    with open_store(tmp_path / "s", MAP_BYTES, TABLES) as store, store.write() as tx:
        tx.put(BLOCKS, b"k", b"value that is looked for in the file")
    path = tmp_path / "s" / "data.mdb"
    with open_store(tmp_path / "s", MAP_BYTES, TABLES) as store:
        data = path.read_bytes()
        with path.open("r+b") as file:
            file.seek(data.rindex(b"value that"))
            file.write(b"wrong")
        with store.read() as tx:
            for read in (tx.rows(BLOCKS), tx.floors(BLOCKS)):
                with pytest.raises(StorageError, match="checksum"):
                    read(b"k")
