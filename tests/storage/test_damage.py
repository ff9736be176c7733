"""A damaged file is refused or read rightly; it never ends the process and never gives wrong values.

LMDB maps its file and trusts it, so each damaged file is opened and read to the end in a child process: a signal there
is a failure here.
"""

import os
import pathlib
import random
import struct
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leither_edge.storage import Damaged, Table, open_store
from leither_edge.storage.lmdb_file import BadFile, check, count_free_pages

from .child import run_in_child

NOTES = Table("notes", key="text", value="cbor")
BLOCKS = Table("blocks", key="u64", value="bytes")
TABLES = (NOTES, BLOCKS)
MAP_BYTES = 4 << 20
PAGE = 4096


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """(bytes of a store's file, its rows): branches, leaves, overflow runs, free pages."""
    folder = tmp_path_factory.mktemp("sample") / "s"
    choose = random.Random(7)
    with open_store(folder, MAP_BYTES, TABLES) as store:
        for _ in range(12):
            with store.write() as tx:
                for _ in range(100):
                    tx.put(BLOCKS, choose.randrange(600), choose.randbytes(choose.choice((5, 60, 300, 6000))))
                    tx.put(NOTES, f"note {choose.randrange(500)}", {"n": choose.randrange(1 << 30), "t": "x" * choose.randrange(40)})
                    tx.delete(BLOCKS, choose.randrange(600))
        rows = read_all(store)
    return (folder / "data.mdb").read_bytes(), rows


def read_all(store):
    with store.read() as tx:
        return {table.name: dict(tx.scan(table)) for table in TABLES}


def open_and_use(folder):
    """What a node does with a store: open, read all, write, read again."""
    try:
        with open_store(folder, MAP_BYTES, TABLES) as store:
            rows = read_all(store)
            with store.write() as tx:
                for number in range(40):
                    tx.put(BLOCKS, 5000 + number, bytes(3000))
            after = read_all(store)
            for number in range(40):
                assert after["blocks"].pop(5000 + number) == bytes(3000)
            assert after == rows
            return ("rows", rows)
    except Damaged as error:
        return ("damaged", str(error))


