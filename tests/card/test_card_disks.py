"""Which disks may be overwritten, from made-up /sys and /proc trees; and what is found under real paths."""

import os

import pytest

from leither_edge.cli.card_disks import Machine, refusal, size_text
from leither_edge.cli.failure import Failure, UsageError

GB = 10**9


class Tree:
    """A /sys and a /proc to fill."""

    def __init__(self, folder):
        self.sys, self.proc = folder / "sys", folder / "proc"
        (self.sys / "block").mkdir(parents=True)
        (self.proc / "self").mkdir(parents=True)
        self.mounts, self.swaps = [], ["Filename\tType\tSize\tUsed\tPriority"]

    def disk(self, name, number, size=32 * GB, bus="pci0000:00/usb1/1-2", partitions=0, **facts):
        folder = self.sys / "devices" / bus / "block" / name
        (folder / "device").mkdir(parents=True)
        (folder / "slaves").mkdir()
        facts = {"dev": number, "size": size // 512, "ro": 0, "removable": 1, "device/model": "Flash", "device/vendor": "ACME", **facts}
        for file, value in facts.items():
            (folder / file).write_text(f"{value}\n")
        major, minor = number.split(":")
        for part in range(1, partitions + 1):
            child = folder / (f"{name}p{part}" if name[-1].isdigit() else f"{name}{part}")
            (child / "holders").mkdir(parents=True)
            (child / "partition").write_text(f"{part}\n")
            (child / "dev").write_text(f"{major}:{int(minor) + part}\n")
        (self.sys / "block" / name).symlink_to(folder)
        return folder

    def mount(self, number, place, source="/dev/none"):
        self.mounts.append(f"30 1 {number} / {place} rw,relatime shared:1 - ext4 {source} rw")

    def machine(self):
        (self.proc / "self" / "mountinfo").write_text("\n".join(self.mounts) + "\n")
        (self.proc / "swaps").write_text("\n".join(self.swaps) + "\n")
        return Machine(str(self.sys), str(self.proc))

    def one(self, name):
        return next(disk for disk in self.machine().disks() if disk.name == name)


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def code_of(disk, *arguments):
    error = refusal(disk, *arguments)
    return error and error.code


def test_a_card_in_a_usb_reader(tree):
    tree.disk("sdb", "8:16", partitions=2)
    disk = tree.one("sdb")
    assert (disk.path, disk.size, disk.model, disk.kind, disk.device, disk.uses) == ("/dev/sdb", 32 * GB, "ACME Flash", "usb", (8, 16), ())
    assert refusal(disk, 32 * GB) is None and code_of(disk, 32 * GB + 1) == "too-small"


def test_a_card_in_a_slot_and_a_chip(tree):
    tree.disk("mmcblk0", "179:0", bus="platform/mmc_host/mmc0", **{"removable": 0, "device/type": "SD"})
    tree.disk("mmcblk1", "179:8", bus="platform/mmc_host/mmc1", **{"removable": 0, "device/type": "MMC"})
    tree.disk("mmcblk1boot0", "179:16", bus="platform/mmc_host/mmc1", removable=0)
    assert [disk.name for disk in tree.machine().disks()] == ["mmcblk0", "mmcblk1"]
    assert tree.one("mmcblk0").kind == "sd" and refusal(tree.one("mmcblk0")) is None
    chip = tree.one("mmcblk1")
    assert code_of(chip) == "not-removable" and refusal(chip, 0, True) is None


def test_what_the_kernel_makes_itself_is_not_offered(tree):
    for number, name in enumerate(("loop0", "ram0", "zram0", "dm-0", "md127", "sr0", "nvme0n1", "sdc")):
        tree.disk(name, f"9:{number * 16}")
    assert [disk.name for disk in tree.machine().disks()] == ["sdc"]


@pytest.mark.parametrize(
    ("facts", "expected", "really"),
    [
        ({"size": 0}, "no-card", True),
        ({"ro": 1}, "read-only", True),
        ({"size": 2000 * GB}, "large", False),
        ({"bus": "pci0000:00/ata1", "removable": 0}, "not-removable", False),
        ({"bus": "pci0000:00/ata1"}, None, False),
    ],
)
def test_refusals(tree, facts, expected, really):
    tree.disk("sdb", "8:16", **facts)
    machine = tree.machine()
    disk = machine._disk("sdb", "/dev/sdb")
    assert code_of(disk) == expected
    assert code_of(disk, 0, True) == (expected if really else None)


@pytest.mark.parametrize("really", [False, True])
def test_a_mounted_partition(tree, really):
    tree.disk("sdb", "8:16", partitions=2)
    tree.mount("8:18", r"/media/my\040card")
    error = refusal(tree.one("sdb"), 0, really)
    assert error.code == "in-use" and "/dev/sdb2 is mounted at /media/my card" in error.why and error.fix.endswith("umount /dev/sdb2")


def test_mounted_under_an_anonymous_number(tree):
    tree.disk("sdb", "8:16", partitions=1)
    tree.mount("0:45", "/media/butter", "/dev/sdb1")
    assert code_of(tree.one("sdb"), 0, True) == "in-use"


def test_the_whole_disk_mounted_and_swap(tree):
    tree.disk("sdb", "8:16")
    tree.disk("sdc", "8:32", partitions=1)
    tree.mount("8:16", "/mnt")
    tree.swaps.append("/dev/sdc1                               partition\t8388604\t0\t-2")
    assert code_of(tree.one("sdb"), 0, True) == "in-use"
    error = refusal(tree.one("sdc"), 0, True)
    assert error.code == "in-use" and "swap" in error.why


def test_the_system_below_two_volumes(tree):
    """An encrypted volume on a RAID on a partition: the disk at the bottom is the system's."""
    disk = tree.disk("sdb", "8:16", partitions=1)
    raid, crypt = tree.disk("md0", "9:0"), tree.disk("dm-0", "253:0")
    (crypt / "dm").mkdir()
    (crypt / "dm" / "name").write_text("secret-root\n")
    (raid / "slaves" / "sdb1").symlink_to(disk / "sdb1")
    (crypt / "slaves" / "md0").symlink_to(raid)
    (disk / "sdb1" / "holders" / "md0").symlink_to(raid)
    tree.mount("253:0", "/")
    found = tree.one("sdb")
    assert found.system and code_of(found, 0, True) == "system-disk" and "dm-0 is mounted at /" in refusal(found).why


def test_a_volume_that_is_not_mounted(tree):
    disk, crypt = tree.disk("sdb", "8:16", partitions=1), tree.disk("dm-0", "253:0")
    (crypt / "dm").mkdir()
    (crypt / "dm" / "name").write_text("backup\n")
    (disk / "sdb1" / "holders" / "dm-0").symlink_to(crypt)
    error = refusal(tree.one("sdb"), 0, True)
    assert error.code == "in-use" and "/dev/sdb1 is part of the volume backup" in error.why


def test_volumes_that_stand_on_each_other_end(tree):
    one, two = tree.disk("dm-0", "253:0"), tree.disk("dm-1", "253:1")
    (one / "slaves" / "dm-1").symlink_to(two)
    (two / "slaves" / "dm-0").symlink_to(one)
    tree.mount("253:0", "/")
    assert tree.machine().disks() == []


def test_a_name_from_hardware_is_cleaned(tree):
    tree.disk("sdb", "8:16", **{"device/model": "Evil\x1b[2J", "device/vendor": ""})
    assert "\x1b" not in tree.one("sdb").model


def test_without_proc_nothing_is_offered(tmp_path):
    (tmp_path / "sys" / "block").mkdir(parents=True)
    with pytest.raises(Failure, match="cannot be read"):
        Machine(str(tmp_path / "sys"), str(tmp_path / "none"))


def test_sizes():
    assert [size_text(size) for size in (0, 999, 1000, 31_914_983_424, 123 * GB, 2_000_398_934_016, 5 * 10**16)] == [
        "0 bytes", "999 bytes", "1.0 kB", "31.9 GB", "123 GB", "2.0 TB", "50000 TB",
    ]  # fmt: skip


def test_paths_that_are_no_disks(tmp_path):
    with pytest.raises(UsageError, match="cannot be found"):
        Machine().find(str(tmp_path / "none"))
    for path in (tmp_path, "/dev/null"):
        with pytest.raises(UsageError, match="is not a disk"):
            Machine().find(str(path))
    (tmp_path / "file").write_bytes(bytes(5))
    disk = Machine().find(str(tmp_path / "file"))
    assert (disk.kind, disk.size, code_of(disk), code_of(disk, 5, True), code_of(disk, 6, True)) == ("file", 5, "file", None, "too-small")


def test_a_real_disk(loop):
    disk = Machine().find(loop)
    assert disk.size == 14 << 20 and disk.device == (7, os.minor(os.stat(loop).st_rdev))
    assert code_of(disk) == "not-removable" and refusal(disk, 0, True) is None
