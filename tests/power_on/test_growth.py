"""The partition table: read strictly, grown in an order that a cut of power cannot break, byte for byte as sfdisk does."""

import os
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.power_on.growth import ALIGNMENT_SECTORS, SECTORS_MAX, writes
from appliance.slots.partition_table import SECTOR_BYTES, TableError, read_table
from tests.power_on.tables import MIB_SECTORS, Sectors, dump, entry, product_sectors, sfdisk, sfdisk_script, table

DATA = 8
needs_sfdisk = pytest.mark.skipif(shutil.which("sfdisk") is None, reason="sfdisk (package fdisk) is not installed here")


def shape(found):
    return {number: (partition.start, partition.count, partition.kind) for number, partition in found.items()}


def applied(sectors, changes):
    after = sectors.copy()
    after.update(changes)
    return after


MORE = st.one_of(st.integers(0, 9000), st.integers(0, 1 << 33))
CARDS = st.tuples(st.tuples(*[st.integers(1, 400)] * 7), st.integers(1, 3000), st.integers(1, 64), MORE)


@settings(max_examples=300)
@given(CARDS)
def test_every_prefix_of_the_writes_is_a_whole_table(card):
    sizes, first, gap, more = card
    sectors, end = product_sectors(sizes, first, gap)
    disk = end + more
    before = shape(read_table(sectors, disk))
    changes = writes(sectors, disk, DATA)
    grown = shape(read_table(applied(sectors, changes), disk))
    for cut in range(len(changes) + 1):
        left = applied(sectors, changes[:cut])
        now = shape(read_table(left, disk))
        assert {number: now[number] for number in now if number not in (4, 8)} == {n: before[n] for n in before if n not in (4, 8)}
        assert now[4][0] == before[4][0] and now[8][0] == before[8][0]
        assert before[8][1] <= now[8][1] <= grown[8][1] and before[4][1] <= now[4][1] <= grown[4][1]
        # The next start goes on from there, to the same end.
        again = applied(left, writes(left, disk, DATA))
        assert again == applied(sectors, changes)
        assert writes(again, disk, DATA) == []
    wanted = min(disk, SECTORS_MAX) // ALIGNMENT_SECTORS * ALIGNMENT_SECTORS
    assert grown[8][0] + grown[8][1] == max(end, wanted) == grown[4][0] + grown[4][1]
    assert len(changes) in (0, 3) and all(len(data) == SECTOR_BYTES for _, data in changes)


def test_only_lengths_change():
    sectors, end = product_sectors()
    changes = writes(sectors, end + 1_000_000, DATA)
    assert [sector for sector, _ in changes] == [0, 64 + 24 + 2 * 24, 64 + 24 + 3 * 24]
    for sector, data in changes:
        different = {at for at in range(SECTOR_BYTES) if data[at] != sectors(sector)[at]}
        # One entry: its last cylinder, head and sector, and its length.
        start = min(different) - (min(different) - 446) % 16
        assert different <= {start + at for at in (5, 6, 7, 12, 13, 14, 15)}


def damaged(**changes):
    sectors, end = product_sectors()
    for name, data in changes.items():
        sectors[{"mbr": 0, "third": 64 + 24 + 48, "last": 64 + 24 + 72}[name]] = data
    return sectors, end


