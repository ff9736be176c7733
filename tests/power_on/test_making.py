"""A file system whose making is cut off: made again at the next start, and nothing else ever is."""

import random
import subprocess

import pytest

from appliance.power_on import file_systems
from appliance.power_on.file_systems import DamagedError, prepare
from appliance.power_on.making import Making, note, place
from appliance.power_on.trouble import StepError
from appliance.slots.disk import Disk
from appliance.slots.partition_table import SECTOR_BYTES, Partition, read_table
from tests.power_on.tables import product_sectors

PARTITION_BYTES = 8 << 20
PAGE = 4096
STATE = 7


@pytest.fixture
def disk(tmp_path):
    """The path of a card's table, and its bytes."""
    sectors, end = product_sectors()
    path = tmp_path / "card"
    path.write_bytes(b"".join(sectors(number) for number in range(end)))
    return path, path.read_bytes()


def test_the_note_lies_in_the_gap_and_leaves_the_table_as_it_was(disk):
    path, before = disk
    makings = {number: Making(str(path), number) for number in (7, 8)}
    assert not any(making.is_begun() for making in makings.values())
    makings[7].begin()
    assert makings[7].is_begun() and not makings[8].is_begun()
    after = path.read_bytes()
    table = read_table(lambda number: after[number * SECTOR_BYTES :][:SECTOR_BYTES], len(after) // SECTOR_BYTES)
    changed = [number for number in range(len(after) // SECTOR_BYTES)
               if after[number * SECTOR_BYTES :][:SECTOR_BYTES] != before[number * SECTOR_BYTES :][:SECTOR_BYTES]]  # fmt: skip
    assert changed == [place(table[7])]
    assert not any(entry.start <= changed[0] < entry.end for entry in table.values() if entry.number != 4), "in no partition"
    makings[7].end()
    assert path.read_bytes() == before and not makings[7].is_begun()


def test_a_note_of_another_place_or_cut_short_counts_as_none(disk):
    path, _ = disk
    partition = Partition(STATE, 0x83, 100, 50, 40, 0, 40)
    for other in (Partition(8, 0x83, 100, 50, 40, 0, 40), Partition(STATE, 0x83, 101, 50, 40, 0, 40)):
        assert note(other) != note(partition)
    making = Making(str(path), STATE)
    making.begin()
    data = path.read_bytes()
    at = data.index(b"leither: ")
    path.write_bytes(data[: at + 9] + bytes(20) + data[at + 29 :])
    assert not making.is_begun()


def test_without_a_gap_or_a_table_there_is_no_note(tmp_path):
    assert place(None) is None and place(Partition(1, 0x83, 9, 9, 0, 0, 0)) is None and place(Partition(5, 0x83, 9, 9, 8, 0, 8)) is None
    (tmp_path / "noise").write_bytes(b"x" * 4096)
    for name in ("noise", "none"):
        making = Making(str(tmp_path / name), STATE)
        assert not making.is_begun()
        for act in (making.begin, making.end):
            with pytest.raises(StepError, match="could not be noted"):
                act()


# What mke2fs leaves.


@pytest.fixture
def partition(tmp_path):
    path = tmp_path / "partition"
    path.write_bytes(bytes(PARTITION_BYTES))
    return path


def made(path):
    """The bytes of a whole file system."""
    path.write_bytes(bytes(PARTITION_BYTES))
    command = ["mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-m", "1", "-L", "STATE", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    data = path.read_bytes()
    path.write_bytes(bytes(PARTITION_BYTES))
    return data


def is_sound(path):
    return subprocess.run(["e2fsck", "-fn", path], capture_output=True).returncode == 0


def test_the_note_is_on_the_card_while_it_is_made_and_gone_after(disk, partition, monkeypatch):
    making, seen, real = Making(str(disk[0]), STATE), [], file_systems.run

    def run(command, limit_s=None):
        seen.append((command[0], making.is_begun()))
        return real(command)

    monkeypatch.setattr(file_systems, "run", run)
    prepare(str(partition), "STATE", making)
    assert seen == [("mke2fs", True)] and not making.is_begun() and is_sound(partition)
    prepare(str(partition), "STATE", making)
    assert seen[1:] == [("e2fsck", False)]


@pytest.mark.parametrize("seed", range(30))
def test_whatever_a_cut_leaves_is_made_again(disk, partition, seed):
    """Any part of what mke2fs writes may be on the card, in any order, when the power goes."""
    whole, chance = made(partition), random.Random(seed)
    pages = [at for at in range(0, PARTITION_BYTES, PAGE) if any(whole[at : at + PAGE])]
    chance.shuffle(pages)
    left = bytearray(PARTITION_BYTES)
    for at in pages[: chance.randrange(1, len(pages))]:
        left[at : at + PAGE] = whole[at : at + PAGE]
    partition.write_bytes(left)
    making = Making(str(disk[0]), STATE)
    making.begin()
    prepare(str(partition), "STATE", making)
    assert is_sound(partition) and not making.is_begun() and disk[0].read_bytes() == disk[1]


def test_a_killed_mke2fs_is_made_again(disk, partition, monkeypatch):
    making, real = Making(str(disk[0]), STATE), file_systems.run

    def killed(command, limit_s=None):
        # After its first writes.
        partition.write_bytes(made(partition)[: 1 << 16].ljust(PARTITION_BYTES, b"\0"))
        return -9

    monkeypatch.setattr(file_systems, "run", killed)
    with pytest.raises(StepError, match="could not be given"):
        prepare(str(partition), "STATE", making)
    assert making.is_begun()
    monkeypatch.setattr(file_systems, "run", real)
    prepare(str(partition), "STATE", making)
    assert is_sound(partition) and not making.is_begun()


def test_a_file_system_that_was_finished_is_kept_whatever_the_note_says(disk, partition):
    making = Making(str(disk[0]), STATE)
    prepare(str(partition), "STATE", making)
    subprocess.run(["debugfs", "-w", "-R", f"write {disk[0]} kept", partition], check=True, capture_output=True)
    making.begin()
    prepare(str(partition), "STATE", making)
    said = subprocess.run(["debugfs", "-R", "ls", partition], check=True, capture_output=True, text=True).stdout
    assert "kept" in said and not making.is_begun()


def test_without_the_note_nothing_is_made_over_what_is_there(disk, partition):
    partition.write_bytes(b"\xa5" * PARTITION_BYTES)
    with pytest.raises(DamagedError):
        prepare(str(partition), "STATE", Making(str(disk[0]), STATE))
    assert partition.read_bytes() == b"\xa5" * PARTITION_BYTES


@pytest.mark.parametrize("failing", ["begin", "end"])
def test_a_note_that_the_card_does_not_take_stops_the_making(disk, partition, monkeypatch, failing):
    making, real = Making(str(disk[0]), STATE), Disk.write

    def write(self, offset, data):
        if any(data) == (failing == "begin"):
            raise OSError(5, "Input/output error")
        real(self, offset, data)

    monkeypatch.setattr(Disk, "write", write)
    with pytest.raises(StepError, match="Input/output error"):
        prepare(str(partition), "STATE", making)
    assert (failing == "begin") == file_systems.is_blank(str(partition))
