"""Writes that are on the medium when the call returns, and disks that only say so."""

import os

import pytest

from appliance.slots import SlotError, disk
from appliance.slots.disk import Disk

SECTOR = 512


@pytest.fixture
def card(tmp_path):
    path = tmp_path / "card.img"
    path.write_bytes(bytes(4 * SECTOR))
    return Disk(str(path))


def test_a_sector_is_one_synchronous_write(card, monkeypatch):
    flags, writes, open_, pwrite = [], [], os.open, os.pwrite
    monkeypatch.setattr(disk.os, "open", lambda path, how: flags.append(how) or open_(path, how))
    monkeypatch.setattr(disk.os, "pwrite", lambda fd, data, offset: writes.append((offset, len(data))) or pwrite(fd, data, offset))
    card.write(SECTOR, b"x" * SECTOR)
    assert writes == [(SECTOR, SECTOR)] and flags[0] & os.O_SYNC == os.O_SYNC
    assert card.read(0, 4 * SECTOR) == bytes(SECTOR) + b"x" * SECTOR + bytes(2 * SECTOR)


def test_a_disk_that_takes_less_at_once_gets_the_rest(card, monkeypatch):
    pwrite = os.pwrite
    monkeypatch.setattr(disk.os, "pwrite", lambda fd, data, offset: pwrite(fd, data[:100], offset))
    card.write(SECTOR, bytes(range(256)) * 2)
    assert card.read(SECTOR, SECTOR) == bytes(range(256)) * 2


def test_a_disk_that_keeps_nothing_is_noticed(card, monkeypatch):
    monkeypatch.setattr(disk.os, "pwrite", lambda fd, data, offset: len(data))
    with pytest.raises(SlotError, match="did not keep") as caught:
        card.write(0, b"x" * SECTOR)
    assert caught.value.code == "failed"


def test_a_disk_that_refuses_says_why(card, monkeypatch):
    def refuse(fd, data, offset):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(disk.os, "pwrite", refuse)
    with pytest.raises(SlotError, match="Input/output error") as caught:
        card.write(0, b"x" * SECTOR)
    assert caught.value.code == "failed"


def test_a_read_beyond_the_end_is_short(card):
    assert card.read(3 * SECTOR, 2 * SECTOR) == bytes(SECTOR)


@pytest.fixture
def devices(tmp_path):
    """/sys/dev/block with the root on the fifth partition of the second card."""
    number = os.stat(tmp_path).st_dev
    partition = tmp_path / "sys/block/mmcblk1/mmcblk1p5"
    partition.mkdir(parents=True)
    (tmp_path / "sys/dev").mkdir()
    (tmp_path / f"sys/dev/{os.major(number)}:{os.minor(number)}").symlink_to(partition)
    return tmp_path / "sys/dev"


def test_the_disk_of_the_root_is_found_by_its_number(devices, tmp_path):
    (tmp_path / "sys/block/mmcblk1/mmcblk1p5/partition").write_text("5\n")
    assert disk.path_of("root", str(tmp_path), str(devices)) == "/dev/mmcblk1"
    assert disk.path_of("/dev/vda", str(tmp_path), "/nowhere") == "/dev/vda"


def test_a_root_on_no_card_is_refused(devices, tmp_path):
    with pytest.raises(SlotError, match="partition of a card"):
        disk.path_of("root", str(tmp_path), str(devices))
    with pytest.raises(SlotError, match="cannot be found"):
        disk.path_of("root", str(tmp_path), str(tmp_path / "none"))
