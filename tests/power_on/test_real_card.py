"""A card on a loop device of this kernel: made, grown, repaired, damaged, for real. Skipped where the kernel grants no loop device."""

import os
import subprocess
import time

import pytest

from appliance.power_on import card, clock, file_systems, folders, memory, mounts, randomness, start
from appliance.power_on.making import Making
from appliance.slots.partition_table import SECTOR_BYTES
from appliance.wifi import links
from tests.power_on.tables import MIB_SECTORS, sfdisk, sfdisk_script

CARD_MIB = 200
SIZES = (8, 4, 4, 8, 8, 16, 32)


def shell(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, **options).stdout.strip()


def _why_not():
    if os.geteuid() != 0:
        return "not root"
    try:
        for program in ("losetup", "partx", "sfdisk", "mke2fs", "e2fsck", "resize2fs"):
            shell("which", program)
        if "ext4" not in open("/proc/filesystems").read():
            return "this kernel has no ext4"
        probe = shell("losetup", "-f")
        return "" if os.path.exists(probe) else "no loop device"
    except (subprocess.CalledProcessError, OSError) as error:
        return str(error)


# The kernel grows a mounted ext4 only for CAP_SYS_RESOURCE, which a container's root may lack.
CAP_SYS_RESOURCE = 24


def _may_grow():
    with open("/proc/self/status") as file:
        return any(line.startswith("CapEff:") and int(line.split()[1], 16) >> CAP_SYS_RESOURCE & 1 for line in file)


may_grow = pytest.mark.skipif(not _may_grow(), reason="this root lacks CAP_SYS_RESOURCE, so the kernel grows no mounted file system")
pytestmark = pytest.mark.skipif(bool(_why_not()), reason=f"no card on a loop device: {_why_not()}")