@pytest.fixture
def quick_folder(tmp_path):
    """A folder in memory where there is one: damage needs no durability, and there are hundreds of cases."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield pathlib.Path(folder)


def outcomes_of(parent, variants):
    """Use each variant of the file in a child; yield (variant's label, outcome)."""
    folder = parent / "s"
    folder.mkdir()

    def child(batch):
        results = []
        for label, data in batch:
            (folder / "data.mdb").write_bytes(data)
            results.append((label, open_and_use(folder)))
        return results

    variants = list(variants)
    for start in range(0, len(variants), 50):
        batch = variants[start : start + 50]
        results = run_in_child(child, batch)
        if results[0] == "signal":
            # Which one was it?
            for variant in batch:
                assert run_in_child(child, [variant])[0] != "signal", variant[0]
        assert isinstance(results, list), results
        yield from results


def test_the_sample_is_whole(sample, quick_folder):
    data, rows = sample
    [(_, outcome)] = outcomes_of(quick_folder, [("whole", data)])
    assert outcome == ("rows", rows)
    path = quick_folder / "copy"
    path.write_bytes(data)
    with open(path, "rb") as file:
        meta = check(file.fileno())
        last_page, free = count_free_pages(file.fileno())
    assert meta.last_page == last_page and 5 < free < last_page
    assert {key_type for key_type in rows} == {"notes", "blocks"}


def test_cut_short(sample, quick_folder):
    data, rows = sample
    sizes = [0, 1, 15, 100, PAGE - 1, PAGE, PAGE + 50, 2 * PAGE - 1, 2 * PAGE, 2 * PAGE + 1]
    sizes += range(3 * PAGE, len(data), len(data) // 25)
    for size, (kind, result) in outcomes_of(quick_folder, [(size, data[:size]) for size in sizes]):
        # A cut through free pages alone harms nothing.
        assert kind == "damaged" or result == rows, size
        if size < len(data) // 2:
            assert kind == "damaged" and ("cut short" in result or "bytes" in result or "ends" in result), (size, result)


def test_garbage(quick_folder):
    choose = random.Random(1)
    variants = [("zeros", bytes(10 * PAGE)), ("noise", choose.randbytes(10 * PAGE)), ("text", b"hello\n" * 3000), ("ff", b"\xff" * 9000)]
    for _, (kind, text) in outcomes_of(quick_folder, variants):
        assert kind == "damaged" and "Restore the folder from a backup" in text


def test_damaged_heads(sample, quick_folder):
    """Every byte of both meta pages, one at a time."""
    data, rows = sample

    def variants():
        for head in (0, PAGE):
            for offset in range(head, head + 152):
                yield offset, _flipped(data, offset, 0xFF)

    damaged = 0
    for label, (kind, result) in outcomes_of(quick_folder, variants()):
        damaged += kind == "damaged"
        assert kind == "damaged" or result == rows, label
    assert damaged > 75


@pytest.mark.parametrize("cases, seed", [(250, 3), pytest.param(2000, 4, marks=pytest.mark.slow)])
def test_flipped_bytes(sample, quick_folder, cases, seed):
    data, rows = sample
    choose = random.Random(seed)

    def variants():
        for _ in range(cases):
            offset = choose.randrange(2 * PAGE, len(data))
            if choose.random() < 0.5:
                # Page headers, offsets of nodes and the first node headers do the most harm.
                offset = offset // PAGE * PAGE + choose.randrange(64)
            yield offset, _flipped(data, offset, choose.randrange(1, 256))

    damaged = 0
    for offset, (kind, result) in outcomes_of(quick_folder, variants()):
        damaged += kind == "damaged"
        assert kind == "damaged" or result == rows, offset
    assert damaged > cases // 4


@pytest.mark.slow
def test_every_bit_of_the_heads(sample, quick_folder):
    data, rows = sample
    variants = (
        ((offset, bit), _flipped(data, offset, 1 << bit)) for head in (0, PAGE) for offset in range(head, head + 152) for bit in range(8)
    )
    for label, (kind, result) in outcomes_of(quick_folder, variants):
        assert kind == "damaged" or result == rows, label


def test_overwritten_pages(sample, quick_folder):
    data, rows = sample
    choose = random.Random(5)
    pages = len(data) // PAGE

    def variants():
        for page in choose.sample(range(2, pages), min(pages - 2, 60)):
            for content in (bytes(PAGE), b"\xff" * PAGE, choose.randbytes(PAGE), data[2 * PAGE : 3 * PAGE]):
                yield page, data[: page * PAGE] + content + data[(page + 1) * PAGE :]

    for page, (kind, result) in outcomes_of(quick_folder, variants()):
        assert kind == "damaged" or result == rows, page


def test_swapped_pages(sample, quick_folder):
    data, rows = sample
    choose = random.Random(9)

    def variants():
        for _ in range(40):
            one, two = sorted(choose.sample(range(2, len(data) // PAGE), 2))
            first, second = (data[page * PAGE : (page + 1) * PAGE] for page in (one, two))
            yield (one, two), b"".join((data[: one * PAGE], second, data[(one + 1) * PAGE : two * PAGE], first, data[(two + 1) * PAGE :]))

    for label, (kind, result) in outcomes_of(quick_folder, variants()):
        assert kind == "damaged" or result == rows, label


def test_a_row_that_changed_under_an_open_store(tmp_path):
    """Beyond the pages checked at the start, and later on, each row's checksum speaks."""
    folder = tmp_path / "s"
    with open_store(folder, MAP_BYTES, TABLES) as store:
        with store.write() as tx:
            tx.put(BLOCKS, 1, b"precious" * 100)
        path = folder / "data.mdb"
        data = path.read_bytes()
        with open(path, "r+b") as file:
            file.seek(data.index(b"precious"))
            file.write(b"q")
        with store.read() as tx, pytest.raises(Damaged, match="table blocks does not match its checksum"):
            tx.get(BLOCKS, 1)
        with store.read() as tx, pytest.raises(Damaged):
            list(tx.scan(BLOCKS))


def test_a_file_of_the_other_word_size_says_so(sample, tmp_path):
    data, _ = sample
    path = tmp_path / "other"
    # On 32 bits the page header is 12 bytes, on 64 it is 16: the mark stands four bytes earlier or later.
    is_64 = struct.calcsize("P") == 8
    path.write_bytes(data[:12] + data[16:] if is_64 else data[:12] + bytes(4) + data[12:])
    with open(path, "rb") as file, pytest.raises(BadFile, match=f"written on a {32 if is_64 else 64}-bit system"):
        check(file.fileno())


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=200), places=st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=8)), max_size=6))
def test_the_check_ends_with_its_own_error(sample, tmp_path_factory, content, places):
    """Any bytes, alone or laid over a real file."""
    real = bytearray(sample[0])
    for offset, piece in places:
        offset %= len(real) - 8
        real[offset : offset + len(piece)] = piece
    for data in (content, bytes(real)):
        file = os.memfd_create("file")
        try:
            os.write(file, data)
            check(file)
        except BadFile:
            pass
        finally:
            os.close(file)


def _flipped(data, offset, flip):
    return data[:offset] + bytes([data[offset] ^ flip]) + data[offset + 1 :]