@pytest.mark.parametrize(
    "sectors, why",
    [
        (Sectors(), "no partition table"),
        (Sectors({0: table()}), "no logical"),
        (damaged(mbr=table(entry(0x83, 64, 10)))[0], "no logical"),
        (damaged(mbr=table(entry(0x83, 64, 9999)))[0], "outside of the disk"),
        (damaged(mbr=table(entry(0x83, 0, 10)))[0], "outside of the disk"),
        (damaged(mbr=table(entry(5, 88, 50), entry(5, 200, 10)))[0], "two extended"),
        (damaged(mbr=table(entry(0x83, 64, 40), entry(5, 88, 104)))[0], "over each other"),
        (damaged(last=bytes(512))[0], "no partition table"),
        (damaged(last=table(entry(0x83, 8, 33)))[0], "outside of the extended"),
        (damaged(last=table(entry(0x83, 0, 32)))[0], "outside of the extended"),
        (damaged(last=table(entry(0x83, 8, 32), entry(5, 0, 8)))[0], "over the table|backwards"),
        (damaged(third=table(entry(0x83, 8, 16), entry(5, 48, 24)))[0], "over the table"),
        (damaged(third=table(entry(0x83, 8, 17), entry(5, 72, 40)))[0], "over the table"),
        (damaged(third=table(entry(0x83, 8, 16), entry(5, 72, 0)))[0], "backwards"),
        (damaged(third=table(entry(0x83, 8, 16), entry(0x83, 72, 40)))[0], "backwards"),
        (damaged(third=table(entry(0, 0, 0), entry(5, 72, 40)))[0], "names no partition"),
        (damaged(third=table(entry(0x83, 8, 16), entry(5, 72, 40), entry(0x83, 1, 1)))[0], "more than two"),
        (damaged(third=table(entry(0x83, 8, 16)))[0], "no logical"),
    ],
)
def test_a_table_that_is_not_ours_is_left_alone(sectors, why):
    with pytest.raises(TableError, match=why):
        writes(sectors, 1000, DATA)


def test_what_lies_behind_is_not_grown_over():
    sectors, end = product_sectors()
    first = sectors[0]
    sectors[0] = first[:446] + entry(0x83, end + 100, 50) + first[462:]
    with pytest.raises(TableError, match="not the last"):
        writes(sectors, end + 100_000, DATA)


def test_a_chain_has_an_end():
    sectors = Sectors({0: table(entry(5, 10, 10_000))})
    for number in range(40):
        sectors[10 + 100 * number] = table(entry(0x83, 10, 10), entry(5, 100 * (number + 1), 100))
    with pytest.raises(TableError, match="too many"):
        read_table(sectors, 1 << 20)


@settings(max_examples=500)
@given(
    st.lists(st.tuples(st.sampled_from([0, 88, 112, 136, 160]), st.integers(446, 511), st.integers(0, 255)), min_size=1, max_size=5),
    st.integers(150, 5000),
)
def test_a_damaged_table_is_refused_or_grown_soundly(changes, disk):
    sectors, end = product_sectors()
    for sector, at, value in changes:
        data = bytearray(sectors[sector])
        data[at] = value
        sectors[sector] = bytes(data)
    try:
        planned = writes(sectors, disk, DATA)
    except TableError:
        return
    for cut in range(len(planned) + 1):
        found = read_table(applied(sectors, planned[:cut]), disk)
        assert all(partition.end <= disk for partition in found.values())


@given(st.binary(min_size=512, max_size=512))
def test_noise_is_no_table(noise):
    with pytest.raises(TableError):
        writes(lambda sector: noise, 1 << 20, DATA)


def file_reader(path):
    def read(sector):
        with open(path, "rb") as file:
            file.seek(sector * SECTOR_BYTES)
            return file.read(SECTOR_BYTES)

    return read


@needs_sfdisk
@pytest.mark.parametrize("size_mib", [1024, 7580, 30_436, 976_000])
def test_grown_as_sfdisk_grows(tmp_path, size_mib):
    """A card grown by us, and one that sfdisk makes as large from the start: the same bytes in every sector of the table."""
    script, end = sfdisk_script()
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    sectors = size_mib * MIB_SECTORS + 1234
    with open(ours, "wb") as file:
        file.truncate(end * SECTOR_BYTES)
    sfdisk(ours, script)
    os.truncate(ours, sectors * SECTOR_BYTES)
    assert dump(ours) == shape(read_table(file_reader(ours), sectors))
    for sector, data in writes(file_reader(ours), sectors, DATA):
        with open(ours, "r+b") as file:
            file.seek(sector * SECTOR_BYTES)
            file.write(data)
        assert dump(ours)[8], "readable for sfdisk after every write"
    found = read_table(file_reader(ours), sectors)
    assert dump(ours) == shape(found)
    assert found[8].end == size_mib * MIB_SECTORS
    with open(theirs, "wb") as file:
        file.truncate(sectors * SECTOR_BYTES)
    larger, _ = sfdisk_script((16, 24, 24, 64, 64, 64, found[8].count // MIB_SECTORS))
    sfdisk(theirs, larger)
    for sector in (0, *(partition.table for partition in found.values())):
        assert file_reader(ours)(sector) == file_reader(theirs)(sector), sector