class LoopCard:
    """A card file behind a loop device whose partitions the kernel knows. disk: its path."""

    def __init__(self, folder):
        self.path, self.disk = folder / "card", None
        script, end = sfdisk_script(SIZES)
        with open(self.path, "wb") as file:
            file.truncate(end * SECTOR_BYTES)
        sfdisk(self.path, script)
        os.truncate(self.path, CARD_MIB << 20)

    def insert(self):
        self.disk = shell("losetup", "-f", "--show", self.path)
        shell("partx", "-a", self.disk)

    def remove(self):
        if self.disk:
            subprocess.run(["partx", "-d", self.disk], capture_output=True)
            shell("losetup", "-d", self.disk)
            self.disk = None

    def partition(self, number):
        return card.partition_path(self.disk, number)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with a card of this test, whose start changes nothing of the real machine but loop devices and two mounts."""
    loop = LoopCard(tmp_path)
    for name in ("STATE", "DATA", "CARD"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(start, name, str(tmp_path / name))
    monkeypatch.setattr(clock, "advance", lambda *arguments: False)
    monkeypatch.setattr(mounts, "mount_cgroups", lambda: None)
    monkeypatch.setattr(mounts, "mount_card", lambda *arguments: None)
    monkeypatch.setattr(memory, "apply_settings", lambda port: None)
    monkeypatch.setattr(folders, "account", lambda: (65534, 65534))
    monkeypatch.setattr(randomness, "add_entropy", lambda seed, bits: None)
    monkeypatch.setattr(links, "set_up", lambda name: None)
    loop.folder = tmp_path
    loop.insert()
    yield loop
    unmount(loop)
    loop.remove()


def unmount(loop):
    for name in ("STATE", "DATA"):
        if os.path.ismount(loop.folder / name):
            shell("umount", loop.folder / name)


def start_once(loop):
    """Troubles of a start."""
    settings = {"disk": loop.disk, "port": 80, "zram_mib": 0}
    settings.update(state_folder=f"{start.STATE}/node", wifi_folder=f"{start.STATE}/wifi")
    begun = start.Start(settings, lambda sentence: None)
    begun.run()
    return [(entry.step, entry.sentence) for entry in begun.troubles]


def restart(loop):
    unmount(loop)
    loop.remove()
    loop.insert()
    return start_once(loop)


def free_mib(folder):
    status = os.statvfs(folder)
    return status.f_blocks * status.f_frsize >> 20


def test_the_first_start_makes_and_grows_and_the_next_keeps(machine):
    assert start_once(machine) == []
    state, data = machine.folder / "STATE", machine.folder / "DATA"
    assert (state / "node").stat().st_uid == 65534 and (state / "wifi").stat().st_mode & 0o777 == 0o700
    used = shell("lsblk", "-bno", "SIZE", machine.partition(8))
    assert int(used) == (CARD_MIB - 8 - sum(SIZES[:6]) - 4) * (1 << 20), "the rest of the card, for the kernel too"
    assert free_mib(data) > 100
    (state / "node/kept").write_text("state")
    (data / "kept").write_text("data")
    before = machine.path.read_bytes()[:512]
    assert start_once(machine) == [], "it may run again"
    assert restart(machine) == []
    assert (state / "node/kept").read_text() == "state" and (data / "kept").read_text() == "data"
    assert machine.path.read_bytes()[:512] == before
    assert "nosuid" in shell("findmnt", "-no", "OPTIONS", data) and "noexec" in shell("findmnt", "-no", "OPTIONS", state)


@may_grow
def test_a_file_system_of_the_image_grows_while_mounted(machine):
    """As flashed: STATE and DATA are made at image-build time."""
    for number in (7, 8):
        shell("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-O", "^orphan_file", machine.partition(number))
    assert not file_systems.wants_growth(machine.partition(8))
    assert start_once(machine) == []
    assert free_mib(machine.folder / "DATA") > 100
    unmount(machine)
    assert not file_systems.wants_growth(machine.partition(8))
    shell("e2fsck", "-fn", machine.partition(8))


@pytest.mark.parametrize("cut", [0, 1, 2, 3])
def test_power_cut_between_the_writes_of_the_table(machine, cut, monkeypatch):
    from appliance.power_on.card import Disk

    written = []
    real = Disk.write

    def write(self, offset, data):
        if len(written) == cut:
            raise KeyboardInterrupt
        written.append(offset)
        real(self, offset, data)

    monkeypatch.setattr(Disk, "write", write)
    if cut < 3:
        with pytest.raises(KeyboardInterrupt):
            start_once(machine)
    monkeypatch.setattr(Disk, "write", real)
    assert restart(machine) == []
    assert free_mib(machine.folder / "DATA") > 100


@may_grow
def test_a_kill_while_it_grows(machine):
    """The process that grows is killed, as by a cut; the next start finishes."""
    shell("mke2fs", "-q", "-t", "ext4", "-b", "4096", machine.partition(8))
    shell("mke2fs", "-q", "-t", "ext4", "-b", "4096", machine.partition(7))
    card.grow_last(machine.disk)
    mounts.mount_ext4(machine.partition(8), start.DATA)
    growing = subprocess.Popen(["resize2fs", machine.partition(8)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.002)
    growing.kill()
    growing.wait()
    assert restart(machine) == [] and free_mib(machine.folder / "DATA") > 100


@pytest.mark.skipif(_may_grow(), reason="the kernel grows what it is asked to")
def test_growth_that_is_refused_is_said_and_harms_nothing(machine):
    shell("mke2fs", "-q", "-t", "ext4", "-b", "4096", machine.partition(8))
    ((step, sentence),) = start_once(machine)
    assert step == "data" and "tried again" in sentence
    assert free_mib(machine.folder / "DATA") in range(20, 33) and file_systems.wants_growth(machine.partition(8))
    unmount(machine)
    shell("e2fsck", "-fn", machine.partition(8))


def spoil(path):
    """Make a file system beyond repair: its super block and the copies are gone, but something is there."""
    with open(path, "r+b") as file:
        file.write(b"\xa5" * (4 << 20))
        file.flush()
        os.fsync(file.fileno())


@pytest.mark.parametrize("number, name", [(7, "STATE"), (8, "DATA")])
def test_what_cannot_be_repaired_is_left_as_it_is(machine, number, name):
    assert start_once(machine) == []
    unmount(machine)
    spoil(machine.partition(number))
    troubles = start_once(machine)
    assert [step for step, _ in troubles] == [name.lower()] and name in troubles[0][1]
    assert not os.path.ismount(machine.folder / name)
    with open(machine.partition(number), "rb") as file:
        assert file.read(4 << 20) == b"\xa5" * (4 << 20), "nothing was made anew over it"


@pytest.mark.parametrize("number, name", [(7, "STATE"), (8, "DATA")])
def test_a_making_that_was_cut_off_is_begun_again(machine, number, name):
    assert start_once(machine) == []
    unmount(machine)
    spoil(machine.partition(number))
    Making(machine.disk, number).begin()
    assert restart(machine) == [] and os.path.ismount(machine.folder / name)
    (machine.folder / name / "kept").write_text("x")
    assert not Making(machine.disk, number).is_begun()
    assert restart(machine) == [] and (machine.folder / name / "kept").read_text() == "x"


def test_what_can_be_repaired_is(machine):
    assert start_once(machine) == []
    (machine.folder / "STATE/node/kept").write_text("x")
    unmount(machine)
    shell("debugfs", "-w", "-R", "set_super_value free_blocks_count 7", machine.partition(7))
    shell("debugfs", "-w", "-R", "set_super_value state 2", machine.partition(7))
    assert start_once(machine) == []
    assert (machine.folder / "STATE/node/kept").read_text() == "x"


def test_a_card_that_does_not_grow_is_not_written(machine):
    assert start_once(machine) == []
    before = os.stat(machine.path).st_mtime_ns
    assert card.grow_last(machine.disk) is False
    os.sync()
    assert machine.path.read_bytes()[:512] and os.stat(machine.path).st_mtime_ns >= before
    assert CARD_MIB * MIB_SECTORS * SECTOR_BYTES == os.stat(machine.path).st_size
