"""A row of which one byte changed is found again, whichever it was; the keys of damaged rows are seen all the same."""

import random

import pytest

from leither_edge.storage import Damaged, Table, open_store
from leither_edge.storage.one_byte import one_byte_off
from leither_edge.storage.table import pack_row

BLOCKS = Table("blocks", key="u64", value="bytes")


def test_any_byte_is_put_back():
    choose = random.Random(5)
    for size in (0, 1, 2, 20, 900, 4076):
        key, value = choose.randbytes(8), choose.randbytes(size)
        row = pack_row(BLOCKS, key, value)
        assert list(one_byte_off(key, row)) == []
        for _ in range(40):
            at = choose.randrange(len(row))
            bad = row[:at] + bytes((row[at] ^ choose.randrange(1, 256),)) + row[at + 1 :]
            assert value in one_byte_off(key, bad)
    assert list(one_byte_off(key, b"abc")) == []


def test_two_bytes_are_not_found():
    choose = random.Random(6)
    value = choose.randbytes(900)
    row = bytearray(pack_row(BLOCKS, b"12345678", value))
    row[10] ^= 1
    row[800] ^= 1
    assert value not in list(one_byte_off(b"12345678", bytes(row)))


def test_keys_of_damaged_rows(tmp_path):
    folder = tmp_path / "s"
    with open_store(folder, 4 << 20, [BLOCKS]) as store, store.write() as tx:
        for number in range(5):
            tx.put(BLOCKS, number, b"block %d" % number)
    path = folder / "data.mdb"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"block 3", b"clock 3"))
    with pytest.raises(Damaged, match="checksum"):
        open_store(folder, 4 << 20, [BLOCKS])
    with open_store(folder, 4 << 20, [BLOCKS], check_rows=False) as store, store.read() as tx:
        assert list(tx.keys(BLOCKS)) == [0, 1, 2, 3, 4]
        assert list(tx.keys(BLOCKS, 3)) == [3, 4] and list(tx.keys(BLOCKS, 3, reverse=True)) == [3, 2, 1, 0]
        assert tx.get(BLOCKS, 2) == b"block 2"
        with pytest.raises(Damaged):
            tx.get(BLOCKS, 3)
        assert list(one_byte_off(*tx.stored(BLOCKS, 3))) == [b"block 3"]
        assert tx.stored(BLOCKS, 9)[1] is None
